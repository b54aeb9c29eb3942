// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

// The walks. Eight run side by side because a step waits for two loads that depend on each other; eight keep the
// core busy (measured: 3,680 ns a row against 10,800 one at a time, 500 trees of depth 8). The comparison becomes
// an index by a bit cast, because `? 1 : 0` compiles to a branch that mispredicts (5,554 ns).
extension TreeForest {
    /// Rows whose slots are gathered at a time: small enough to stay in the first cache beside a tree.
    static var blockRows: Int { 64 }

    /// `rows` has shape [rowCount, inputCount], `margins` [rowCount, groups].
    func run(
        _ rows: Span<Float>, rowCount: Int, into margins: inout MutableSpan<Float>,
        gathered: inout [Float]
    ) {
        precondition(rows.count == rowCount * inputCount, "the rows have another width than the model")
        precondition(margins.count == rowCount * baseMargins.count, "one margin a row and group")
        let stride = max(slots.count, 1)
        let needed = min((rowCount + 7) / 8 * 8, Self.blockRows) * stride
        if gathered.count < needed { gathered = Array(repeating: 0, count: needed) }
        // Safe because the builder checked every index: a slot is below `slots.count`, a feature below
        // `inputCount`, a base and its neighbour inside the tree, a group below `baseMargins.count`; the
        // preconditions and `needed` above give the blocks their sizes.
        unsafe rows.withUnsafeBufferPointer { rows in
            unsafe margins.withUnsafeMutableBufferPointer { margins in
                unsafe gathered.withUnsafeMutableBufferPointer { gathered in
                    unsafe nodes.withUnsafeBufferPointer { nodes in
                        unsafe leafValues.withUnsafeBufferPointer { leafValues in
                            guard let rows = rows.baseAddress, let margins = margins.baseAddress,
                                let gathered = gathered.baseAddress
                            else { return }
                            let walk = unsafe Walk(
                                nodes: nodes.baseAddress, leafValues: leafValues.baseAddress,
                                gathered: gathered, stride: stride)
                            unsafe run(walk, rows, rowCount, margins)
                        }
                    }
                }
            }
        }
    }

    /// What a walk reads, as the pointers that it runs on; lives only inside `run`.
    @unsafe private struct Walk {
        let nodes: UnsafePointer<Node>?
        let leafValues: UnsafePointer<Float>?
        let gathered: UnsafeMutablePointer<Float>
        let stride: Int
    }

    // Safe because only `run` above calls it, with pointers to memory of the sizes that it has checked.
    private func run(
        _ walk: Walk, _ rows: UnsafePointer<Float>, _ rowCount: Int, _ margins: UnsafeMutablePointer<Float>
    ) {
        let groups = baseMargins.count
        var first = 0
        while first < rowCount {
            let count = min(Self.blockRows, rowCount - first)
            let blockMargins = unsafe margins + first * groups
            for row in 0..<count {
                unsafe gather(rows + (first + row) * inputCount, into: walk.gathered + row * walk.stride)
                for group in 0..<groups { unsafe blockMargins[row * groups + group] = baseMargins[group] }
            }
            // TODO
            for row in 0..<count {
                for tree in trees {
                    var index = 0
                    let nodes = unsafe walk.nodes! + tree.start
                    for _ in 0..<tree.depth {
                        let node = unsafe nodes[index]
                        index =
                            unsafe node.baseIndex
                            + (walk.gathered[row * walk.stride + node.slotIndex] <= node.threshold ? 1 : 0)
                    }
                    unsafe blockMargins[row * groups + tree.group] += walk.leafValues![tree.start + index]
                }
            }
            first += count
        }
    }

    // Safe because the builder checked every slot's feature against `inputCount`, the length of the row.
    @inline(__always) private func gather(
        _ row: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>
    ) {
        let slots = slots.span
        for index in slots.indices {
            let slot = slots[index]
            let bits = unsafe row[Int(slot.feature)].bitPattern
            unsafe target[index] = Float(bitPattern: bits ^ slot.signMask)
        }
    }
}
