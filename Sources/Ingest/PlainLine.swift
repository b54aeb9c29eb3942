// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// A line of CSV without quotes and surprises, read where it lies: runs of numbers in one go each, cells of
/// categories by what was met before, other cells as places in the chunk. Nearly all lines are such; this is
/// what makes reading them fast.
///
/// A line is read whole before anything of it is kept: what is not plain is `CSVParser`'s matter, from the
/// line's beginning. Lines of which everything is known, numbers, dates, missing values and categories that
/// were met before, are kept back and handed on many at a time, column by column.
struct PlainLine {
    /// How the cells of a column are read.
    enum Reading {
        case number, date
        /// A category, or in a column of nothing so far a missing value.
        case known
        case text, skipped
    }

    /// Columns next to each other that are read alike.
    private struct Segment {
        var reading: Reading
        var columns: Range<Int>
    }

    private var segments: [Segment] = []
    private var width = 0
    /// The numbers and dates of lines kept back and of the line read last, row by row.
    private var numbers: [Double] = []
    /// The categories' codes, likewise.
    private var codes: [Int32] = []
    private var knownCells = KnownCells()
    /// Where the cells of the line read last that are no numbers begin and end, by column.
    private var starts: [Int] = []
    private var ends: [Int] = []
    private var hasTexts = false
    /// Where in `numbers` and `codes` the line read last stands.
    private var lineStart = 0
    /// Nothing of the line read last has to be looked at again.
    private var isKnown = false
    /// Lines kept back.
    private var rowCount = 0

    /// Enough for a column's memory to be written in stretches, and few enough to stay near the processor.
    private static let rowCountMax = 64

    /// Lines have these columns from now on; none is kept back.
    ///
    /// - Parameter missing: cells that stand for a missing value.
    mutating func plan(_ readings: [Reading], missing: [String]) {
        precondition(rowCount == 0, "lines of other columns are not handed on yet")
        hasTexts = readings.contains(.text)
        segments.removeAll(keepingCapacity: true)
        for (column, reading) in readings.enumerated() {
            if let last = segments.last, last.reading == reading {
                segments[segments.count - 1].columns = last.columns.lowerBound..<column + 1
            } else {
                segments.append(Segment(reading: reading, columns: column..<column + 1))
            }
        }
        guard width != readings.count else { return }
        width = readings.count
        numbers = [Double](repeating: .nan, count: width * Self.rowCountMax)
        codes = [Int32](repeating: Column.missingCode, count: width * Self.rowCountMax)
        knownCells = KnownCells(columnCount: width, missing: missing)
        starts = [Int](repeating: 0, count: width)
        ends = starts
    }

    /// Keeps the line that was read last back when everything of it is known; false, and nothing is done, for
    /// another.
    mutating func keepBack(_ places: [Int], _ table: inout TableAssembler) -> Bool {
        guard isKnown else { return false }
        rowCount += 1
        if rowCount == Self.rowCountMax { handOn(places, to: &table) }
        return true
    }

    /// Adds the lines that were kept back to `table`.
    mutating func handOn(_ places: [Int], to table: inout TableAssembler) {
        guard rowCount > 0 else { return }
        table.append(numbers, codes, width: width, rowCount: rowCount, to: places)
        rowCount = 0
    }

    /// Where in a line a reader stands.
    private struct Cursor {
        /// Of the next cell, or of the line feed behind the last one.
        var position: Int
        var endsLine = false
    }

    /// Reads the line at `start`; returns where the next begins, nil when the line is not plain, not of the
    /// columns' number, or does not end in `chunk`.
    mutating func read(_ chunk: Span<UInt8>, from start: Int, _ csv: CSVOptions) -> Int? {
        var cursor = Cursor(position: start)
        lineStart = rowCount * width
        isKnown = !hasTexts
        for segment in segments {
            // The line is over, and here are columns more.
            if cursor.endsLine { return nil }
            switch segment.reading {
            case .number:
                guard readNumbers(chunk, &cursor, segment.columns, csv) else { return nil }
            case .known:
                for column in segment.columns {
                    if cursor.endsLine { return nil }
                    guard readKnown(chunk, &cursor, column, csv) else { return nil }
                }
            case .date, .text, .skipped:
                for column in segment.columns {
                    if cursor.endsLine { return nil }
                    starts[column] = cursor.position
                    guard let end = nextCell(chunk, &cursor, csv.delimiter) else { return nil }
                    ends[column] = end
                    if segment.reading == .date { readDate(chunk, column, csv) }
                }
            }
        }
        guard cursor.endsLine else { return nil }
        // An empty line of one column is a matter for the parser.
        return cursor.position > start ? cursor.position + 1 : nil
    }

    /// Reads the numbers of `columns`, missing ones included; false for another cell among them.
    private mutating func readNumbers(
        _ chunk: Span<UInt8>, _ cursor: inout Cursor, _ columns: Range<Int>, _ csv: CSVOptions
    ) -> Bool {
        var place = lineStart + columns.lowerBound
        let placeMax = lineStart + columns.upperBound
        while true {
            var values = numbers.mutableSpan
            let run = readNumberCells(
                chunk, from: cursor.position, separator: csv.delimiter, into: &values, at: place..<placeMax)
            place += run.count
            cursor = Cursor(position: run.position, endsLine: run.endsLine)
            if place == placeMax { return true }
            // One cell that is written in another way, and on.
            let start = cursor.position
            guard !run.endsLine, let end = nextCell(chunk, &cursor, csv.delimiter) else { return false }
            let cell = chunk.extracting(start..<end)
            if let value = parseDouble(cell) {
                numbers[place] = value
            } else {
                guard csv.isMissing(cell) else { return false }
                numbers[place] = .nan
            }
            place += 1
            if place == placeMax { return true }
            if cursor.endsLine { return false }
        }
    }

