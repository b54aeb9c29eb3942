// SPDX-License-Identifier: Apache-2.0

/// What the explanation of a tree works in, kept between trees and requests.
struct ExplanationMemory {
    /// Six vectors a node and group: what a product is multiplied by on the edge to the node, and what the
    /// sum below it is multiplied by for the edge's feature; each for the three states of the edge.
    var edges: [SIMD4<Double>] = []
    /// The inner nodes of the tree, from the root on.
    var inner: [Int32] = []
    /// One a node and group: the product down to it, and the sum of the leaves below it.
    private var products: [SIMD4<Double>] = []
    private var sums: [SIMD4<Double>] = []
    /// One a node: the state of the edge to it.
    private var states: [UInt8] = []

    mutating func reserve(nodes: Int, groups: Int) {
        let count = nodes * groups
        if edges.count < 6 * count { edges = Array(repeating: .zero, count: 6 * count) }
        if products.count < count { products = Array(repeating: .zero, count: count) }
        if sums.count < count { sums = Array(repeating: .zero, count: count) }
        if states.count < nodes { states = Array(repeating: 0, count: nodes) }
        inner.removeAll(keepingCapacity: true)
    }

    /// As the loops see it.
    @unsafe struct Pointers {
        var edges: UnsafePointer<SIMD4<Double>>
        var inner: UnsafeBufferPointer<Int32>
        var products: UnsafeMutablePointer<SIMD4<Double>>
        var sums: UnsafeMutablePointer<SIMD4<Double>>
        var states: UnsafeMutablePointer<UInt8>
    }

    mutating func withPointers(_ body: (Pointers) -> Void) {
        // Safe because the pointers are used during the call only.
        unsafe edges.withUnsafeBufferPointer { edges in
            unsafe inner.withUnsafeBufferPointer { inner in
                unsafe products.withUnsafeMutableBufferPointer { products in
                    unsafe sums.withUnsafeMutableBufferPointer { sums in
                        unsafe states.withUnsafeMutableBufferPointer { states in
                            guard let edges = edges.baseAddress, let products = products.baseAddress,
                                let sums = sums.baseAddress, let states = states.baseAddress
                            else { return }
                            unsafe body(
                                Pointers(
                                    edges: edges, inner: inner, products: products, sums: sums,
                                    states: states))
                        }
                    }
                }
            }
        }
    }

    mutating func release(above cells: Int) {
        if edges.capacity > cells { self = ExplanationMemory() }
    }
}
