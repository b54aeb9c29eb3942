// SPDX-License-Identifier: Apache-2.0
import Base

/// Reads whole lines of JSON straight into a block of rows: an object a line, its members found by name in
/// any order, or an array of all features in the model's order. Lines of white space hold no record.
///
/// A line that is no JSON, or does not fit the model, is an error of its own, and the next one is read.
package struct JSONLinesRecords: Sendable {
    private let index: SchemaIndex
    private let inputType: NumberType
    /// The members that are handed on, in this order.
    package let keptNames: [String]
    /// Each record's whole text is handed on, and no member.
    private let keepsRecords: Bool
    /// Cells that are handed on of each record.
    package var keptCount: Int { keepsRecords ? 1 : keptNames.count }
    private let keptPlaces: [String: Int]
    /// The features' names in UTF-8, to be compared with keys as they stand in the text.
    private let names: [[UInt8]]
    private let isCategorical: [Bool]

    /// - Parameter keepsRecords: hand on the whole text of each record; then `kept` has to be empty.
    package init(
        index: SchemaIndex, inputType: NumberType, kept: [String], keepsRecords: Bool = false
    ) {
        precondition(!keepsRecords || kept.isEmpty, "whole records are handed on, or members of them")
        self.keepsRecords = keepsRecords
        self.index = index
        self.inputType = inputType
        keptNames = kept
        keptPlaces = Dictionary(
            kept.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        names = index.schema.features.map { Array($0.name.utf8) }
        isCategorical = index.schema.features.map { $0.kind != .numeric }
    }

    /// Reads records of `chunk` into `block`; returns where the next line begins.
    ///
    /// - Parameters:
    ///   - start: where a line begins.
    ///   - firstLine: the line of the file that is.
    ///   - recordLimit: how many records at most.
    @discardableResult
    package func read(
        _ chunk: Span<UInt8>, from start: Int = 0, firstLine: Int, recordLimit: Int = .max,
        into block: inout RecordBlock
    ) -> Int {
        block.reset(columnCount: index.schema.count, numberType: inputType)
        var seen = [Int](repeating: -1, count: names.count)
        var start = start
        while start < chunk.count && block.recordCount < recordLimit {
            let end = CSVFraming.lineEnd(chunk, from: start)
            let line = firstLine + block.lineCount
            block.lineCount += 1
            let text = chunk.extracting(start..<end)
            if !isBlank(text) {
                let record = block.recordCount
                block.rows.appendRows(1)
                for _ in keptNames { block.kept.append(.absent) }
                if keepsRecords {
                    let (first, last) = Self.trimmed(text)
                    block.kept.append(
                        KeptCell(form: .json, start: UInt32(start + first), end: UInt32(start + last)))
                }
                do throws(RecordError) {
                    try read(text, at: start, line, record, &seen, into: &block)
                } catch {
                    keepWhatIsThere(text, at: start, record, into: &block)
                    block.errors.append(.init(record: record, error: error))
                }
            }
            start = end
        }
        return start
    }

    /// Where the text without white space at its ends begins and ends.
    private static func trimmed(_ text: Span<UInt8>) -> (Int, Int) {
        var (first, last) = (0, text.count)
        while first < last, text[first] <= 0x20 { first += 1 }
        while last > first, text[last - 1] <= 0x20 { last -= 1 }
        return (first, last)
    }

    private func isBlank(_ text: Span<UInt8>) -> Bool {
        for position in text.indices {
            let byte = text[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return false }
        }
        return true
    }

    private func read(
        _ text: Span<UInt8>, at start: Int, _ line: Int, _ record: Int, _ seen: inout [Int],
        into block: inout RecordBlock
    ) throws(RecordError) {
        var reader = JSONReader(text)
        do {
            switch try reader.peek() {
            case .array: try readArray(&reader, line, record, into: &block)
            case .object: try readObject(&reader, at: start, line, record, &seen, into: &block)
            case let token:
                throw RecordError(
                    line: line, code: "wrong_value",
                    reason: "a record is an object or an array, not \(token.name)")
            }
            try reader.expectEnd()
        } catch let error as RecordError {
            throw error
        } catch let error as JSONError {
            throw RecordError(
                line: line, column: error.position(in: text).column, code: "json_malformed",
                reason: error.description)
        } catch {
            preconditionFailure("reading a line throws no other error")
        }
    }

    // MARK: Arrays

    private func readArray(
        _ reader: inout JSONReader, _ line: Int, _ record: Int, into block: inout RecordBlock
    ) throws {
        try reader.beginArray()
        let width = names.count
        var column = 0
        while true {
            if column < width && index.isNumeric {
                column += readRun(&reader, record * width + column..<(record + 1) * width, &block.rows)
            }
            guard try reader.nextElement() else { break }
            guard column < width else {
                column += 1
                try reader.skipValue()
                continue
            }
            try readValue(&reader, line, record, column, into: &block)
            column += 1
        }
        guard column == width else {
            throw RecordError(
                line: line, code: "ragged_record",
                reason: "\(column) value\(column == 1 ? "" : "s") where the model has \(width) features")
        }
    }

    private func readRun(
        _ reader: inout JSONReader, _ range: Range<Int>, _ rows: inout RowBlock
    ) -> Int {
        switch rows.numberType {
        case .float32:
            var values = rows.mutableFloat32
            return reader.readNumbers(into: &values, at: range)
        case .float64:
            var values = rows.mutableFloat64
            return reader.readNumbers(into: &values, at: range, roundsToFloat32: false)
        }
    }

    // MARK: Objects

    private func readObject(
        _ reader: inout JSONReader, at start: Int, _ line: Int, _ record: Int, _ seen: inout [Int],
        into block: inout RecordBlock
    ) throws {
        try reader.beginObject()
        var found = 0
        // Members mostly come in the model's order.
        var next = 0
        while let key = try reader.nextKeyText() {
            var column: Int?
            if next < names.count, keptPlaces.isEmpty {
                let expected = names[next]
                if reader.matches(key, expected.span) { column = next }
            }
            var place: Int?
            if column == nil {
                let name = reader.string(key)
                column = index.column(named: name)
                place = keptPlaces[name]
            }
            guard let column else {
                let range = try reader.skipValue()
                if let place { try keep(range, at: start, place, line, record, &block) }
                continue
            }
            guard seen[column] != record else {
                throw RecordError(
                    line: line, name: index.schema.features[column].name, code: "repeated_name",
                    reason: "the name comes twice in one record")
            }
            seen[column] = record
            found += 1
            next = column + 1
            _ = try reader.peek()
            let before = reader.position
            try readValue(&reader, line, record, column, into: &block)
            if let place { try keep(before..<reader.position, at: start, place, line, record, &block) }
        }
        guard found == names.count else {
            let missing = names.indices.filter { seen[$0] != record }.map { index.schema.features[$0].name }
            throw RecordError(
                line: line, name: missing.first, code: "missing_features",
                reason: "missing: \(missing.prefix(8).joined(separator: ", "))"
                    + (missing.count > 8 ? ", …" : "") + "; null stands for a value that is not known")
        }
    }

    /// What of a bad record is to be handed on and was not come to: it may be what tells which record it is.
    private func keepWhatIsThere(
        _ text: Span<UInt8>, at start: Int, _ record: Int, into block: inout RecordBlock
    ) {
        guard !keptNames.isEmpty else { return }
        var reader = JSONReader(text)
        guard (try? reader.beginObject()) != nil else { return }
        while let key = try? reader.nextKeyText() {
            let place = keptPlaces[reader.string(key)]
            _ = try? reader.peek()
            guard let range = try? reader.skipValue() else { return }
            guard let place else { continue }
            let cell = record * keptNames.count + place
            guard block.kept[cell].form == .absent else { continue }
            block.kept[cell] = KeptCell(
                form: .json, start: UInt32(truncatingIfNeeded: start + range.lowerBound),
                end: UInt32(truncatingIfNeeded: start + range.upperBound))
        }
    }

    private func keep(
        _ range: Range<Int>, at start: Int, _ place: Int, _ line: Int, _ record: Int,
        _ block: inout RecordBlock
    ) throws(RecordError) {
        let cell = record * keptNames.count + place
        guard block.kept[cell].form == .absent else {
            throw RecordError(
                line: line, name: keptNames[place], code: "repeated_name",
                reason: "the name comes twice in one record")
        }
        block.kept[cell] = KeptCell(
            form: .json, start: UInt32(truncatingIfNeeded: start + range.lowerBound),
            end: UInt32(truncatingIfNeeded: start + range.upperBound))
    }

    // MARK: Values

    private func readValue(
        _ reader: inout JSONReader, _ line: Int, _ record: Int, _ column: Int, into block: inout RecordBlock
    ) throws {
        let token = try reader.peek()
        switch token {
        case .null:
            try reader.readNull()
            block.rows.set(.nan, row: record, column: column)
        case .number where !isCategorical[column]:
            let value = try reader.readDouble()
            guard block.rows.numberType == .float64 || Float(value).isFinite else {
                throw wrongValue(line, column, "\(value) does not fit FP32")
            }
            block.rows.set(value, row: record, column: column)
        case .bool where !isCategorical[column]:
            block.rows.set(try reader.readBool() ? 1 : 0, row: record, column: column)
        case .string where isCategorical[column]:
            guard index.store(try reader.readString(), into: &block.rows, row: record, column: column) else {
                throw wrongValue(line, column, SchemaIndex.dateExpected)
            }
        case .number where index.acceptsNumbers(column: column):
            let code = index.categoryCode(try reader.readDouble(), column: column)
            block.rows.set(code, row: record, column: column)
        case .bool where index.acceptsNumbers(column: column):
            let name = try reader.readBool() ? "true" : "false"
            guard index.store(name, into: &block.rows, row: record, column: column) else {
                throw wrongValue(line, column, SchemaIndex.dateExpected)
            }
        case .end:
            // No value at all: the reader says what there is instead.
            try reader.skipValue()
        default:
            let expected =
                switch index.schema.features[column].kind {
                case .numeric: "a number"
                case .categorical: "a category (a string)"
                case .date: "a date (a string)"
                case .text: "a text (a string)"
                }
            throw wrongValue(line, column, "expected \(expected) or null, got \(token.name)")
        }
    }

    private func wrongValue(_ line: Int, _ column: Int, _ reason: String) -> RecordError {
        RecordError(
            line: line, name: index.schema.features[column].name, code: "wrong_value", reason: reason)
    }
}
