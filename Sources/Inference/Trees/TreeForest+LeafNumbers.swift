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
                        let laneCount = min(8, count - group)
                        if laneCount > Self.singleRowsMax {
                            unsafe findLeaves(lanes, laneCount, nodes, firstRow: first + group, &numbers)
                        } else {
                            for lane in 0..<laneCount {
                                unsafe findLeaves(lanes + lane, nodes, row: first + group + lane, &numbers)
                            }
                        }
                    }
                }
            }
            first += count
        }
    }

    /// Many rows: tree by tree, eight rows in flight.
    private func findLeaves(
        _ rows: UnsafePointer<Node.Value>, _ rowCount: Int, _ nodes: UnsafePointer<Node>, firstRow: Int,
        _ numbers: inout MutableSpan<Double>
    ) {
        for tree in trees.indices {
            // Safe because only the other `findLeaves` calls it, with pointers that it has checked.
            let walk = unsafe TreeWalk.rows(rows, root: nodes + trees[tree].start, depth: trees[tree].depth)
            let ends = unsafe walk.indices(from: nodes)
            for lane in 0..<rowCount {
                numbers[(firstRow + lane) * trees.count + tree] = Double(leaves.numbers[ends[lane]])
            }
        }
    }

    /// One row: eight trees in flight.
    private func findLeaves(
        _ lane: UnsafePointer<Node.Value>, _ nodes: UnsafePointer<Node>, row: Int,
        _ numbers: inout MutableSpan<Double>
    ) {
        let last = trees.count - 1
        for index in stride(from: 0, through: last, by: 8) {
            // Safe because every tree starts inside the nodes, which no pointer leaves: the builder
            // has checked, and only the other `findLeaves` calls this one.
            func root(_ offset: Int) -> UnsafePointer<Node> {
                unsafe nodes + trees[min(index + offset, last)].start
            }
            // Safe because `root` is.
            let roots = unsafe TreeWalk(
                node0: root(0), node1: root(1), node2: root(2), node3: root(3), node4: root(4),
                node5: root(5), node6: root(6), node7: root(7))
            var depth = 0
            for tree in index...min(index + 7, last) { depth = max(depth, trees[tree].depth) }
            // Safe because only the other `findLeaves` calls it, with pointers that it has checked.
            let walk = unsafe TreeWalk.trees(lane, from: roots, depth: depth)
            let ends = unsafe walk.indices(from: nodes)
            for offset in 0...min(7, last - index) {
                numbers[row * trees.count + index + offset] = Double(leaves.numbers[ends[offset]])
            }
        }
    }
}
