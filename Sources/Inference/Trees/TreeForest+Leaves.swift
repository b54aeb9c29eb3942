// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Leaves that are more than a number: vectors, and linear functions of the row.
extension TreeForest {
    /// Tree by tree, eight rows in flight whatever their number: what a leaf adds costs more than the way to
    /// it.
    func addManifoldLeaves(
        _ rowCount: Int, _ gathered: UnsafePointer<Node.Value>, _ nodes: UnsafePointer<Node>,
        _ inputs: Span<Node.Value>, _ sums: UnsafeMutablePointer<Sum>, _ blockRows: Int
    ) {
        // Safe because only `addLeaves` calls it, with the pointers that it has checked; a lane beyond
        // `rowCount` is walked and not added.
        let groupStride = 8 * slots.strideCount
        let trees = trees.span
        for index in trees.indices {
            let tree = trees[index]
            var row = 0
            while row < rowCount {
                let rows = unsafe gathered + row / 8 * groupStride
                let walk = unsafe TreeWalk.rows(rows, root: nodes + tree.start, depth: tree.depth)
                let ends = unsafe walk.indices(from: nodes)
                for lane in 0..<min(8, rowCount - row) {
                    let input = inputs.extracting(
                        (row + lane) * inputCount..<(row + lane + 1) * inputCount)
                    unsafe addLeaf(ends[lane], tree.group, input, sums + row + lane, blockRows)
                }
                row += 8
            }
        }
    }

    @inline(__always) private func addLeaf(
        _ node: Int, _ group: Int, _ input: Span<Node.Value>, _ sums: UnsafeMutablePointer<Sum>,
        _ blockRows: Int
    ) {
        let leaf = Int(leaves.indices[node])
        if let linear = leaves.linear {
            // Safe because the group is that of a tree.
            unsafe sums[group * blockRows] += linearValue(linear, leaf, input) ?? leaves.values[node]
            return
        }
        let outputs = total.baseMargins.count
        for output in 0..<outputs {
            // Safe because there are as many sums as outputs.
            unsafe sums[output * blockRows] += leaves.vectors[leaf * outputs + output]
        }
    }

    /// Nil when one of the features is missing.
    private func linearValue(_ linear: LinearLeaves, _ leaf: Int, _ input: Span<Node.Value>) -> Sum? {
        var sum = linear.constants[leaf]
        for term in Int(linear.starts[leaf])..<Int(linear.starts[leaf + 1]) {
            let value = input[Int(linear.features[term])]
            if value.isNaN { return nil }
            sum += linear.coefficients[term] * Double(value)
        }
        return Sum(sum)
    }
}
