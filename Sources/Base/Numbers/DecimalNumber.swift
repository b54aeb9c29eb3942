// SPDX-License-Identifier: Apache-2.0

/// A decimal number as it stands in a text: ± significand × 10^exponent.
///
/// Turned into the nearest Float64, ties to even, in three steps of rising cost: exact arithmetic for short
/// numbers (Clinger), a 128-bit product (Eisel-Lemire), and whole numbers of any length (`LongDecimal`) for
/// the few that are left: more than 19 digits, whose cut-off part decides.
struct DecimalNumber {
    /// The first 19 significant digits.
    var significand: UInt64 = 0
    /// The power of ten that `significand` is multiplied by.
    var exponent = 0
    var isNegative = false
    /// Digits were cut off that are not all zero, so the number lies between significand and significand + 1.
    var isTruncated = false
    /// Where the digits begin.
    var digitsStart = 0

    /// Reads the JSON number (RFC 8259, section 6) that begins at `start`; returns where it ends, or nil when
    /// the text there is no number.
    ///
    ///     number = [ "-" ] ( "0" / digit1-9 *DIGIT ) [ "." 1*DIGIT ] [ ( "e" / "E" ) [ "+" / "-" ] 1*DIGIT ]
    ///
    /// - Complexity: one pass, and a second over numbers of more than 19 digits; no allocation.
    @inline(__always)
    mutating func scan(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        let count = bytes.count
        var position = start
        // Safe because each read below is guarded by a comparison of its index with the count; indices only
        // grow.
        if position < count, unsafe bytes[unchecked: position] == UInt8(ascii: "-") {
            isNegative = true
            position &+= 1
        }
        digitsStart = position
        position = takeDigits(bytes, from: position)
        var digitCount = position &- digitsStart
        guard digitCount > 0 else { return nil }
        // Safe because there is at least one digit at `digitsStart`.
        if unsafe digitCount > 1 && bytes[unchecked: digitsStart] == UInt8(ascii: "0") { return nil }
        if position < count, unsafe bytes[unchecked: position] == UInt8(ascii: ".") {
            let fractionStart = position &+ 1
            position = takeDigits(bytes, from: takeEightDigits(bytes, from: fractionStart))
            let fractionCount = position &- fractionStart
            guard fractionCount > 0 else { return nil }
            exponent = 0 &- fractionCount
            digitCount &+= fractionCount
        }
        if position < count, unsafe bytes[unchecked: position] | 0x20 == UInt8(ascii: "e") {
            guard let end = takeExponent(bytes, from: position &+ 1) else { return nil }
            position = end
        }
        if digitCount > 19 { takeLongDigits(bytes) }
        return position
    }

