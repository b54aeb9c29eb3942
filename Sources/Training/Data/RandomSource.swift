// SPDX-License-Identifier: Apache-2.0

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed on every machine and in every
/// version.
struct RandomSource: RandomNumberGenerator {
    /// A source that is made of this seed goes on as this one would.
    private(set) var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number from 0 up to, not including, `count`.
    mutating func index(below count: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(max(count, 1))).high)
    }

    /// A number between −limit and limit.
    mutating func uniform(below limit: Float) -> Float { Float(2 * unit() - 1) * limit }

    /// A seed for the part `index` of what `seed` is for.
    static func mixed(_ seed: UInt64, _ index: UInt64) -> UInt64 {
        var source = RandomSource(seed: seed ^ (index &+ 1) &* 0xD1B5_4A32_D192_ED03)
        return source.next()
    }

    /// Fisher-Yates, spelled out: the standard library does not promise that `shuffle` stays the same.
    mutating func shuffle(_ values: inout [Int]) {
        guard values.count > 1 else { return }
        for last in stride(from: values.count - 1, to: 0, by: -1) {
            values.swapAt(last, index(below: last + 1))
        }
    }
}
