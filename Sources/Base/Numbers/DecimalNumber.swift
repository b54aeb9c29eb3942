// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A decimal number as it stands in a text: digits × 10^exponent.
///
/// Turned into the nearest Float64, ties to even, in three steps of rising cost: exact arithmetic for short numbers
/// (Clinger), a 128-bit product (Eisel-Lemire), and the C library for the few that are left: more than 19 digits
/// whose cut-off part decides.
package struct DecimalNumber {
    /// The first 19 significant digits.
    var significand: UInt64 = 0
    /// The power of ten that `significand` is multiplied by.
    var exponent = 0
    var isNegative = false
    /// There are more than 19 significant digits, so that the number lies in significand..<significand + 1.
    var isTruncated = false

    /// The nearest Float64, infinite when too large; nil when only the whole text can decide.
    var nearestDouble: Double? {
        if !isTruncated && significand <= 1 << 53 && exponent >= -22 && exponent <= 22 {
            // Clinger's fast path: both factors are exact, so one rounding gives the right answer.
            let exact = Double(significand)
            let power = exactPowersOfTen[exponent < 0 ? -exponent : exponent]
            let magnitude = exponent < 0 ? exact / power : exact * power
            return isNegative ? -magnitude : magnitude
        }
        guard let bits = eiselLemire(significand, exponent) else { return nil }
        if isTruncated {
            let (next, overflow) = significand.addingReportingOverflow(1)
            guard !overflow, eiselLemire(next, exponent) == bits else { return nil }
        }
        return Double(bitPattern: bits | (isNegative ? 1 << 63 : 0))
    }
}

/// 10^0 to 10^22, all exact in Float64.
private let exactPowersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
    1e20, 1e21, 1e22,
]

/// The bits of the Float64 nearest to significand × 10^exponent, or nil in the rare undecided case.
private func eiselLemire(_ significand: UInt64, _ exponent: Int) -> UInt64? {
    guard significand != 0, exponent >= powersOfFiveRange.lowerBound else { return 0 }
    guard exponent <= powersOfFiveRange.upperBound else { return Double.infinity.bitPattern }
    let shift = significand.leadingZeroBitCount
    let normalized = significand << UInt64(shift)
    let index = (exponent - powersOfFiveRange.lowerBound) * 2
    var (high, low) = normalized.multipliedFullWidth(by: powersOfFive[index])
    // The 9 bits below those that a rounding needs: when all are set, the lower half of the power can carry in.
    if high & 0x1ff == 0x1ff {
        let carried = normalized.multipliedFullWidth(by: powersOfFive[index + 1]).high
        let (sum, overflow) = low.addingReportingOverflow(carried)
        low = sum
        if overflow { high &+= 1 }
        if low == UInt64.max && (exponent < -27 || exponent > 55) { return nil }
    }
    let upperBit = Int(high >> 63)
    let keep = UInt64(upperBit + 64 - 52 - 3)
    var mantissa = high >> keep
    // floor(log2(10^exponent)) + 63, by a fixed-point log2(10).
    var binaryExponent = ((217_706 * exponent) >> 16) + 63 + upperBit - shift + 1023
    if binaryExponent <= 0 {
        // A subnormal: drop the bits that it has no room for, and round what is left.
        guard -binaryExponent + 1 < 64 else { return 0 }
        mantissa >>= UInt64(-binaryExponent + 1)
        mantissa = (mantissa + (mantissa & 1)) >> 1
        return mantissa
    }
    if low <= 1 && exponent >= -4 && exponent <= 23 && mantissa & 3 == 1 && mantissa << keep == high {
        // Exactly half way: ties go to even.
        mantissa &= ~1
    }
    mantissa = (mantissa + (mantissa & 1)) >> 1
    if mantissa >= 2 << 52 {
        mantissa = 1 << 52
        binaryExponent += 1
    }
    guard binaryExponent < 0x7ff else { return Double.infinity.bitPattern }
    return (mantissa & ~(1 << 52)) | UInt64(binaryExponent) << 52
}

// MARK: Scanning

/// What a scan of a number found.
package enum NumberScan {
    /// The number ends before `end`.
    case number(Double, end: Int)
    /// No number begins here, or it breaks off at this offset.
    case malformed(at: Int)
}

