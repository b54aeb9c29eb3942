// SPDX-License-Identifier: Apache-2.0

/// Eight walks side by side down the levels of a `LevelForest`, as eight indices into the level that they
/// have reached.
@unsafe struct LevelWalk<Value: TreeValue> {
    var index0: Int
    var index1: Int
    var index2: Int
    var index3: Int
    var index4: Int
    var index5: Int
    var index6: Int
    var index7: Int

    /// Eight rows at the root of `tree`.
    @inline(__always) init(tree: Int) {
        // Safe because these are numbers; what they lead to is checked where they are followed.
        (unsafe index0, unsafe index1, unsafe index2, unsafe index3) = (tree, tree, tree, tree)
        (unsafe index4, unsafe index5, unsafe index6, unsafe index7) = (tree, tree, tree, tree)
    }

    /// One row at the roots of eight trees from `first` on, none beyond `last`.
    @inline(__always) init(first: Int, last: Int) {
        // Safe because these are numbers; what they lead to is checked where they are followed.
        unsafe index0 = first
        unsafe index1 = min(first &+ 1, last)
        unsafe index2 = min(first &+ 2, last)
        unsafe index3 = min(first &+ 3, last)
        unsafe index4 = min(first &+ 4, last)
        unsafe index5 = min(first &+ 5, last)
        unsafe index6 = min(first &+ 6, last)
        unsafe index7 = min(first &+ 7, last)
    }

    @inline(__always) private static func step(
        _ index: Int, _ row: UnsafePointer<Value>, _ thresholds: UnsafePointer<Value>,
        _ places: UnsafePointer<UInt16>
    ) -> Int {
        // Safe because an index below the trees of a level leads to one below those of the next, and a place
        // lies in the row. A Bool is one byte that holds 0 or 1.
        let passes = unsafe row[Int(places[index])] <= thresholds[index]
        return index &+ index &+ Int(unsafe unsafeBitCast(passes, to: UInt8.self))
    }

    /// All eight one level down; walk k reads `row` + k * `laneStride`.
    @inline(__always) mutating func step(
        _ row: UnsafePointer<Value>, laneStride: Int, _ thresholds: UnsafePointer<Value>,
        _ places: UnsafePointer<UInt16>
    ) {
        // Safe because `step` is.
        unsafe index0 = Self.step(index0, row, thresholds, places)
        unsafe index1 = Self.step(index1, row + laneStride, thresholds, places)
        unsafe index2 = Self.step(index2, row + 2 &* laneStride, thresholds, places)
        unsafe index3 = Self.step(index3, row + 3 &* laneStride, thresholds, places)
        unsafe index4 = Self.step(index4, row + 4 &* laneStride, thresholds, places)
        unsafe index5 = Self.step(index5, row + 5 &* laneStride, thresholds, places)
        unsafe index6 = Self.step(index6, row + 6 &* laneStride, thresholds, places)
        unsafe index7 = Self.step(index7, row + 7 &* laneStride, thresholds, places)
    }

    /// To the leaves: `depth` levels of `treeCount` trees.
    @inline(__always) mutating func walk(
        _ row: UnsafePointer<Value>, laneStride: Int, depth: Int, treeCount: Int,
        _ thresholds: UnsafePointer<Value>, _ places: UnsafePointer<UInt16>
    ) {
        // Safe because level l has treeCount * 2^l nodes, and the levels lie one after the other.
        var (thresholds, places) = unsafe (thresholds, places)
        var width = treeCount
        for _ in 0..<depth {
            unsafe step(row, laneStride: laneStride, thresholds, places)
            unsafe thresholds += width
            unsafe places += width
            width &+= width
        }
    }
}
