// SPDX-License-Identifier: Apache-2.0

/// How far `readNumberCells` got.
package struct NumberCellRun {
    /// Cells read.
    package var count: Int
    /// Where the next cell begins, or, when the line is over, where its line feed stands.
    package var position: Int
    /// The last cell read is the last of its line.
    package var endsLine: Bool
}

/// Reads cells of a table's line (CSV and its like) that hold plain numbers into `values` at the indices
/// `range`: each is rounded to Float64, then to Float32; an empty one in front of a separator is NaN.
///
/// Stops in front of any other cell, for the caller to look at: quotes, spaces, words, an empty last cell, a
/// number that Float32 cannot hold or that JSON would write otherwise (`+1`, `.5`, `007`).
///
/// - Parameters:
///   - text: lines; the last ends with a line feed.
///   - start: where a cell begins.
package func readNumberCells(
    _ text: Span<UInt8>, from start: Int, separator: UInt8, into values: inout MutableSpan<Float>,
    at range: Range<Int>
) -> NumberCellRun {
    precondition(
        range.lowerBound >= 0 && range.upperBound <= values.count, "the range lies outside the values")
    var run = NumberCellRun(count: 0, position: start, endsLine: false)
    while run.count < range.count, !run.endsLine {
        let cell = readCell(text, from: run.position, separator)
        // The value of a cell that Float32 cannot hold is the caller's to look at, too.
        let rounded = Float(cell.value)
        guard cell.end != .other, rounded.isFinite || cell.value.isNaN else { break }
        // Safe because the index lies in `range`, which lies in the values.
        unsafe values[unchecked: range.lowerBound &+ run.count] = rounded
        run.count &+= 1
        run.position = cell.next
        run.endsLine = cell.end == .line
    }
    return run
}

/// Likewise in Float64.
package func readNumberCells(
    _ text: Span<UInt8>, from start: Int, separator: UInt8, into values: inout MutableSpan<Double>,
    at range: Range<Int>
) -> NumberCellRun {
    precondition(
        range.lowerBound >= 0 && range.upperBound <= values.count, "the range lies outside the values")
    var run = NumberCellRun(count: 0, position: start, endsLine: false)
    while run.count < range.count, !run.endsLine {
        let cell = readCell(text, from: run.position, separator)
        guard cell.end != .other else { break }
        // Safe because the index lies in `range`, which lies in the values.
        unsafe values[unchecked: range.lowerBound &+ run.count] = cell.value
        run.count &+= 1
        run.position = cell.next
        run.endsLine = cell.end == .line
    }
    return run
}

/// Reads the JSON number at `start`, rounded to Float64; returns where it ends, nil, and nothing is done,
/// when no number that Float64 can hold stands there. What stands behind it is for the caller to look at.
package func readNumber(_ text: Span<UInt8>, from start: Int, into value: inout Double) -> Int? {
    let short = readShortNumber(text, from: start)
    // Safe because a short number ends in front of the text's end.
    if short.isNumber, unsafe text[unchecked: short.end] | 0x20 != UInt8(ascii: "e") {
        value = short.value
        return short.end
    }
    return JSONReader.scanDouble(text, from: start, &value)
}

/// A cell that was read.
private struct NumberCell {
    enum End { case separator, line, other }

    var value: Double
    /// Where the next cell begins, or the line feed stands.
    var next: Int
    /// What stands behind it; `other`: it is not a plain cell.
    var end: End
}

@inline(__always)
private func readCell(_ text: Span<UInt8>, from start: Int, _ separator: UInt8) -> NumberCell {
    let short = readShortNumber(text, from: start)
    if short.isNumber {
        // Safe because a short number ends in front of the text's end.
        let next = unsafe text[unchecked: short.end]
        if next == separator {
            return NumberCell(value: short.value, next: short.end &+ 1, end: .separator)
        }
        if next == UInt8(ascii: "\n") {
            return NumberCell(value: short.value, next: short.end, end: .line)
        }
    }
    return readOtherCell(text, from: start, separator)
}

/// What is no short number, and the last of a line that ends with CR LF.
@inline(never)
private func readOtherCell(_ text: Span<UInt8>, from start: Int, _ separator: UInt8) -> NumberCell {
    let other = NumberCell(value: .nan, next: start, end: .other)
    guard start < text.count else { return other }
    if text[start] == separator { return NumberCell(value: .nan, next: start + 1, end: .separator) }
    var value = 0.0
    guard let end = JSONReader.scanDouble(text, from: start, &value), end < text.count else { return other }
    switch text[end] {
    case separator: return NumberCell(value: value, next: end + 1, end: .separator)
    case UInt8(ascii: "\n"): return NumberCell(value: value, next: end, end: .line)
    case UInt8(ascii: "\r"):
        guard end + 1 < text.count, text[end + 1] == UInt8(ascii: "\n") else { return other }
        return NumberCell(value: value, next: end + 1, end: .line)
    default: return other
    }
}

