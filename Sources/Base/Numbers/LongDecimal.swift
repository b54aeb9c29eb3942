// SPDX-License-Identifier: Apache-2.0

/// A decimal number of any length, to decide the few roundings that 19 digits leave open.
///
/// The number is compared exactly with the point half way between two neighbouring Float64, as whole numbers.
struct LongDecimal {
    /// The first `digitLimit` significant digits, as one whole number.
    private var digits = LongInteger()
    /// The power of ten that `digits` is multiplied by.
    private var exponent: Int
    /// Digits beyond the limit were dropped that are not all zero.
    private var hasMore = false

    /// A point half way between two Float64 has at most 767 significant digits, so what stands behind cannot
    /// change the comparison but for breaking a tie.
    private static let digitLimit = 800

    /// - Parameter number: scanned from `bytes`, with more than 19 significant digits.
    init(_ number: DecimalNumber, _ bytes: Span<UInt8>) {
        // `number.exponent` belongs to a significand of 19 digits; every further digit lowers it by one.
        exponent = number.exponent
        var taken = 0
        var position = number.digitsStart
        while position < bytes.count {
            let byte = bytes[position]
            let digit = byte &- UInt8(ascii: "0")
            position += 1
            if byte == UInt8(ascii: ".") { continue }
            guard digit < 10 else { break }
            if taken == 0 && digit == 0 { continue }
            if taken < Self.digitLimit {
                digits.multiply(by: 10, adding: UInt64(digit))
                taken += 1
            } else if digit != 0 {
                hasMore = true
            }
        }
        exponent -= taken - 19
    }

    /// Of the neighbours `lower` and `lower` + 1 (bits of Float64 that are not negative), the one that is
    /// nearer to this number, which lies between them; the even one when it lies half way.
    func nearerBits(_ lower: UInt64) -> UInt64 {
        let field = Int(truncatingIfNeeded: lower >> 52)
        let fraction = lower & (1 << 52 - 1)
        let mantissa = field == 0 ? fraction : fraction | 1 << 52
        // Half way = (2 × mantissa + 1) × 2^(exponent of the last bit - 1).
        var half = LongInteger()
        half.multiply(by: 0, adding: 2 * mantissa + 1)
        let halfExponent = max(field, 1) - 1075 - 1
        var number = digits
        // digits × 10^exponent against half × 2^halfExponent: powers of five and two go to the side where
        // they are positive.
        if exponent >= 0 {
            number.multiply(byFiveTo: exponent)
        } else {
            half.multiply(byFiveTo: -exponent)
        }
        let shift = exponent - halfExponent
        if shift >= 0 {
            number.shiftLeft(by: shift)
        } else {
            half.shiftLeft(by: -shift)
        }
        let order = number.compare(half)
        if order > 0 || (order == 0 && (hasMore || lower & 1 == 1)) { return lower + 1 }
        return lower
    }
}

/// A whole number of any size that is not negative; only what `LongDecimal` needs.
private struct LongInteger {
    /// Lowest word first; no zero word at the end.
    private var words: [UInt64] = []

    mutating func multiply(by factor: UInt64, adding addend: UInt64 = 0) {
        var carry = addend
        for index in words.indices {
            let product = words[index].multipliedFullWidth(by: factor)
            let (sum, overflow) = product.low.addingReportingOverflow(carry)
            words[index] = sum
            carry = product.high &+ (overflow ? 1 : 0)
        }
        if carry > 0 { words.append(carry) }
    }

    mutating func multiply(byFiveTo power: Int) {
        var left = power
        // 5^27 is the largest power of five in 64 bits.
        while left >= 27 {
            multiply(by: 7_450_580_596_923_828_125)
            left -= 27
        }
        for _ in 0..<left { multiply(by: 5) }
    }

    mutating func shiftLeft(by shift: Int) {
        let bits = UInt64(shift % 64)
        multiply(by: 1 << bits)
        words.insert(contentsOf: repeatElement(0, count: shift / 64), at: 0)
    }

    /// Negative, zero or positive as this number is smaller than, equal to or larger than `other`.
    func compare(_ other: LongInteger) -> Int {
        if words.count != other.words.count { return words.count - other.words.count }
        for index in words.indices.reversed() where words[index] != other.words[index] {
            return words[index] < other.words[index] ? -1 : 1
        }
        return 0
    }
}
