// SPDX-License-Identifier: Apache-2.0

/// The shortest decimal that reads back to a given binary number, and of those the nearest: digits ×
/// 10^exponent.
///
/// Schubfach (Giulietti, "The Schubfach way to render doubles", 2020): the number and the two ends of its
/// rounding interval are multiplied by a power of ten such that the interval holds a whole number, and at
/// most one multiple of ten decides between two lengths.
struct ShortestDecimal {
    /// At most 17 digits; zeros at the end are possible.
    var digits: UInt64
    var exponent: Int

    /// - Parameter bits: a Float64, finite and not negative.
    init(bits: UInt64) {
        let fraction = bits & (1 << 52 - 1)
        let field = Int(truncatingIfNeeded: bits &>> 52)
        let mantissa = field == 0 ? fraction : fraction | 1 << 52
        let binaryExponent = max(field, 1) - 1075
        if let whole = Self.wholeNumber(mantissa, binaryExponent, width: 53) {
            self = whole
            return
        }
        let isNarrowBelow = fraction == 0 && field > 1
        let scale = Scale(binaryExponent, isNarrowBelow)
        let (high, low) = powerOfTen(-scale.exponent)
        let center = mantissa &<< 2
        self.init(
            below: roundToOdd(high, low, (center &- (isNarrowBelow ? 1 : 2)) &<< scale.shift),
            center: roundToOdd(high, low, center &<< scale.shift),
            above: roundToOdd(high, low, (center &+ 2) &<< scale.shift),
            isEven: mantissa & 1 == 0, exponent: scale.exponent)
    }

    /// - Parameter bits: a Float32, finite and not negative. Its shortest decimal has at most 9 digits.
    init(bits: UInt32) {
        let fraction = UInt64(bits & (1 << 23 - 1))
        let field = Int(truncatingIfNeeded: bits &>> 23)
        let mantissa = field == 0 ? fraction : fraction | 1 << 23
        let binaryExponent = max(field, 1) - 150
        if let whole = Self.wholeNumber(mantissa, binaryExponent, width: 24) {
            self = whole
            return
        }
        let isNarrowBelow = fraction == 0 && field > 1
        let scale = Scale(binaryExponent, isNarrowBelow)
        let power = upperPowerOfTen(-scale.exponent)
        let center = mantissa &<< 2
        self.init(
            below: roundToOdd(power, (center &- (isNarrowBelow ? 1 : 2)) &<< scale.shift),
            center: roundToOdd(power, center &<< scale.shift),
            above: roundToOdd(power, (center &+ 2) &<< scale.shift),
            isEven: mantissa & 1 == 0, exponent: scale.exponent)
    }

    private init(digits: UInt64, exponent: Int) {
        self.digits = digits
        self.exponent = exponent
    }

    /// Whole numbers below 2^width are their own shortest form.
    @inline(__always)
    private static func wholeNumber(_ mantissa: UInt64, _ exponent: Int, width: Int) -> ShortestDecimal? {
        if mantissa == 0 { return ShortestDecimal(digits: 0, exponent: 0) }
        guard exponent <= 0 && exponent > -width && mantissa.trailingZeroBitCount >= -exponent else {
            return nil
        }
        return ShortestDecimal(digits: mantissa &>> UInt64(truncatingIfNeeded: -exponent), exponent: 0)
    }

    /// Chooses from four times the scaled number and the ends of its interval, which belong to it when the
    /// mantissa is even.
    @inline(__always)
    private init(below: UInt64, center: UInt64, above: UInt64, isEven: Bool, exponent: Int) {
        let lower = isEven ? below : below &+ 1
        let upper = isEven ? above : above &- 1
        let whole = center &>> 2
        if whole >= 10 {
            let tens = whole / 10
            let isLowerInside = lower <= 40 &* tens
            let isUpperInside = 40 &* tens &+ 40 <= upper
            if isLowerInside != isUpperInside {
                self.init(digits: isUpperInside ? tens &+ 1 : tens, exponent: exponent + 1)
                return
            }
        }
        let isLowerInside = lower <= 4 &* whole
        let isUpperInside = 4 &* whole &+ 4 <= upper
        let middle = 4 &* whole &+ 2
        let roundsUp =
            isLowerInside != isUpperInside
            ? isUpperInside : center > middle || (center == middle && whole & 1 == 1)
        self.init(digits: roundsUp ? whole &+ 1 : whole, exponent: exponent)
    }

    /// The power of ten that scales a binary exponent, and the shift that aligns the product with a word.
    private struct Scale {
        var exponent: Int
        var shift: UInt64

        @inline(__always)
        init(_ binaryExponent: Int, _ isNarrowBelow: Bool) {
            // floor(log10(2^e)), or of 3/4 × 2^e where the gap below is half as wide; floor(log2(10^-k)).
            exponent = (binaryExponent * 1_262_611 - (isNarrowBelow ? 524_031 : 0)) >> 22
            shift = UInt64(truncatingIfNeeded: binaryExponent + ((-exponent * 1_741_647) >> 19) + 1)
        }
    }
}

/// 128 bits of 10^exponent, rounded up where they are not exact.
@inline(__always)
private func powerOfTen(_ exponent: Int) -> (high: UInt64, low: UInt64) {
    let index = (exponent - powersOfFiveRange.lowerBound) * 2
    let isCutOff = exponent < -27 || exponent > 55
    return (powersOfFive[index], powersOfFive[index + 1] &+ (isCutOff ? 1 : 0))
}

/// 64 bits of 10^exponent, rounded up where they are not exact.
@inline(__always)
private func upperPowerOfTen(_ exponent: Int) -> UInt64 {
    let index = (exponent - powersOfFiveRange.lowerBound) * 2
    return powersOfFive[index] &+ (powersOfFive[index + 1] == 0 ? 0 : 1)
}

/// The upper 64 bits of the 192-bit product; the last bit is set when anything below is.
@inline(__always)
private func roundToOdd(_ high: UInt64, _ low: UInt64, _ factor: UInt64) -> UInt64 {
    let carried = low.multipliedFullWidth(by: factor).high
    let product = high.multipliedFullWidth(by: factor)
    let (rest, overflow) = product.low.addingReportingOverflow(carried)
    return (product.high &+ (overflow ? 1 : 0)) | (rest > 1 ? 1 : 0)
}

/// The bits above 64 of the product of 64 and at most 32 bits; the last bit is set when anything below is.
@inline(__always)
private func roundToOdd(_ power: UInt64, _ factor: UInt64) -> UInt64 {
    let product = power.multipliedFullWidth(by: factor)
    return product.high | (product.low &>> 32 > 1 ? 1 : 0)
}
