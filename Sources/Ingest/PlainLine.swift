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

    /// Where a cell begins and ends.
    private struct Cell {
        var start: Int
        var end: Int
    }

    private var segments: [Segment] = []
    /// Lines kept back, and the line read last.
    private var rows = KeptRows()
    private var knownCells = KnownCells()
    /// Where the cells of the line read last that are no numbers begin and end, by column.
    private var cells: [Cell] = []
    private var hasTexts = false
    /// Where in `rows` the line read last stands.
    private var lineStart = 0
    /// Nothing of the line read last has to be looked at again.
    private var isKnown = false

    /// Lines have these columns from now on; none is kept back.
    ///
    /// - Parameter missing: cells that stand for a missing value.
    mutating func plan(_ readings: [Reading], missing: [String]) {
        precondition(rows.count == 0, "lines of other columns are not handed on yet")
        hasTexts = readings.contains(.text)
        segments.removeAll(keepingCapacity: true)
        for (column, reading) in readings.enumerated() {
            if let last = segments.last, last.reading == reading {
                segments[segments.count - 1].columns = last.columns.lowerBound..<column + 1
            } else {
                segments.append(Segment(reading: reading, columns: column..<column + 1))
            }
        }
        guard rows.width != readings.count else { return }
        rows.begin(width: readings.count)
        knownCells = KnownCells(columnCount: readings.count, missing: missing + [""])
        cells = [Cell](repeating: Cell(start: 0, end: 0), count: readings.count)
    }

    /// Keeps the line that was read last back when everything of it is known; false, and nothing is done, for
    /// another.
    mutating func keepBack(_ places: [Int], _ table: inout TableAssembler) -> Bool {
        guard isKnown else { return false }
        rows.keep(places, &table)
        return true
    }

    /// Adds the lines that were kept back to `table`.
    mutating func handOn(_ places: [Int], to table: inout TableAssembler) {
        rows.handOn(places, to: &table)
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
        lineStart = rows.rowStart
        isKnown = !hasTexts
        var cursor = Cursor(position: start)
        let isPlain = PlainLine.read(
            chunk, &cursor, csv, Line(segments: segments, start: lineStart), knownCells, &isKnown,
            &rows.numbers, &rows.codes, &cells)
        guard isPlain, cursor.endsLine else { return nil }
        // An empty line of one column is a matter for the parser.
        return cursor.position > start ? cursor.position + 1 : nil
    }

    private struct Line {
        let segments: [Segment]
        let start: Int
    }

    /// Not a method, since of what a value holds only one thing may be written through a span, and arrays
    /// look after their owner at each write.
    @inline(__always)
    private static func read(
        _ chunk: Span<UInt8>, _ cursor: inout Cursor, _ csv: CSVOptions, _ line: Line,
        _ knownCells: KnownCells, _ isKnown: inout Bool, _ numberArray: inout [Double],
        _ codeArray: inout [Int32], _ cellArray: inout [Cell]
    ) -> Bool {
        var numbers = numberArray.mutableSpan
        var codes = codeArray.mutableSpan
        var cells = cellArray.mutableSpan
        for segment in line.segments {
            // The line is over, and here are columns more.
            if cursor.endsLine { return false }
            if segment.reading == .number {
                let lower = line.start &+ segment.columns.lowerBound
                let places = lower..<lower &+ segment.columns.count
                guard readNumbers(chunk, &cursor, csv, into: &numbers, at: places) else { return false }
                continue
            }
            for column in segment.columns {
                if cursor.endsLine { return false }
                let start = cursor.position
                if segment.reading == .known, let cell = ShortCell(chunk, from: start, csv.delimiter),
                    advance(chunk, &cursor, cell, csv.delimiter)
                {
                    cells[column] = Cell(start: start, end: cell.end)
                    let code = knownCells.code(cell, column)
                    codes[line.start &+ column] = code
                    if code == KnownCells.unknown { isKnown = false }
                    continue
                }
                guard let end = nextCell(chunk, &cursor, csv.delimiter) else { return false }
                cells[column] = Cell(start: start, end: end)
                switch segment.reading {
                case .known: isKnown = false
                case .date:
                    let cell = chunk.extracting(start..<end)
                    let seconds = DateText.parse(cell)
                    numbers[line.start &+ column] = seconds ?? .nan
                    if seconds == nil, !csv.isMissing(cell) { isKnown = false }
                case .number, .text, .skipped: break
                }
            }
        }
        return true
    }

    /// Reads numbers, missing ones included, to `places`; false for another cell among them.
    @inline(__always)
    private static func readNumbers(
        _ chunk: Span<UInt8>, _ cursor: inout Cursor, _ csv: CSVOptions,
        into numbers: inout MutableSpan<Double>,
        at places: Range<Int>
    ) -> Bool {
        var place = places.lowerBound
        while true {
            let run = readNumberCells(
                chunk, from: cursor.position, separator: csv.delimiter, into: &numbers,
                at: place..<places.upperBound)
            place += run.count
            cursor = Cursor(position: run.position, endsLine: run.endsLine)
            if place == places.upperBound { return true }
            if run.endsLine { return false }
            guard let value = readOtherNumber(chunk, &cursor, csv) else { return false }
            numbers[place] = value
            place += 1
            if place == places.upperBound { return true }
            if cursor.endsLine { return false }
        }
    }

    /// A number that is written in another way, or a missing one; nil for another cell.
    @inline(never)
    private static func readOtherNumber(
        _ chunk: Span<UInt8>, _ cursor: inout Cursor, _ csv: CSVOptions
    ) -> Double? {
        let start = cursor.position
        guard let end = nextCell(chunk, &cursor, csv.delimiter) else { return nil }
        let cell = chunk.extracting(start..<end)
        return parseDouble(cell) ?? (csv.isMissing(cell) ? .nan : nil)
    }

    /// Moves the cursor behind a cell; false, and nothing is done, when no cell ends there.
    @inline(__always)
    private static func advance(
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

    /// The end of the next cell, when it is not quoted; the cursor moves behind its separator or to the line
    /// feed.
    private static func nextCell(
        _ chunk: Span<UInt8>, _ cursor: inout Cursor, _ delimiter: UInt8
    ) -> Int? {
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
        precondition(rows.count == 0, "lines before it are not handed on yet")
        for segment in segments {
            for column in segment.columns {
                switch segment.reading {
                case .number: table.append(rows.numbers[lineStart + column], to: places[column])
                case .known, .date, .text:
                    let cell = chunk.extracting(cells[column].start..<cells[column].end)
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
        guard let cell = ShortCell(chunk, from: cells[column].start, csv.delimiter),
            cell.end == cells[column].end
        else { return }
        knownCells.insert(cell, column, code)
    }

    /// The cells of the line in `range`, for a report.
    func cells(_ chunk: Span<UInt8>, _ range: Range<Int>, _ csv: CSVOptions) -> [String] {
        var cells: [String] = []
        var cursor = Cursor(position: range.lowerBound)
        while !cursor.endsLine, cursor.position < range.upperBound {
            let start = cursor.position
            guard let end = PlainLine.nextCell(chunk, &cursor, csv.delimiter) else { break }
            cells.append(String(copying: chunk.extracting(start..<end)))
        }
        return cells
    }
}
