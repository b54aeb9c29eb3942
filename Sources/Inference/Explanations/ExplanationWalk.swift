// SPDX-License-Identifier: Apache-2.0

/// The two passes over a tree that explain one row; all pointers begin at the tree's root.
@unsafe struct ExplanationWalk<Node: TreeNode> {
    /// The index of the root, which `previous` counts from 0.
    var start: Int
    var nodes: UnsafePointer<Node>
    var previous: UnsafePointer<Int32>
    var features: UnsafePointer<Int32>
    var values: UnsafePointer<Double>
    var memory: ExplanationMemory.Pointers

    /// Which edges the row is on, and the product down to each node.
    @inline(__always) func goDown(_ row: UnsafePointer<Node.Value>, groups: Int) {
        // Safe because children lie inside the tree behind their parent, and an edge's previous one above it.
        for group in 0..<groups { unsafe memory.products[group] = SIMD4(repeating: 1) }
        for index in unsafe memory.inner.indices {
            let node = Int(unsafe memory.inner[index])
            let own = unsafe nodes[node]
            let passes = unsafe row[own.place] <= own.threshold
            let passed = Int(unsafe unsafeBitCast(passes, to: UInt8.self))
            let first = node &+ own.offset
            let before = Int(unsafe previous[first])
            // Both edges of a node ask its feature, so what was above is the same.
            let wasOn = before < 0 ? true : unsafe memory.states[before &- start] == UInt8(edgeIsOn)
            unsafe stepDown(node, first, wasOn ? edgeIsOn &- passed : edgeWasOff, groups)
            unsafe stepDown(node, first &+ 1, wasOn ? edgeGoesOff &+ passed : edgeWasOff, groups)
        }
    }

    @inline(__always) private func stepDown(_ node: Int, _ child: Int, _ state: Int, _ groups: Int) {
        // Safe because `goDown` is, and each edge has six vectors a group.
        unsafe memory.states[child] = UInt8(truncatingIfNeeded: state)
        for group in 0..<groups {
            let edge = unsafe memory.edges[(child &* groups &+ group) &* 6 &+ state]
            unsafe memory.products[child &* groups &+ group] =
                memory.products[node &* groups &+ group] * edge
        }
    }

    /// Adds up the leaves from below, and to `target`, one number a feature, what each feature did to them;
    /// `offset` says which of a leaf's `width` values.
    @inline(__always) func comeUp(
        _ offset: Int, of width: Int, groups: Int, into target: UnsafeMutablePointer<Double>
    ) {
        // Safe because `goDown` is; a feature of a node is below the number of features.
        var index = unsafe memory.inner.count &- 1
        while index >= 0 {
            let node = Int(unsafe memory.inner[index])
            let first = unsafe node &+ nodes[node].offset
            var gain = SIMD4<Double>.zero
            for group in 0..<groups {
                let left = unsafe sum(first, group, offset, width, groups)
                let right = unsafe sum(first &+ 1, group, offset, width, groups)
                unsafe gain += left * gainVector(first, group, groups)
                unsafe gain += right * gainVector(first &+ 1, group, groups)
                unsafe memory.sums[node &* groups &+ group] = left + right
            }
            let halves = gain.lowHalf + gain.highHalf
            unsafe target[Int(features[node])] += halves[0] + halves[1]
            index &-= 1
        }
    }

    @inline(__always) private func sum(
        _ child: Int, _ group: Int, _ offset: Int, _ width: Int, _ groups: Int
    ) -> SIMD4<Double> {
        // Safe because `comeUp` is; an inner child was visited before its parent.
        if unsafe nodes[child].offset > 0 { return unsafe memory.sums[child &* groups &+ group] }
        return unsafe memory.products[child &* groups &+ group] * values[child &* width &+ offset]
    }

    @inline(__always) private func gainVector(_ child: Int, _ group: Int, _ groups: Int) -> SIMD4<Double> {
        // Safe because `comeUp` is.
        unsafe memory.edges[(child &* groups &+ group) &* 6 &+ 3 &+ Int(memory.states[child])]
    }
}
