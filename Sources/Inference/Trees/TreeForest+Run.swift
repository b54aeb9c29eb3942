// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

extension TreeForest {
    static var blockRows: Int { TreeSlots.blockRows }

    /// As few rows left over from groups of eight go one by one, eight trees at a time.
    static var singleRowsMax: Int { 6 }

    /// `rows` has shape [rowCount, inputCount], `margins` [rowCount, outputs], and so have `rowMargins`, what
    /// the request gives its rows to start from, unless they are empty. The other two are memory to work in.
    ///
    /// A row's leaves are added in the order of the trees, whichever way it goes.
    func run(
        _ rows: Span<Node.Value>, rowCount: Int, rowMargins: Span<Sum>,
        into margins: inout MutableSpan<Sum>, gathered: inout [Node.Value], sums: inout [Sum]
    ) {
        let outputs = total.baseMargins.count
        precondition(rows.count == rowCount * inputCount, "the rows have another width than the model")
        precondition(margins.count == rowCount * outputs, "one margin a row and output")
        precondition(
            rowMargins.isEmpty || rowMargins.count == margins.count,
            "one margin to start from a row and output")
        let block = min((rowCount + 7) / 8 * 8, Self.blockRows)
        let sumCount = block * outputs
        if sums.count < sumCount { sums = Array(repeating: 0, count: sumCount) }

        var first = 0
        while first < rowCount {
            let count = min(Self.blockRows, rowCount - first)
            let inputs = rows.extracting(first * inputCount..<(first + count) * inputCount)
            gatherBlock(inputs, rowCount: count, into: &gathered)
            total.begin(
                &sums, blockRows: block, rowMargins: rowMargins, rows: first..<first + count)
            addLeaves(gathered.span, inputs, rowCount: count, blockRows: block, to: &sums)
            total.finish(
                sums, blockRows: block, rowMargins: rowMargins, rows: first..<first + count, into: &margins)
            first += count
        }
    }

    /// Copies the slots of up to `blockRows` rows.
    func gatherBlock(
        _ inputs: Span<Node.Value>, rowCount: Int, into gathered: inout [Node.Value]
    ) {
        slots.gather(inputs, rowCount: rowCount, inputCount: inputCount, into: &gathered)
    }

    /// Adds the leaves of `rowCount` gathered rows to `sums`, of shape [outputs, blockRows]; `inputs` are the
    /// rows as they came.
    private func addLeaves(
        _ gathered: Span<Node.Value>, _ inputs: Span<Node.Value>, rowCount: Int, blockRows: Int,
        to sums: inout [Sum]
    ) {
        guard !trees.isEmpty else { return }
        // Safe because the builder checked every index: a root, offset and slot never leaves its array, a
        // group is below the number of outputs; `run` sized both memories for `blockRows` rows, a multiple of
        // eight.
        unsafe gathered.withUnsafeBufferPointer { gathered in
            unsafe sums.withUnsafeMutableBufferPointer { sums in
                unsafe nodes.withUnsafeBufferPointer { nodes in
                    unsafe leaves.values.withUnsafeBufferPointer { leafValues in
                        guard let gathered = gathered.baseAddress, let sums = sums.baseAddress,
                            let nodes = nodes.baseAddress, let leafValues = leafValues.baseAddress
                        else { return }
                        var whole = rowCount / 8 * 8
                        if rowCount - whole > Self.singleRowsMax { whole += 8 }
                        if !leaves.indices.isEmpty {
                            unsafe addManifoldLeaves(rowCount, gathered, nodes, inputs, sums, blockRows)
                            return
                        }
                        if whole > 0 {
                            unsafe addRows(whole, gathered, nodes, leafValues, sums, blockRows)
                        }
                        var row = whole
                        while row < rowCount {
                            let lane = unsafe gathered + (row / 8 * 8 * slots.strideCount + row % 8)
                            unsafe addTrees(lane, nodes, leafValues, sums + row, blockRows)
                            row += 1
                        }
                    }
                }
            }
        }
    }