/// Reads the JSON number (RFC 8259, section 6: `-? int frac? exp?`) that begins at `start`.
///
/// A number too large for Float64 comes back infinite.
///
/// - Complexity: one pass over the text; no allocation but for numbers of more than 19 digits that the fast
///   algorithms leave undecided.
package func scanNumber(_ bytes: Span<UInt8>, from start: Int) -> NumberScan {
    var number = DecimalNumber()
    var position = start
    let count = bytes.count
    if position < count && bytes[position] == UInt8(ascii: "-") {
        number.isNegative = true
        position += 1
    }
    let integerStart = position
    position = number.scanDigits(bytes, from: position, isFraction: false)
    let integerCount = position - integerStart
    guard integerCount > 0 else { return .malformed(at: position) }
    if integerCount > 1 && bytes[integerStart] == UInt8(ascii: "0") {
        return .malformed(at: integerStart + 1)
    }
    if position < count && bytes[position] == UInt8(ascii: ".") {
        let fractionStart = position + 1
        position = number.scanDigits(bytes, from: fractionStart, isFraction: true)
        guard position > fractionStart else { return .malformed(at: position) }
    }
    if position < count && bytes[position] | 0x20 == UInt8(ascii: "e") {
        guard let end = number.scanExponent(bytes, from: position + 1) else {
            return .malformed(at: position + 1)
        }
        position = end
    }
    if let value = number.nearestDouble { return .number(value, end: position) }
    return .number(exactDouble(bytes.extracting(start..<position)), end: position)
}

extension DecimalNumber {
    /// Takes in the run of digits at `start`; returns where it ends.
    @inline(__always)
    fileprivate mutating func scanDigits(_ bytes: Span<UInt8>, from start: Int, isFraction: Bool) -> Int {
        var position = start
        let count = bytes.count
        var value = significand
        while position < count {
            // Safe because `position` was just compared with the count.
            let digit = unsafe bytes[unchecked: position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            // Below 10^18 one more digit always fits, and 19 digits are kept in all.
            if value < 1_000_000_000_000_000_000 {
                value = value &* 10 &+ UInt64(digit)
                if isFraction { exponent &-= 1 }
            } else {
                if digit != 0 { isTruncated = true }
                if !isFraction { exponent &+= 1 }
            }
            position &+= 1
        }
        significand = value
        return position
    }

    /// Takes in an exponent's sign and digits; nil when there is no digit. Exponents beyond a million are all
    /// alike: the number is zero or infinite.
    fileprivate mutating func scanExponent(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var position = start
        var isNegativeExponent = false
        if position < bytes.count,
            bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
        {
            isNegativeExponent = bytes[position] == UInt8(ascii: "-")
            position += 1
        }
        let digitStart = position
        var value = 0
        while position < bytes.count {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            if value < 1_000_000_000 { value = value * 10 + Int(digit) }
            position += 1
        }
        guard position > digitStart else { return nil }
        exponent += isNegativeExponent ? -value : value
        return position
    }
}

/// The C library's answer, for the numbers that need all of their digits.
private func exactDouble(_ text: Span<UInt8>) -> Double {
    var copy: [CChar] = []
    copy.reserveCapacity(text.count + 1)
    for position in text.indices { copy.append(CChar(bitPattern: text[position])) }
    copy.append(0)
    // Safe because the copy ends in a NUL and outlives the call.
    return unsafe copy.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return 0 }
        return unsafe strtod(start, nil)
    }
}

/// The number that is the whole of `text`, as a cell of a table holds it: a JSON number that may also begin with
/// `+`, `.` or zeros, or end in `.`; nil for anything else, names of non-finite values and overflow included.
package func parseDouble(_ text: Span<UInt8>) -> Double? {
    var number = DecimalNumber()
    var position = 0
    if let sign = text.isEmpty ? nil : text[0], sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
        number.isNegative = sign == UInt8(ascii: "-")
        position = 1
    }
    let integerStart = position
    position = number.scanDigits(text, from: position, isFraction: false)
    var digitCount = position - integerStart
    if position < text.count && text[position] == UInt8(ascii: ".") {
        let fractionStart = position + 1
        position = number.scanDigits(text, from: fractionStart, isFraction: true)
        digitCount += position - fractionStart
    }
    guard digitCount > 0 else { return nil }
    if position < text.count && text[position] | 0x20 == UInt8(ascii: "e") {
        guard let end = number.scanExponent(text, from: position + 1) else { return nil }
        position = end
    }
    guard position == text.count else { return nil }
    let value = number.nearestDouble ?? exactDouble(text)
    return value.isFinite ? value : nil
}
