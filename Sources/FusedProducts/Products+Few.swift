// SPDX-License-Identifier: Apache-2.0

extension Products {
    /// output[r, o] = Σ input[r, i] · weights[o, i] + bias[o], for layers of so few outputs that a panel
    /// would be empty for the most part: the lanes are inputs instead.
    ///
    /// Input i is added to partial sum i mod 16; these are added in halves, lane j and lane j + 8 first, then
    /// j + 4, j + 2 and j + 1. What is left over of sixteen goes the same way, by eight, four, two and one.
    /// So a row's sums are the same whatever rows stand beside it.
    package static func multiplyFew(
        weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, cutsNegatives: Bool,
        rows: UnsafePointer<Float>, products: UnsafeMutablePointer<Float>, rowCount: Int, inputs: Int,
        outputs: Int
    ) {
        for row in 0..<rowCount {
            // Safe because the caller's memory has the sizes above.
            let input = unsafe rows + row &* inputs
            for output in 0..<outputs {
                var sum = unsafe dot(input, weights + output &* inputs, inputs) + (bias?[output] ?? 0)
                if cutsNegatives && sum < 0 { sum = 0 }
                unsafe products[row &* outputs &+ output] = sum
            }
        }
    }

    @inline(__always) private static func dot(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int
    ) -> Float {
        var sums = Lanes.zero
        var index = 0
        // Safe because both have `count` numbers; so in all that follows.
        while index &+ 16 <= count {
            unsafe sums.addProduct(load(a + index), load(b + index))
            index &+= 16
        }
        var eight = sums.lowHalf + sums.highHalf
        if count & 8 != 0 {
            unsafe eight.addProduct(part(a + index), part(b + index))
            index &+= 8
        }
        var four = eight.lowHalf + eight.highHalf
        if count & 4 != 0 {
            unsafe four.addProduct(part(a + index), part(b + index))
            index &+= 4
        }
        var two = four.lowHalf + four.highHalf
        if count & 2 != 0 {
            unsafe two.addProduct(part(a + index), part(b + index))
            index &+= 2
        }
        var sum = two[0] + two[1]
        if count & 1 != 0 { unsafe sum.addProduct(a[index], b[index]) }
        return sum
    }

    @inline(__always) private static func part<Part: SIMD<Float>>(_ pointer: UnsafePointer<Float>) -> Part {
        // Safe because callers point at as many numbers as the part has lanes.
        unsafe UnsafeRawPointer(pointer).loadUnaligned(as: Part.self)
    }
}
