// SPDX-License-Identifier: Apache-2.0

extension TreeForest {
    /// What the leaves that each row reaches are called: `numbers` has the shape [rowCount, trees].
    func findLeaves(
        _ rows: Span<Node.Value>, rowCount: Int, into numbers: inout MutableSpan<Double>,
        gathered: inout [Node.Value]
    ) {
        precondition(numbers.count == rowCount * trees.count, "one number a row and tree")
        var first = 0
        while first < rowCount {
            let count = min(Self.blockRows, rowCount - first)
            gatherBlock(
                rows.extracting(first * inputCount..<(first + count) * inputCount), rowCount: count,
                into: &gathered)
            // Safe because the builder checked offsets and slots, and `gatherBlock` made whole groups of
            // eight.
            unsafe gathered.withUnsafeBufferPointer { gathered in
                unsafe nodes.withUnsafeBufferPointer { nodes in
                    guard let gathered = gathered.baseAddress, let nodes = nodes.baseAddress else { return }
                    for group in stride(from: 0, to: count, by: 8) {
                        let lanes = unsafe gathered + group * slots.strideCount
                        for tree in trees.indices {
                            let root = unsafe nodes + trees[tree].start
                            let walk = unsafe TreeWalk.rows(lanes, root: root, depth: trees[tree].depth)
                            let ends = unsafe walk.indices(from: nodes)
                            for lane in 0..<min(8, count - group) {
                                let row = first + group + lane
                                numbers[row * trees.count + tree] = Double(leaves.numbers[ends[lane]])
                            }
                        }
                    }
                }
            }
            first += count
        }
    }
}
