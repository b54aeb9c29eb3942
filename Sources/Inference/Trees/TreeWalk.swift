// SPDX-License-Identifier: Apache-2.0

/// Eight walks side by side, as eight pointers to nodes.
///
/// A step waits for two loads of which one depends on the other; eight independent walks keep the core busy
/// (3,680 ns a row against 10,800 one at a time for 500 trees of depth 8). The comparison becomes a number
/// by a bit cast, because `? 1 : 0` compiles to a branch that is mispredicted half the time (5,554 ns).
@unsafe struct TreeWalk<Node: TreeNode> {
    var node0: UnsafePointer<Node>
    var node1: UnsafePointer<Node>
    var node2: UnsafePointer<Node>
    var node3: UnsafePointer<Node>
    var node4: UnsafePointer<Node>
    var node5: UnsafePointer<Node>
    var node6: UnsafePointer<Node>
    var node7: UnsafePointer<Node>

    /// Trees that are at most so deep are walked in as many steps as their deepest leaf; deeper ones until
    /// all eight walks have arrived, which is looked at every four steps.
    @safe static var fixedDepthMax: Int { 8 }

    @inline(__always) static func step(
        _ node: UnsafePointer<Node>, _ row: UnsafePointer<Node.Value>
    ) -> UnsafePointer<Node> {
        // Safe because the builder made every offset lead to a node of the same tree, every slot lie in the
        // row. A Bool is one byte that holds 0 or 1.
        let passes = unsafe row[node.pointee.place] <= node.pointee.threshold
        let one = Int(unsafe unsafeBitCast(passes, to: UInt8.self))
        return unsafe node + (node.pointee.offset &+ one)
    }

    /// Eight rows down one tree; `rows` points at eight interleaved rows.
    @inline(__always) mutating func stepRows(_ rows: UnsafePointer<Node.Value>) {
        // Safe because `step` is.
        unsafe node0 = Self.step(node0, rows)
        unsafe node1 = Self.step(node1, rows + 1)
        unsafe node2 = Self.step(node2, rows + 2)
        unsafe node3 = Self.step(node3, rows + 3)
        unsafe node4 = Self.step(node4, rows + 4)
        unsafe node5 = Self.step(node5, rows + 5)
        unsafe node6 = Self.step(node6, rows + 6)
        unsafe node7 = Self.step(node7, rows + 7)
    }

    /// One row down eight trees; `row` points at its lane of eight interleaved rows.
    @inline(__always) mutating func stepTrees(_ row: UnsafePointer<Node.Value>) {
        // Safe because `step` is.
        unsafe node0 = Self.step(node0, row)
        unsafe node1 = Self.step(node1, row)
        unsafe node2 = Self.step(node2, row)
        unsafe node3 = Self.step(node3, row)
        unsafe node4 = Self.step(node4, row)
        unsafe node5 = Self.step(node5, row)
        unsafe node6 = Self.step(node6, row)
        unsafe node7 = Self.step(node7, row)
    }

    /// Where the walks stand, counted from `nodes`.
    @inline(__always) func indices(from nodes: UnsafePointer<Node>) -> SIMD8<Int> {
        // Safe because pointers into one array are subtracted, not followed.
        unsafe SIMD8(
            node0 - nodes, node1 - nodes, node2 - nodes, node3 - nodes, node4 - nodes, node5 - nodes,
            node6 - nodes, node7 - nodes)
    }

    /// True when no walk has moved since `earlier`: only on a leaf a step leads nowhere.
    @inline(__always) func stands(since earlier: TreeWalk<Node>) -> Bool {
        // Safe because pointers are compared, not followed.
        let low = unsafe node0 == earlier.node0 && node1 == earlier.node1 && node2 == earlier.node2
        let middle = unsafe node3 == earlier.node3 && node4 == earlier.node4 && node5 == earlier.node5
        let high = unsafe node6 == earlier.node6 && node7 == earlier.node7
        return low && middle && high
    }

    /// Eight rows to their leaves in one tree.
    @inline(__always) static func rows(
        _ rows: UnsafePointer<Node.Value>, root: UnsafePointer<Node>, depth: Int
    ) -> TreeWalk<Node> {
        // Safe because `stepRows` is; the deepest leaf below `root` is `depth` steps away.
        var walk = unsafe TreeWalk(
            node0: root, node1: root, node2: root, node3: root, node4: root, node5: root, node6: root,
            node7: root)
        var left = depth
        if left > fixedDepthMax {
            while left > 0 {
                unsafe walk.stepRows(rows)
                unsafe walk.stepRows(rows)
                unsafe walk.stepRows(rows)
                let earlier = unsafe walk
                unsafe walk.stepRows(rows)
                let stands = unsafe walk.stands(since: earlier)
                if stands { break }
                left &-= 4
            }
        } else {
            while left > 0 {
                unsafe walk.stepRows(rows)
                left &-= 1
            }
        }
        return unsafe walk
    }

    /// One row to its leaves in the eight trees on whose roots `walk` stands; `depth` is the largest of
    /// theirs.
    @inline(__always) static func trees(
        _ row: UnsafePointer<Node.Value>, from roots: TreeWalk<Node>, depth: Int
    ) -> TreeWalk<Node> {
        // Safe because `stepTrees` is.
        var walk = unsafe roots
        var left = depth
        if left > fixedDepthMax {
            while left > 0 {
                unsafe walk.stepTrees(row)
                unsafe walk.stepTrees(row)
                unsafe walk.stepTrees(row)
                let earlier = unsafe walk
                unsafe walk.stepTrees(row)
                let stands = unsafe walk.stands(since: earlier)
                if stands { break }
                left &-= 4
            }
        } else {
            while left > 0 {
                unsafe walk.stepTrees(row)
                left &-= 1
            }
        }
        return unsafe walk
    }
}