    /// Reads the run of digits at `start` into the significand, which wraps round after 19; returns where it
    /// ends.
    @inline(__always)
    mutating func takeDigits(_ bytes: Span<UInt8>, from start: Int) -> Int {
        let count = bytes.count
        var position = start
        var value = significand
        while position < count {
            // Safe because `position` was just compared with the count.
            let digit = unsafe bytes[unchecked: position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            value = value &* 10 &+ UInt64(digit)
            position &+= 1
        }
        significand = value
        return position
    }

    /// Reads digits at `start` by eights while there are that many; returns where it stopped.
    ///
    /// Eight bytes are tested and summed up in a 64-bit register (Lemire, "Number Parsing at a Gigabyte per
    /// Second", section 6).
    @inline(__always)
    mutating func takeEightDigits(_ bytes: Span<UInt8>, from start: Int) -> Int {
        // Safe because the view is only read below, by offsets compared with the count.
        let raw = unsafe bytes.bytes
        let count = bytes.count
        var position = start
        while count &- position >= 8 {
            // Safe because eight bytes were just seen to be there, and every bit pattern is a UInt64.
            let word = UInt64(
                littleEndian: unsafe raw.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: position, as: UInt64.self))
            let upper = word & 0xf0f0_f0f0_f0f0_f0f0
            let carried = ((word &+ 0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0) &>> 4
            guard upper | carried == 0x3333_3333_3333_3333 else { break }
            var sum = word &- 0x3030_3030_3030_3030
            sum = sum &* 10 &+ (sum &>> 8)
            let even = (sum & 0x0000_00ff_0000_00ff) &* 0x000f_4240_0000_0064
            let odd = ((sum &>> 16) & 0x0000_00ff_0000_00ff) &* 0x0000_2710_0000_0001
            significand = significand &* 100_000_000 &+ ((even &+ odd) &>> 32)
            position &+= 8
        }
        return position
    }

    /// Reads an exponent's sign and digits and adds it to `exponent`; returns where it ends, or nil when
    /// there is no digit. Exponents beyond a thousand million are all alike: the number is zero or infinite.
    mutating func takeExponent(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var position = start
        var isNegativeExponent = false
        if position < bytes.count,
            bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
        {
            isNegativeExponent = bytes[position] == UInt8(ascii: "-")
            position += 1
        }
        let firstDigit = position
        var value = 0
        while position < bytes.count {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            if value < 1_000_000_000 { value = value * 10 + Int(digit) }
            position += 1
        }
        guard position > firstDigit else { return nil }
        exponent += isNegativeExponent ? -value : value
        return position
    }

    /// Reads the digits again when there are more than 19, because zeros in front do not count.
    mutating func takeLongDigits(_ bytes: Span<UInt8>) {
        significand = 0
        var position = digitsStart
        while position < bytes.count {
            let byte = bytes[position]
            let digit = byte &- UInt8(ascii: "0")
            position += 1
            if byte == UInt8(ascii: ".") { continue }
            guard digit < 10 else { break }
            // Below 10^18 one more digit gives at most 19.
            if significand < 1_000_000_000_000_000_000 {
                significand = significand * 10 + UInt64(digit)
            } else {
                exponent += 1
                if digit != 0 { isTruncated = true }
            }
        }
    }

    /// The nearest Float64; infinite when too large.
    ///
    /// - Parameter bytes: the text that was scanned.
    @inline(__always)
    func nearestDouble(_ bytes: Span<UInt8>) -> Double {
        if !isTruncated && significand <= 1 << 53 && exponent >= -22 && exponent <= 22 {
            // Both factors are exact, so one rounding gives the right answer (Clinger, 1990).
            let exact = Double(significand)
            let power = exactPowersOfTen[exponent < 0 ? -exponent : exponent]
            let magnitude = exponent < 0 ? exact / power : exact * power
            return isNegative ? -magnitude : magnitude
        }
        return nearestInexactDouble(bytes)
    }

    @inline(never)
    private func nearestInexactDouble(_ bytes: Span<UInt8>) -> Double {
        var bits = nearestBits(significand, exponent)
        if isTruncated {
            // 10^19 fits UInt64, so the next significand always exists.
            let next = nearestBits(significand + 1, exponent)
            if next != bits { bits = LongDecimal(self, bytes).nearerBits(bits) }
        }
        return Double(bitPattern: bits | (isNegative ? 1 << 63 : 0))
    }
}

/// 10^0 to 10^22, all exact in Float64.
let exactPowersOfTen: InlineArray<23, Double> = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]

/// The bits of the Float64 nearest to significand × 10^exponent (Eisel-Lemire), without exception: with 128
/// bits of each power no product of a 64-bit significand is undecided (Mushtak and Lemire, "Fast Number
/// Parsing Without Fallback", 2022).
func nearestBits(_ significand: UInt64, _ exponent: Int) -> UInt64 {
    guard significand != 0, exponent >= powersOfFiveRange.lowerBound else { return 0 }
    guard exponent <= 308 else { return Double.infinity.bitPattern }
    let shift = significand.leadingZeroBitCount
    let normalized = significand &<< UInt64(truncatingIfNeeded: shift)
    let index = (exponent - powersOfFiveRange.lowerBound) * 2
    var (high, low) = normalized.multipliedFullWidth(by: powersOfFive[index])
    // The 9 bits below those that a rounding needs: when all are set, the lower half of the power can carry
    // in.
    if high & 0x1ff == 0x1ff {
        let carried = normalized.multipliedFullWidth(by: powersOfFive[index + 1]).high
        let (sum, overflow) = low.addingReportingOverflow(carried)
        low = sum
        if overflow { high &+= 1 }
    }
    let upperBit = Int(truncatingIfNeeded: high &>> 63)
    let dropped = UInt64(truncatingIfNeeded: upperBit + 9)
    var mantissa = high &>> dropped
    // floor(log2(10^exponent)) + 63, by a fixed-point log2(10).
    var binaryExponent = ((217_706 * exponent) >> 16) + 63 + upperBit - shift + 1023
    if binaryExponent <= 0 {
        // A subnormal: drop the bits that it has no room for, and round what is left. A carry into the hidden
        // bit makes the smallest normal number, which its bits already are.
        guard binaryExponent > -63 else { return 0 }
        mantissa &>>= UInt64(truncatingIfNeeded: 1 - binaryExponent)
        return (mantissa + (mantissa & 1)) &>> 1
    }
    if low <= 1 && exponent >= -4 && exponent <= 23 && mantissa & 3 == 1 && mantissa &<< dropped == high {
        // Exactly half way: ties go to even.
        mantissa &= ~1
    }
    mantissa = (mantissa + (mantissa & 1)) &>> 1
    if mantissa >= 1 << 53 {
        mantissa = 1 << 52
        binaryExponent += 1
    }
    guard binaryExponent < 0x7ff else { return Double.infinity.bitPattern }
    return (mantissa & ~(1 << 52)) | UInt64(truncatingIfNeeded: binaryExponent) &<< 52
}
