// SPDX-License-Identifier: Apache-2.0

/// The logistic function and the hyperbolic tangent, eight numbers at a time, each within 3e-7 of its value
/// (relative). A number's answer does not depend on its place.
///
/// The C library's take 8 to 10 ns a number, these 1: an LSTM of 8 steps is mostly such functions.
enum LaneFunctions {
    private typealias Lanes = SIMD8<Float>

    /// y = 1 / (1 + exp(-y))
    static func logistic(_ y: inout MutableSpan<Float>) {
        each(&y) { x in
            // Never the exponential of a positive number.
            let power = exponential(-magnitude(x))
            let top = Lanes(repeating: 1).replacing(with: power, where: x .< 0)
            return top / (1 + power)
        }
    }

    /// y = tanh(y)
    static func hyperbolicTangent(_ y: inout MutableSpan<Float>) {
        each(&y) { x in
            let size = magnitude(x)
            let power = exponential(-2 * size)
            var large = (1 - power) / (1 + power)
            large = large.replacing(with: -large, where: x .< 0)
            // Near zero that difference would cancel: x + x³ · p(x²), a minimax polynomial (Cephes, tanhf).
            let square = x * x
            var sum = Lanes(repeating: -5.704_988_7e-3)
            sum = sum * square + 2.063_908_9e-2
            sum = sum * square - 5.373_971_6e-2
            sum = sum * square + 1.333_144_2e-1
            sum = sum * square - 3.333_328_2e-1
            return large.replacing(with: sum * square * x + x, where: size .< 0.625)
        }
    }

    /// tanh(x) with the bits of ONNX Runtime's: a quotient of polynomials in x², fused step by step. For sums
    /// that cancel, where the last bits show; as slow as the C library's.
    static func runtimeTangent(_ x: Float) -> Float {
        let x = x < -9 ? -9 : x > 9 ? 9 : x
        let square = x * x
        var top: Float = -2.760_768_4e-16
        for term in [
            2.000_187_9e-13, -8.604_672e-11, 5.122_297_1e-8, 1.485_722_35e-5, 6.372_619_3e-4, 4.893_524_6e-3,
        ] as [Float] { top = term.addingProduct(top, square) }
        var bottom: Float = 1.198_258_4e-6
        for term in [1.185_347_1e-4, 2.268_434_7e-3, 4.893_525e-3] as [Float] {
            bottom = term.addingProduct(bottom, square)
        }
        return top * x / bottom
    }

    /// exp(x) of numbers up to 0: 2ⁿ · exp(r), r within half of ln 2, by Cephes's polynomial (expf).
    @inline(__always) private static func exponential(_ x: Lanes) -> Lanes {
        let bounded = x.replacing(with: -87, where: x .< -87)
        // 3 · 2²² rounds to a whole number, whose bits are then the lowest of the sum.
        let shifted = bounded * 1.442_695 + 12_582_912
        let whole = shifted - 12_582_912
        let rest = bounded - whole * 0.693_359_375 + whole * 2.121_944_4e-4
        var sum = Lanes(repeating: 1.987_569_2e-4)
        sum = sum * rest + 1.398_2e-3
        sum = sum * rest + 8.333_452e-3
        sum = sum * rest + 4.166_579_6e-2
        sum = sum * rest + 1.666_666_5e-1
        sum = sum * rest + 0.5
        let power = sum * rest * rest + rest + 1
        // Safe because both types are eight times 32 bits, of which any are valid.
        let bits = unsafe unsafeBitCast(shifted, to: SIMD8<UInt32>.self)
        return unsafe power * unsafeBitCast(bits &<< 23 &+ (127 << 23), to: Lanes.self)
    }

    @inline(__always) private static func magnitude(_ x: Lanes) -> Lanes {
        x.replacing(with: -x, where: x .< 0)
    }

    @inline(__always) private static func each(_ y: inout MutableSpan<Float>, _ function: (Lanes) -> Lanes) {
        let count = y.count
        // Safe because all places are the span's, and any bits are a number.
        unsafe y.withUnsafeMutableBufferPointer { numbers in
            guard let base = UnsafeMutableRawPointer(numbers.baseAddress) else { return }
            var place = 0
            while place &+ 8 <= count {
                let address = unsafe base + place &* 4
                unsafe address.storeBytes(
                    of: function(address.loadUnaligned(as: Lanes.self)), as: Lanes.self)
                place &+= 8
            }
            if place == count { return }
            var rest = Lanes.zero
            for lane in 0..<count &- place { rest[lane] = unsafe numbers[place &+ lane] }
            rest = function(rest)
            for lane in 0..<count &- place { unsafe numbers[place &+ lane] = rest[lane] }
        }
    }
}
