// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// A type that rows are compared in.
protocol TreeValue: BinaryFloatingPoint, BitwiseCopyable, Sendable {
    /// The largest number of this type that is at most `limit`, minus infinity included; NaN for NaN.
    static func atMost(_ limit: Double) -> Self
    func withSign(flipped: Bool) -> Self
}

extension Float: TreeValue {
    static func atMost(_ limit: Double) -> Float {
        let nearest = Float(limit)
        return Double(nearest) > limit ? nearest.nextDown : nearest
    }

    @inline(__always) func withSign(flipped: Bool) -> Float {
        Float(bitPattern: bitPattern ^ (flipped ? 1 << 31 : 0))
    }
}

extension Double: TreeValue {
    static func atMost(_ limit: Double) -> Double { limit }

    @inline(__always) func withSign(flipped: Bool) -> Double {
        Double(bitPattern: bitPattern ^ (flipped ? 1 << 63 : 0))
    }
}

extension TreeValue {
    /// The bound b for which "x <= b" says what "x < threshold" or "x <= threshold" does, for every x of this
    /// type; NaN when no x goes left.
    static func bound(_ threshold: Double, _ comparison: TreeRules.Comparison) -> Self {
        guard comparison == .less else { return atMost(threshold) }
        let bound = atMost(threshold)
        guard Double(bound) == threshold else { return bound }
        return bound == -.infinity ? .nan : bound.nextDown
    }

    /// The bound c for which "-x <= c" says "x > bound", for every x; NaN when no x does.
    static func opposite(_ bound: Self) -> Self {
        // What no x is below or at, every x is above.
        if bound.isNaN { return .infinity }
        return bound == .infinity ? .nan : (-bound).nextDown
    }
}
