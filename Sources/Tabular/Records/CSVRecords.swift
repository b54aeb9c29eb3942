// SPDX-License-Identifier: Apache-2.0
import Base

/// Reads whole records of a CSV file straight into a block of rows; the rules are those of `CSVParser`
/// (`docs/reference/csv.md`), but a broken record is an error of its own, and the next one is read.
///
/// Most records are taken in one pass: numbers go from the text into the block. A record with a quote, or
/// with anything that is not plainly right, is taken apart by `CSVParser`, so that both agree.
package struct CSVRecords: Sendable {
    package let options: CSVOptions
    private let separator: UInt8

    package init(_ options: CSVOptions) {
        self.options = options
        separator = options.delimiter
    }

    /// Reads records of `chunk`, which ends with a record, into `block`; returns where the next one begins.
    ///
    /// - Parameters:
    ///   - start: where a record begins.
    ///   - firstLine: the line of the file that is.
    ///   - recordLimit: how many at most.
    @discardableResult
    package func read(
        _ chunk: Span<UInt8>, from start: Int = 0, firstLine: Int, recordLimit: Int = .max,
        _ plan: ColumnPlan, into block: inout RecordBlock
    ) -> Int {
        block.reset(columnCount: plan.index.schema.count, numberType: plan.inputType)
        let keptCount = plan.keptColumns.count
        var position = start
        while position < chunk.count && block.recordCount < recordLimit {
            if plan.names.count > 1, let next = emptyLineEnd(chunk, position) {
                block.lineCount += 1
                position = next
                continue
            }
            let record = block.recordCount
            block.rows.appendRows(1)
            for _ in 0..<keptCount { block.kept.append(.absent) }
            if let next = readPlain(chunk, from: position, record, plan, into: &block) {
                block.lineCount += 1
                position = next
            } else {
                position = readExactly(
                    chunk, from: position, firstLine + block.lineCount, record, plan, into: &block)
            }
        }
        return position
    }

    /// The end of an empty line at `position`; nil when there is something on it.
    private func emptyLineEnd(_ chunk: Span<UInt8>, _ position: Int) -> Int? {
        if chunk[position] == UInt8(ascii: "\n") { return position + 1 }
        guard chunk[position] == UInt8(ascii: "\r"), position + 1 < chunk.count,
            chunk[position + 1] == UInt8(ascii: "\n")
        else { return nil }
        return position + 2
    }

    // MARK: The plain way

    /// Reads a record without quotes and surprises; returns where the next begins, nil for any other record.
    @inline(__always)
    private func readPlain(
        _ chunk: Span<UInt8>, from start: Int, _ record: Int, _ plan: ColumnPlan,
        into block: inout RecordBlock
    ) -> Int? {
        var cursor = Cursor(position: start)
        for segment in plan.segments {
            // The line ended, and here is a column more.
            if cursor.endsLine { return nil }
            switch segment {
            case .numbers(let columns, let feature):
                guard
                    readNumbers(
                        chunk, &cursor, columns.count, record * block.rows.columnCount + feature, record,
                        feature, &block)
                else { return nil }
            case .skipped(let columns):
                for number in 0..<columns.count {
                    if number > 0 && cursor.endsLine { return nil }
                    guard nextCell(chunk, &cursor) != nil else { return nil }
                }
            case .single(let column):
                guard let cell = nextCell(chunk, &cursor) else { return nil }
                if let place = plan.keptPlaces[column] {
                    guard isText(chunk.extracting(cell)) else { return nil }
                    block.kept[record * plan.keptColumns.count + place] = KeptCell(
                        form: .text, start: UInt32(truncatingIfNeeded: cell.lowerBound),
                        end: UInt32(truncatingIfNeeded: cell.upperBound))
                }
                guard let feature = plan.features[column] else { continue }
                guard store(chunk.extracting(cell), record, feature, plan.index, &block.rows) == nil else {
                    return nil
                }
            }
        }
        return cursor.endsLine ? cursor.position + 1 : nil
    }

    private struct Cursor {
        var position: Int
        /// `position` is that of the line feed behind the last cell.
        var endsLine = false
    }

    /// Reads `count` numeric cells into the block's cells from `first` on.
    @inline(__always)
    private func readNumbers(
        _ chunk: Span<UInt8>, _ cursor: inout Cursor, _ count: Int, _ first: Int, _ record: Int,
        _ feature: Int, _ block: inout RecordBlock
    ) -> Bool {
        var done = 0
        while true {
            let run: NumberCellRun
            switch block.rows.numberType {
            case .float32:
                var values = block.rows.mutableFloat32
                run = readNumberCells(
                    chunk, from: cursor.position, separator: separator, into: &values,
                    at: first + done..<first + count)
            case .float64:
                var values = block.rows.mutableFloat64
                run = readNumberCells(
                    chunk, from: cursor.position, separator: separator, into: &values,
                    at: first + done..<first + count)
            }
            done += run.count
            cursor = Cursor(position: run.position, endsLine: run.endsLine)
            if done == count { return true }
            // One cell that is written in another way, and on.
            guard !run.endsLine, let cell = nextCell(chunk, &cursor),
                let value = number(chunk.extracting(cell), block.rows.numberType)
            else { return false }
            block.rows.set(value, row: record, column: feature + done)
            done += 1
            if done == count { return true }
            if cursor.endsLine { return false }
        }
    }

    /// The next cell, when it is not quoted; the cursor moves behind its separator or to the line feed.
    private func nextCell(_ chunk: Span<UInt8>, _ cursor: inout Cursor) -> Range<Int>? {
        let start = cursor.position
        var end = start
        while end < chunk.count {
            // Safe because `end` was just compared with the count.
            let byte = unsafe chunk[unchecked: end]
            if byte == separator {
                cursor.position = end + 1
                return start..<end
            }
            if byte == UInt8(ascii: "\n") {
                cursor = Cursor(position: end, endsLine: true)
                return start..<end
            }
            if byte == UInt8(ascii: "\r") {
                guard end + 1 < chunk.count, chunk[end + 1] == UInt8(ascii: "\n") else { return nil }
                cursor = Cursor(position: end + 1, endsLine: true)
                return start..<end
            }
            if byte == UInt8(ascii: "\"") || byte == 0 { return nil }
            end += 1
        }
        return nil
    }

    // MARK: The exact way

    /// Reads the record at `start`, whatever it holds; returns where the next begins.
    private func readExactly(
        _ chunk: Span<UInt8>, from start: Int, _ line: Int, _ record: Int, _ plan: ColumnPlan,
        into block: inout RecordBlock
    ) -> Int {
        let end = CSVFraming.recordEnd(chunk, from: start, separator: separator) ?? chunk.count
        let bytes = chunk.extracting(start..<end)
        var parser = CSVParser(options, startsFile: false)
        // What the plain way took before it gave up.
        let keptCount = plan.keptColumns.count
        for place in record * keptCount..<(record + 1) * keptCount { block.kept[place] = .absent }
        do throws(CSVError) {
            var offset = 0
            let isComplete = try parser.parse(bytes, from: &offset)
            if !isComplete { _ = try parser.finish() }
            try take(parser, line, record, plan, into: &block)
        } catch {
            var error = error
            error.line += line - 1
            if error.name == nil, let column = error.column, column <= plan.names.count {
                error.name = plan.names[column - 1]
            }
            block.errors.append(.init(record: record, error: RecordError(error)))
        }
        for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") { block.lineCount += 1 }
        // The last line of a file may lack its end.
        if end == chunk.count && end > 0 && chunk[end - 1] != UInt8(ascii: "\n") { block.lineCount += 1 }
        return end
    }

    /// Stores the fields that `parser` holds. Errors count lines from the record's first, which is 1.
    private func take(
        _ parser: borrowing CSVParser, _ line: Int, _ record: Int, _ plan: ColumnPlan,
        into block: inout RecordBlock
    ) throws(CSVError) {
        guard parser.fieldCount == plan.names.count else {
            throw CSVError(
                line: 1, reason: .raggedRow(fields: parser.fieldCount, expected: plan.names.count))
        }
        for (place, column) in plan.keptColumns.enumerated() {
            let start = block.decoded.count
            guard String(validating: parser.field(column)) != nil else {
                throw CSVError(line: 1, column: column + 1, reason: .notUTF8)
            }
            block.decoded.append(parser.field(column))
            block.kept[record * plan.keptColumns.count + place] = KeptCell(
                form: .decodedText, start: UInt32(start), end: UInt32(block.decoded.count))
        }
        for (column, feature) in plan.features.enumerated() {
            guard let feature else { continue }
            if let reason = store(parser.field(column), record, feature, plan.index, &block.rows) {
                throw CSVError(line: 1, column: column + 1, reason: reason)
            }
        }
    }

    // MARK: Cells

    /// Stores a cell as the feature has it; returns what is wrong with it.
    private func store(
        _ cell: Span<UInt8>, _ record: Int, _ feature: Int, _ index: SchemaIndex, _ rows: inout RowBlock
    ) -> CSVError.Reason? {
        if index.schema.features[feature].kind == .numeric {
            guard let value = number(cell, rows.numberType) else {
                return .notANumber(String(copying: cell.extracting(0..<min(cell.count, 60))))
            }
            rows.set(value, row: record, column: feature)
            return nil
        }
        if options.isMissing(cell) {
            rows.set(.nan, row: record, column: feature)
            return nil
        }
        guard let name = String(validating: cell) else { return .notUTF8 }
        if index.store(name, into: &rows, row: record, column: feature) { return nil }
        if let seconds = parseDouble(trimmed(cell)) {
            rows.set(seconds, row: record, column: feature)
            return nil
        }
        return .notADate(String(copying: cell.extracting(0..<min(cell.count, 60))))
    }

    private func isText(_ cell: Span<UInt8>) -> Bool {
        for position in cell.indices where cell[position] >= 0x80 { return String(validating: cell) != nil }
        return true
    }

    /// The number of a cell, NaN when it is missing; nil when it is none, or none that the type can hold.
    private func number(_ cell: Span<UInt8>, _ type: NumberType) -> Double? {
        if let value = parseDouble(trimmed(cell)) {
            return type == .float64 || Float(value).isFinite ? value : nil
        }
        return options.isMissing(cell) ? .nan : nil
    }
}