/// Nearly all numbers of tables: `-12.345678`, at most 7 digits in front of the point and 8 behind it, then
/// something else; `isNumber` is false for all others, and for those at the very ends of the text.
///
/// No branch depends on the sign or on how many digits there are, which no processor guesses right, and where
/// a number ends is known before its digits are summed up, so that neighbours are read side by side.
@inline(__always)
private func readShortNumber(
    _ text: Span<UInt8>, from start: Int
) -> (isNumber: Bool, value: Double, end: Int) {
    // Sixteen bytes are looked at from the start on, and one behind them; eight in front of the number's end.
    guard start >= 8, text.count &- start > 16 else { return (false, 0, start) }
    let low = digits(text, at: start)
    let high = digits(text, at: start &+ 8)
    // What is no digit; what is no point either, and so ends the number. Neither is looked for in the first
    // byte, which may be a sign.
    let others = nonDigits(low)
    let ends = others & nonPoints(low) & ~0xff
    let lateEnds = nonDigits(high) & nonPoints(high)
    // All ones when the number does not end in the first eight bytes.
    let isLate = ((ends | (0 &- ends)) &>> 63) &- 1
    let end = firstByte(ends) &+ (firstByte(lateEnds) & isLate)
    let point = firstByte(others & ~0xff)
    let isNegative: UInt64 = low & 0xff == minus ? 1 : 0
    let wholeCount = point &- isNegative
    // The point and the digits behind it; 0 when there is no point.
    let tail = end &- point
    let whole = low &>> (8 &* isNegative)
    // Safe because the tables have sixteen elements.
    let tailPlace = Int(truncatingIfNeeded: tail & 15)
    let fraction =
        unsafe digits(text, at: start &+ Int(truncatingIfNeeded: end) &- 8)
        & fractionMasks[unchecked: tailPlace]
    // A bit is set for each thing that is wrong. Differences are negative where a count is below its bound.
    var defects = (fraction &+ 0x7676_7676_7676_7676) & 0x8080_8080_8080_8080  // A second point.
    defects |= point &>> 3  // More than 7 digits in front.
    defects |= (wholeCount &- 1) &>> 63  // None.
    defects |= (9 &- tail) &>> 63  // More than 8 behind.
    defects |= ((tail ^ 1) &- 1) &>> 63  // None behind the point.
    defects |= (others &>> 7 & 1) ^ isNegative  // Neither a digit nor a sign in front.
    defects |= (((whole & 0xff) &- 1) & (1 &- wholeCount)) &>> 63  // A zero in front of digits.
    // At most fifteen digits are exact in Float64, so one rounding gives the right answer (Clinger, 1990).
    let significand =
        unsafe eightDigits(whole &<< (64 &- 8 &* wholeCount)) &* fractionUnits[unchecked: tailPlace]
        &+ eightDigits(fraction)
    let magnitude =
        unsafe Double(Int64(truncatingIfNeeded: significand)) / fractionDivisors[unchecked: tailPlace]
    return (
        defects == 0, Double(bitPattern: magnitude.bitPattern | isNegative &<< 63),
        start &+ Int(truncatingIfNeeded: end)
    )
}

/// `-` as `digits` has it.
private let minus = UInt64(UInt8(ascii: "-") ^ UInt8(ascii: "0"))

/// Eight characters, the first in the lowest byte; digits are their values.
///
/// - Parameter position: the caller has seen that eight bytes are there.
@inline(__always)
private func digits(_ text: Span<UInt8>, at position: Int) -> UInt64 {
    // Safe because the caller keeps the eight bytes inside the text, and every bit pattern is a UInt64.
    let word = unsafe text.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: UInt64.self)
    return UInt64(littleEndian: word) ^ 0x3030_3030_3030_3030
}

/// The top bit of each byte that is above 9.
@inline(__always)
private func nonDigits(_ digits: UInt64) -> UInt64 {
    ((digits & 0x7f7f_7f7f_7f7f_7f7f) &+ 0x7676_7676_7676_7676 | digits) & 0x8080_8080_8080_8080
}

/// The top bit, among others, of each byte that is no point.
@inline(__always)
private func nonPoints(_ digits: UInt64) -> UInt64 {
    // A point's byte becomes zero.
    let others = digits ^ 0x1e1e_1e1e_1e1e_1e1e
    return (others & 0x7f7f_7f7f_7f7f_7f7f) &+ 0x7f7f_7f7f_7f7f_7f7f | others
}

/// The place of the lowest byte whose top bit is set; 8 when there is none.
@inline(__always)
private func firstByte(_ marks: UInt64) -> UInt64 {
    UInt64(truncatingIfNeeded: marks.trailingZeroBitCount &>> 3)
}

/// The number that eight digits make, zeros in front.
@inline(__always)
private func eightDigits(_ digits: UInt64) -> UInt64 {
    // Lemire, "Number Parsing at a Gigabyte per Second", section 6.
    let pairs = digits &* 10 &+ (digits &>> 8)
    let even = (pairs & 0x0000_00ff_0000_00ff) &* 0x000f_4240_0000_0064
    let odd = ((pairs &>> 16) & 0x0000_00ff_0000_00ff) &* 0x0000_2710_0000_0001
    return (even &+ odd) &>> 32
}

// By the length of a number's tail, the point and the digits behind it, of which there are none to eight.

/// Keeps as many of a word's last characters.
private let fractionMasks: InlineArray<16, UInt64> = [
    0, 0, 0xff00_0000_0000_0000, 0xffff_0000_0000_0000, 0xffff_ff00_0000_0000, 0xffff_ffff_0000_0000,
    0xffff_ffff_ff00_0000, 0xffff_ffff_ffff_0000, 0xffff_ffff_ffff_ff00, 0xffff_ffff_ffff_ffff,
    0, 0, 0, 0, 0, 0,
]

private let fractionUnits: InlineArray<16, UInt64> = [
    1, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1, 1, 1, 1, 1, 1,
]

private let fractionDivisors: InlineArray<16, Double> = [
    1, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1, 1, 1, 1, 1, 1,
]