    /// Reads a cell whose words may have been met before; false for one that is not plain.
    @inline(__always)
    private mutating func readKnown(
        _ chunk: Span<UInt8>, _ cursor: inout Cursor, _ column: Int, _ csv: CSVOptions
    ) -> Bool {
        let start = cursor.position
        starts[column] = start
        numbers[lineStart + column] = .nan
        guard let cell = ShortCell(chunk, from: start, csv.delimiter),
            advance(chunk, &cursor, cell, csv.delimiter)
        else {
            isKnown = false
            guard let end = nextCell(chunk, &cursor, csv.delimiter) else { return false }
            ends[column] = end
            return true
        }
        ends[column] = cell.end
        let code = knownCells.code(cell, column)
        codes[lineStart + column] = code
        if code == KnownCells.unknown { isKnown = false }
        return true
    }

    /// Moves the cursor behind a cell; false, and nothing is done, when no cell ends there.
    @inline(__always)
    private func advance(
        _ chunk: Span<UInt8>, _ cursor: inout Cursor, _ cell: ShortCell, _ delimiter: UInt8
    ) -> Bool {
        let byte = chunk[cell.end]
        if byte == delimiter {
            cursor.position = cell.end + 1
            return true
        }
        if byte == UInt8(ascii: "\n") {
            cursor = Cursor(position: cell.end, endsLine: true)
            return true
        }
        guard byte == UInt8(ascii: "\r"), cell.end + 1 < chunk.count,
            chunk[cell.end + 1] == UInt8(ascii: "\n")
        else { return false }
        cursor = Cursor(position: cell.end + 1, endsLine: true)
        return true
    }

    private mutating func readDate(_ chunk: Span<UInt8>, _ column: Int, _ csv: CSVOptions) {
        let cell = chunk.extracting(starts[column]..<ends[column])
        if let seconds = DateText.parse(cell) {
            numbers[lineStart + column] = seconds
        } else {
            numbers[lineStart + column] = .nan
            if !csv.isMissing(cell) { isKnown = false }
        }
    }

    /// The end of the next cell, when it is not quoted; the cursor moves behind its separator or to the line
    /// feed.
    private func nextCell(_ chunk: Span<UInt8>, _ cursor: inout Cursor, _ delimiter: UInt8) -> Int? {
        var end = cursor.position
        while end < chunk.count {
            // Safe because `end` was just compared with the count.
            let byte = unsafe chunk[unchecked: end]
            if byte == delimiter {
                cursor.position = end + 1
                return end
            }
            if byte == UInt8(ascii: "\n") {
                cursor = Cursor(position: end, endsLine: true)
                return end
            }
            if byte == UInt8(ascii: "\r") {
                guard end + 1 < chunk.count, chunk[end + 1] == UInt8(ascii: "\n") else { return nil }
                cursor = Cursor(position: end + 1, endsLine: true)
                return end
            }
            if byte == UInt8(ascii: "\"") || byte == 0 { return nil }
            end += 1
        }
        return nil
    }

    /// Adds the line that was read last, which is not kept back, to the row at hand of `table`, which has all
    /// lines before it.
    ///
    /// - Parameter places: of the columns in the table.
    mutating func append(
        _ chunk: Span<UInt8>, _ csv: CSVOptions, _ places: [Int], to table: inout TableAssembler
    ) {
        precondition(rowCount == 0, "lines before it are not handed on yet")
        for segment in segments {
            for column in segment.columns {
                switch segment.reading {
                case .number: table.append(numbers[lineStart + column], to: places[column])
                case .known, .date, .text:
                    let cell = chunk.extracting(starts[column]..<ends[column])
                    if csv.isMissing(cell) {
                        table.appendMissing(places[column])
                    } else {
                        table.append(cell, to: places[column])
                        if segment.reading == .known, let code = table.lastCode(places[column]) {
                            remember(chunk, column, code, csv)
                        }
                    }
                case .skipped: break
                }
            }
        }
    }

    private mutating func remember(
        _ chunk: Span<UInt8>, _ column: Int, _ code: Int32, _ csv: CSVOptions
    ) {
        guard let cell = ShortCell(chunk, from: starts[column], csv.delimiter), cell.end == ends[column]
        else { return }
        knownCells.insert(cell, column, code)
    }

    /// The cells of the line in `range`, for a report.
    func cells(_ chunk: Span<UInt8>, _ range: Range<Int>, _ csv: CSVOptions) -> [String] {
        var cells: [String] = []
        var cursor = Cursor(position: range.lowerBound)
        while !cursor.endsLine, cursor.position < range.upperBound {
            let start = cursor.position
            guard let end = nextCell(chunk, &cursor, csv.delimiter) else { break }
            cells.append(String(copying: chunk.extracting(start..<end)))
        }
        return cells
    }
}
