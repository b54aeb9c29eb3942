// SPDX-License-Identifier: Apache-2.0

extension ByteBuffer {
    public mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    public mutating func append(decimal value: UInt64) {
        let count = decimalDigitCount(value)
        // Safe because UInt64 has at most 20 digits, and so many and seven more bytes are asked for.
        unsafe withFreeSpace(27) { start in
            unsafe writeDigits(value, count: count, to: start)
            return count
        }
    }

    /// Appends the shortest decimal that reads back to the same Float32, as Swift prints it: `1.0`, `0.1`,
    /// `1e-05`, `3.4028235e+38`. `value` is finite: JSON has no token for the others.
    public mutating func append(shortest value: Float) {
        precondition(value.isFinite, "JSON has no token for a number that is not finite")
        let magnitude = value.magnitude
        append(
            ShortestDecimal(bits: magnitude.bitPattern), isNegative: value.sign == .minus,
            isLarge: magnitude > 0x1p24)
    }

    /// Appends the shortest decimal that reads back to the same Float64, as Swift prints it; `value` is
    /// finite.
    public mutating func append(shortest value: Double) {
        precondition(value.isFinite, "JSON has no token for a number that is not finite")
        let magnitude = value.magnitude
        append(
            ShortestDecimal(bits: magnitude.bitPattern), isNegative: value.sign == .minus,
            isLarge: magnitude > 0x1p53)
    }

    /// - Parameter isLarge: not every whole number of this size can be told from its neighbours, so an
    ///   exponent is printed rather than digits that mean nothing.
    @inline(__always)
    private mutating func append(_ decimal: ShortestDecimal, isNegative: Bool, isLarge: Bool) {
        // Safe because the longest output has 25 bytes: sign, 17 digits, point, and "e-308" or zeros in
        // front.
        unsafe withFreeSpace(40) { start in
            var next = unsafe start
            if isNegative {
                unsafe next.pointee = UInt8(ascii: "-")
                unsafe next += 1
            }
            var digits = decimal.digits
            var exponent = decimal.exponent
            if exponent != 0 || isLarge {
                while digits % 10 == 0 && digits != 0 {
                    digits /= 10
                    exponent += 1
                }
            }
            let count = decimalDigitCount(digits)
            // The number is 0.digits × 10^point.
            let point = count + exponent
            if isLarge || point < -3 {
                unsafe next = writeScientific(digits, count: count, exponent: point - 1, to: next)
            } else {
                unsafe next = writePlain(digits, count: count, point: point, to: next)
            }
            return unsafe next - start
        }
    }
}

/// Writes `d.ddde±XX` and returns where it ends.
private func writeScientific(
    _ digits: UInt64, count: Int, exponent: Int, to start: UnsafeMutablePointer<UInt8>
) -> UnsafeMutablePointer<UInt8> {
    // Safe because the caller has 40 bytes free, and at most 24 are written.
    var next = unsafe start
    if count == 1 {
        unsafe writeDigits(digits, count: 1, to: next)
        unsafe next += 1
    } else {
        // Safe because the digits are written one place to the right, and the first of them moves back.
        unsafe writeDigits(digits, count: count, to: next + 1)
        unsafe next.pointee = next[1]
        unsafe next[1] = UInt8(ascii: ".")
        unsafe next += count + 1
    }
    // Safe because sign, 17 digits and point before it leave room for the five bytes of an exponent.
    unsafe next[0] = UInt8(ascii: "e")
    unsafe next[1] = exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+")
    let magnitude = UInt64(exponent.magnitude)
    let width = magnitude < 100 ? 2 : 3
    unsafe writeDigits(magnitude, count: width, to: next + 2)
    return unsafe next + 2 + width
}

/// Writes digits with the point in its place: `0.00ddd`, `dd.dd` or `dd0.0`; returns where it ends.
private func writePlain(
    _ digits: UInt64, count: Int, point: Int, to start: UnsafeMutablePointer<UInt8>
) -> UnsafeMutablePointer<UInt8> {
    // Safe because the caller has 40 bytes free, and at most 24 are written.
    if point <= 0 {
        // Safe because at most three zeros follow the point: smaller numbers are written with an exponent.
        unsafe start[0] = UInt8(ascii: "0")
        unsafe start[1] = UInt8(ascii: ".")
        for place in 0..<(-point) { unsafe start[2 + place] = UInt8(ascii: "0") }
        unsafe writeDigits(digits, count: count, to: start + 2 - point)
        return unsafe start + 2 - point + count
    }
    if point < count {
        // Safe because the digits are written one place to the right, and those before the point move back.
        unsafe writeDigits(digits, count: count, to: start + 1)
        for place in 0..<point { unsafe start[place] = start[place + 1] }
        unsafe start[point] = UInt8(ascii: ".")
        return unsafe start + count + 1
    }
    // Safe because a number up to 2^53 has 16 places before the point.
    unsafe writeDigits(digits, count: count, to: start)
    for place in count..<point { unsafe start[place] = UInt8(ascii: "0") }
    unsafe start[point] = UInt8(ascii: ".")
    unsafe start[point + 1] = UInt8(ascii: "0")
    return unsafe start + point + 2
}

/// Writes exactly `count` digits, at most 20 and no fewer than `value` has, and up to seven bytes behind
/// them.
@inline(__always)
private func writeDigits(_ value: UInt64, count: Int, to start: UnsafeMutablePointer<UInt8>) {
    let target = UnsafeMutableRawPointer(start)
    // Safe because the caller has the digits' bytes free and seven more.
    if count <= 8 { return unsafe storeDigits(value, count: count, to: target) }
    let (high, low) = (value / 100_000_000, value % 100_000_000)
    if count <= 16 {
        unsafe storeDigits(high, count: count &- 8, to: target)
        unsafe storeDigits(low, count: 8, to: target + (count &- 8))
        return
    }
    unsafe storeDigits(high / 100_000_000, count: count &- 16, to: target)
    unsafe storeDigits(high % 100_000_000, count: 8, to: target + (count &- 16))
    unsafe storeDigits(low, count: 8, to: target + (count &- 8))
}

/// Stores the last `count` of the eight digits of `value`, and whatever in the rest of eight bytes.
@inline(__always)
private func storeDigits(_ value: UInt64, count: Int, to target: UnsafeMutableRawPointer) {
    // Halves of four digits, then of two, then one: each step divides all of them at once by a product that
    // is exact for numbers of that size.
    let fours = value / 10_000
    var lanes = fours | (value &- fours &* 10_000) &<< 32
    let twos = (lanes &* 10_486) &>> 20 & 0x0000_007f_0000_007f
    lanes = twos | (lanes &- twos &* 100) &<< 16
    let ones = (lanes &* 103) &>> 10 & 0x000f_000f_000f_000f
    lanes = ones | (lanes &- ones &* 10) &<< 8
    let text = (lanes | 0x3030_3030_3030_3030) &>> UInt64(truncatingIfNeeded: 64 &- 8 &* count)
    // Safe because the caller has eight bytes free.
    unsafe target.storeBytes(of: text.littleEndian, as: UInt64.self)
}

/// How many digits `value` has; 1 for zero.
@inline(__always)
private func decimalDigitCount(_ value: UInt64) -> Int {
    // 1233 / 4096 is a little more than log10(2).
    let estimate = ((64 &- (value | 1).leadingZeroBitCount) &* 1233) &>> 12
    // Safe because the estimate is at most 19, and the table has twenty elements.
    return unsafe value < powersOfTen[unchecked: estimate] ? max(estimate, 1) : estimate &+ 1
}

private let powersOfTen: InlineArray<20, UInt64> = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
    100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
    10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
]
