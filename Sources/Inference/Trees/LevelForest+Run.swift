// SPDX-License-Identifier: Apache-2.0

extension LevelForest {
    /// As few rows left over from groups of eight go one by one, eight trees at a time.
    private static var singleRowsMax: Int { 6 }

    /// `rows` has shape [rowCount, inputCount], `margins` [rowCount, outputs], and so have `rowMargins`, what
    /// the request gives its rows to start from, unless they are empty. The other two are memory to work in.
    ///
    /// A row's leaves are added in the order of the trees, whichever way it goes.
    func run(
        _ rows: Span<Value>, rowCount: Int, rowMargins: Span<Sum>,
        into margins: inout MutableSpan<Sum>, gathered: inout [Value], sums: inout [Sum]
    ) {
        let outputs = total.baseMargins.count
        precondition(rows.count == rowCount * inputCount, "the rows have another width than the model")
        precondition(margins.count == rowCount * outputs, "one margin a row and output")
        precondition(
            rowMargins.isEmpty || rowMargins.count == margins.count,
            "one margin to start from a row and output")
        let block = min((rowCount + 7) / 8 * 8, TreeSlots.blockRows)
        let sumCount = block * outputs
        if sums.count < sumCount { sums = Array(repeating: 0, count: sumCount) }
        var first = 0
        while first < rowCount {
            let count = min(TreeSlots.blockRows, rowCount - first)
            slots.gather(
                rows.extracting(first * inputCount..<(first + count) * inputCount), rowCount: count,
                inputCount: inputCount, into: &gathered)
            total.begin(
                &sums, blockRows: block, rowMargins: rowMargins, rows: first..<first + count)
            addLeaves(gathered, rowCount: count, blockRows: block, to: &sums)
            total.finish(
                sums, blockRows: block, rowMargins: rowMargins, rows: first..<first + count, into: &margins)
            first += count
        }
    }

    /// Adds the leaves of `rowCount` gathered rows to `sums`, of shape [outputs, blockRows].
    private func addLeaves(_ gathered: [Value], rowCount: Int, blockRows: Int, to sums: inout [Sum]) {
        // Safe because the builder made every level whole and every place lie in a gathered row, a group is
        // below the number of outputs, and `run` sized both memories for `blockRows` rows, a multiple of
        // eight.
        unsafe gathered.withUnsafeBufferPointer { gathered in
            unsafe sums.withUnsafeMutableBufferPointer { sums in
                unsafe thresholds.withUnsafeBufferPointer { thresholds in
                    unsafe places.withUnsafeBufferPointer { places in
                        unsafe leaves.withUnsafeBufferPointer { leaves in
                            guard let gathered = gathered.baseAddress, let sums = sums.baseAddress,
                                let leaves = leaves.baseAddress
                            else { return }
                            // Trees of one leaf have no levels, and nothing is read there.
                            let levels = unsafe Levels(
                                thresholds: thresholds.baseAddress ?? gathered,
                                places: places.baseAddress, leaves: leaves)
                            var whole = rowCount / 8 * 8
                            if rowCount - whole > Self.singleRowsMax { whole += 8 }
                            if whole > 0 { unsafe addRows(whole, gathered, levels, sums, blockRows) }
                            for row in whole..<max(rowCount, whole) {
                                let lane = unsafe gathered + (row / 8 * 8 * slots.strideCount + row % 8)
                                unsafe addTrees(lane, levels, sums + row, blockRows)
                            }
                        }
                    }
                }
            }
        }
    }

    @unsafe private struct Levels {
        var thresholds: UnsafePointer<Value>
        var places: UnsafePointer<UInt16>?
        var leaves: UnsafePointer<Sum>
    }

    /// Many rows: tree by tree, eight rows in flight.
    private func addRows(
        _ rowCount: Int, _ gathered: UnsafePointer<Value>, _ levels: Levels,
        _ sums: UnsafeMutablePointer<Sum>, _ blockRows: Int
    ) {
        // Safe because only `addLeaves` calls it, with the pointers that it has checked.
        let groupStride = 8 * slots.strideCount
        let (depth, treeCount) = (depth, treeCount)
        let groups = groups.span
        let leaves = unsafe levels.leaves
        for tree in groups.indices {
            var rows = unsafe gathered
            var target = unsafe sums + Int(groups[tree]) &* blockRows
            let end = unsafe target + rowCount
            while unsafe target < end {
                var walk = unsafe LevelWalk<Value>(tree: tree)
                if let places = unsafe levels.places {
                    unsafe walk.walk(
                        rows, laneStride: 1, depth: depth, treeCount: treeCount, levels.thresholds, places)
                }
                unsafe target[0] += leaves[walk.index0]
                unsafe target[1] += leaves[walk.index1]
                unsafe target[2] += leaves[walk.index2]
                unsafe target[3] += leaves[walk.index3]
                unsafe target[4] += leaves[walk.index4]
                unsafe target[5] += leaves[walk.index5]
                unsafe target[6] += leaves[walk.index6]
                unsafe target[7] += leaves[walk.index7]
                unsafe target += 8
                unsafe rows += groupStride
            }
        }
    }

    /// One row: eight trees in flight, their leaves added in the order of the trees.
    private func addTrees(
        _ row: UnsafePointer<Value>, _ levels: Levels, _ sums: UnsafeMutablePointer<Sum>, _ blockRows: Int
    ) {
        // Safe because only `addLeaves` calls it, with the pointers that it has checked.
        let groups = groups.span
        let (depth, treeCount) = (depth, treeCount)
        let leaves = unsafe levels.leaves
        let isSingle = total.baseMargins.count == 1
        var index = 0
        while index < treeCount {
            var walk = unsafe LevelWalk<Value>(first: index, last: treeCount &- 1)
            if let places = unsafe levels.places {
                unsafe walk.walk(
                    row, laneStride: 0, depth: depth, treeCount: treeCount, levels.thresholds, places)
            }
            if isSingle && index &+ 8 <= treeCount {
                var sum = unsafe sums[0] + leaves[walk.index0]
                unsafe sum += leaves[walk.index1]
                unsafe sum += leaves[walk.index2]
                unsafe sum += leaves[walk.index3]
                unsafe sum += leaves[walk.index4]
                unsafe sum += leaves[walk.index5]
                unsafe sum += leaves[walk.index6]
                unsafe sum += leaves[walk.index7]
                unsafe sums[0] = sum
            } else {
                let ends = unsafe SIMD8(
                    walk.index0, walk.index1, walk.index2, walk.index3, walk.index4, walk.index5, walk.index6,
                    walk.index7)
                for tree in index..<min(index &+ 8, treeCount) {
                    unsafe sums[Int(groups[tree]) &* blockRows] += leaves[ends[tree &- index]]
                }
            }
            index &+= 8
        }
    }
}
