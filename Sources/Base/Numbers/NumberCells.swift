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
    var value = 0.0
    while run.count < range.count, !run.endsLine, readCell(text, separator, &run, &value) {
        let rounded = Float(value)
        guard rounded.isFinite || value.isNaN else {
            // The cell is given back: its separator, too, is the caller's to find.
            return unread(text, from: start, run, separator)
        }
        // Safe because the index lies in `range`, which lies in the values.
        unsafe values[unchecked: range.lowerBound &+ run.count] = rounded
        run.count &+= 1
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
    var value = 0.0
    while run.count < range.count, !run.endsLine, readCell(text, separator, &run, &value) {
        // Safe because the index lies in `range`, which lies in the values.
        unsafe values[unchecked: range.lowerBound &+ run.count] = value
        run.count &+= 1
    }
    return run
}

/// Reads one cell and moves the run's position behind it; false, with nothing moved, when it is not plain.
@inline(__always)
private func readCell(
    _ text: Span<UInt8>, _ separator: UInt8, _ run: inout NumberCellRun, _ value: inout Double
) -> Bool {
    let count = text.count
    // Safe because each index is compared with the count before the byte is read.
    guard run.position < count else { return false }
    if unsafe text[unchecked: run.position] == separator {
        value = .nan
        run.position &+= 1
        return true
    }
    guard let end = JSONReader.scanDouble(text, from: run.position, &value), end < count else { return false }
    let next = unsafe text[unchecked: end]
    if next == separator {
        run.position = end &+ 1
        return true
    }
    if next == UInt8(ascii: "\n") {
        run.position = end
        run.endsLine = true
        return true
    }
    // Safe as above.
    guard next == UInt8(ascii: "\r"), end &+ 1 < count,
        unsafe text[unchecked: end &+ 1] == UInt8(ascii: "\n")
    else { return false }
    run.position = end &+ 1
    run.endsLine = true
    return true
}

/// The run as it was before the cell that `run.position` now lies behind.
@inline(never)
private func unread(
    _ text: Span<UInt8>, from start: Int, _ run: NumberCellRun, _ separator: UInt8
) -> NumberCellRun {
    var place = run.position - 1
    while place > start && text[place - 1] != separator && text[place - 1] != UInt8(ascii: "\n") {
        place -= 1
    }
    return NumberCellRun(count: run.count, position: place, endsLine: false)
}
