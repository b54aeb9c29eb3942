// SPDX-License-Identifier: Apache-2.0

/// exp in Float32, four or more at a time, with the same bits on every processor: nothing but additions,
/// multiplications and shifts. The relative error is below 2e-7.
///
/// Training takes a million of them in each round; Glibc's exp costs six times as much.
enum FastExponential {
    /// e to the power of each lane; lanes are first brought to -87 … 88.
    @inline(__always) static func of(_ lanes: SIMD8<Float>) -> SIMD8<Float> {
        let x = lanes.clamped(
            lowerBound: SIMD8(repeating: -87), upperBound: SIMD8(repeating: 88))
        // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the low bits.
        let magic = SIMD8<Float>(repeating: 12_582_912)
        let shifted = x * 1.442_695_04 + magic
        let whole = shifted - magic
        // ln 2 in two parts, so that whole * ln 2 is taken away without rounding.
        let rest = (x - whole * 0.693_359_375) + whole * 2.121_944_4e-4
        var sum = SIMD8<Float>(repeating: 1.987_569_15e-4)
        sum = sum * rest + 1.398_199_95e-3
        sum = sum * rest + 8.333_451_9e-3
        sum = sum * rest + 4.166_579_6e-2
        sum = sum * rest + 1.666_666_55e-1
        sum = sum * rest + 0.5
        let value = sum * (rest * rest) + rest + 1
        // The factor 2^whole, added to the exponent's bits.
        // Safe because the types have the same size and take any bits.
        let bits = unsafe unsafeBitCast(value, to: SIMD8<Int32>.self)
        let power = unsafe unsafeBitCast(shifted, to: SIMD8<Int32>.self) &<< 23
        return unsafe unsafeBitCast(bits &+ power, to: SIMD8<Float>.self)
    }

    /// The logistic function of `margins`: the probabilities of the second class.
    @inline(__always) static func logistic(_ margins: SIMD8<Float>) -> SIMD8<Float> {
        1 / (1 + of(-margins))
    }
}