    /// Many rows: tree by tree, eight rows in flight.
    private func addRows(
        _ rowCount: Int, _ gathered: UnsafePointer<Node.Value>, _ nodes: UnsafePointer<Node>,
        _ leafValues: UnsafePointer<Sum>, _ sums: UnsafeMutablePointer<Sum>, _ blockRows: Int
    ) {
        // Safe because only `addLeaves` calls it, with the pointers that it has checked.
        let groupStride = 8 * slots.strideCount
        let trees = trees.span
        for index in trees.indices {
            let tree = trees[index]
            let root = unsafe nodes + tree.start
            var rows = unsafe gathered
            var target = unsafe sums + tree.group * blockRows
            let end = unsafe target + rowCount
            while unsafe target < end {
                let walk = unsafe TreeWalk.rows(rows, root: root, depth: tree.depth)
                unsafe target[0] += leafValues[walk.node0 - nodes]
                unsafe target[1] += leafValues[walk.node1 - nodes]
                unsafe target[2] += leafValues[walk.node2 - nodes]
                unsafe target[3] += leafValues[walk.node3 - nodes]
                unsafe target[4] += leafValues[walk.node4 - nodes]
                unsafe target[5] += leafValues[walk.node5 - nodes]
                unsafe target[6] += leafValues[walk.node6 - nodes]
                unsafe target[7] += leafValues[walk.node7 - nodes]
                unsafe target += 8
                unsafe rows += groupStride
            }
        }
    }

    /// One row: eight trees in flight, their leaves added in the order of the trees.
    private func addTrees(
        _ row: UnsafePointer<Node.Value>, _ nodes: UnsafePointer<Node>, _ leafValues: UnsafePointer<Sum>,
        _ sums: UnsafeMutablePointer<Sum>, _ blockRows: Int
    ) {
        // Safe because only `addLeaves` calls it, with the pointers that it has checked.
        let trees = trees.span
        let last = trees.count &- 1
        var index = 0
        while index <= last {
            let tree0 = trees[index]
            let tree1 = trees[min(index &+ 1, last)]
            let tree2 = trees[min(index &+ 2, last)]
            let tree3 = trees[min(index &+ 3, last)]
            let tree4 = trees[min(index &+ 4, last)]
            let tree5 = trees[min(index &+ 5, last)]
            let tree6 = trees[min(index &+ 6, last)]
            let tree7 = trees[min(index &+ 7, last)]
            let roots = unsafe TreeWalk(
                node0: nodes + tree0.start, node1: nodes + tree1.start, node2: nodes + tree2.start,
                node3: nodes + tree3.start, node4: nodes + tree4.start, node5: nodes + tree5.start,
                node6: nodes + tree6.start, node7: nodes + tree7.start)
            let depth = max(
                max(max(tree0.depth, tree1.depth), max(tree2.depth, tree3.depth)),
                max(max(tree4.depth, tree5.depth), max(tree6.depth, tree7.depth)))
            let walk = unsafe TreeWalk.trees(row, from: roots, depth: depth)
            unsafe sums[tree0.group &* blockRows] += leafValues[walk.node0 - nodes]
            if index &+ 1 <= last { unsafe sums[tree1.group &* blockRows] += leafValues[walk.node1 - nodes] }
            if index &+ 2 <= last { unsafe sums[tree2.group &* blockRows] += leafValues[walk.node2 - nodes] }
            if index &+ 3 <= last { unsafe sums[tree3.group &* blockRows] += leafValues[walk.node3 - nodes] }
            if index &+ 4 <= last { unsafe sums[tree4.group &* blockRows] += leafValues[walk.node4 - nodes] }
            if index &+ 5 <= last { unsafe sums[tree5.group &* blockRows] += leafValues[walk.node5 - nodes] }
            if index &+ 6 <= last { unsafe sums[tree6.group &* blockRows] += leafValues[walk.node6 - nodes] }
            if index &+ 7 <= last { unsafe sums[tree7.group &* blockRows] += leafValues[walk.node7 - nodes] }
            index &+= 8
        }
    }
}
