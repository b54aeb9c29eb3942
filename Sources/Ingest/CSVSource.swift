// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// The rows of one CSV file: docs/reference/csv.md.
struct CSVSource: ~Copyable {
    private let csv: CSVOptions
    private let path: String
    private var reader: CSVReader
    /// No word for a missing value is a number.
    private let hasPlainNumbers: Bool
    /// The places of the file's columns.
    private var places: [Int] = []
    private var plainLine = PlainLine()

    init(_ csv: CSVOptions, path: String) {
        self.csv = csv
        self.path = path
        reader = CSVReader(csv)
        hasPlainNumbers = !csv.missingTokens.contains { parseDouble($0.utf8Span.span) != nil }
    }

    mutating func read(
        _ stream: inout DataStream, into table: inout TableAssembler, progress: (_ bytesRead: Int) -> Void
    ) throws(IngestError) {
        var buffer = ByteBuffer(capacity: 1 << 18)
        var isFirstChunk = true
        while try stream.read(into: &buffer) {
            var offset = 0
            plan(table)
            while true {
                if try takePlainLine(buffer.bytes, &offset, &table) { continue }
                plainLine.handOn(places, to: &table)
                guard try nextRow(in: buffer.bytes, from: &offset, &table) else { break }
                let isFirst = places.isEmpty
                try take(&table)
                if isFirst { plan(table) }
            }
            if let size = stream.plainSize, isFirstChunk {
                // Columns that grow as needed are copied again and again, and touch twice the memory.
                table.reserve(rows: Int(Double(reader.rowCount) * Double(size) / Double(stream.byteCount)))
            }
            isFirstChunk = false
            progress(stream.byteCount)
        }
        if try finish(&table) { try take(&table) }
        if places.isEmpty, let header = reader.header {
            places = try table.begin(header: header.names, path: path)
        }
    }

    /// Columns are what they were when a line was planned for, or in conflict: then their values go nowhere;
    /// or they were of nothing then: what is read so is missing.
    private mutating func plan(_ table: borrowing TableAssembler) {
        plainLine.plan(
            places.map { hasPlainNumbers ? table.reading(of: $0) : .text }, missing: csv.missingTokens)
    }

    /// Takes the line at `offset` when it is a plain row; else nothing is done, and the reader takes it apart
    /// byte by byte.
    private mutating func takePlainLine(
        _ chunk: Span<UInt8>, _ offset: inout Int, _ table: inout TableAssembler
    ) throws(IngestError) -> Bool {
        guard reader.isAtRow, !places.isEmpty, let next = plainLine.read(chunk, from: offset, csv) else {
            return false
        }
        reader.countRow()
        if plainLine.keepBack(places, &table) {
            offset = next
            return true
        }
        plainLine.handOn(places, to: &table)
        plainLine.append(chunk, csv, places, to: &table)
        let line = reader.line
        if table.hasProblem {
            let cells = plainLine.cells(chunk, offset..<next, csv)
            try table.endRow(path: path, line: line) { cells }
        } else {
            try table.endRow(path: path, line: line) { [] }
        }
        offset = next
        return true
    }

    /// True for a row, also when bad ones were left out before it.
    private mutating func nextRow(
        in chunk: Span<UInt8>, from offset: inout Int, _ table: inout TableAssembler
    ) throws(IngestError) -> Bool {
        while true {
            do { return try reader.nextRow(in: chunk, from: &offset) } catch {
                try reject(error, &table)
            }
        }
    }

    private mutating func finish(_ table: inout TableAssembler) throws(IngestError) -> Bool {
        do { return try reader.finish() } catch {
            try reject(error, &table)
            return false
        }
    }

    /// A row of another width can be left out: the next one is as good as ever. After other defects nobody
    /// knows where the next one begins.
    private mutating func reject(_ error: CSVError, _ table: inout TableAssembler) throws(IngestError) {
        guard case .raggedRow = error.reason else { throw .csv(path: path, error) }
        let cells = reader.cells()
        let row = BadRow(
            path: path, line: error.line, column: nil, code: error.code, reason: error.explanation,
            cells: cells)
        try table.reject(row, .csv(path: path, error))
    }

    private mutating func take(_ table: inout TableAssembler) throws(IngestError) {
        if places.isEmpty { places = try table.begin(header: reader.header?.names ?? [], path: path) }
        for column in places.indices {
            let cell = reader.field(column)
            if hasPlainNumbers, table.appendNumber(cell, to: places[column]) { continue }
            if csv.isMissing(cell) {
                table.appendMissing(places[column])
            } else {
                table.append(cell, to: places[column])
            }
        }
        let line = reader.line
        if table.hasProblem {
            let cells = reader.cells()
            try table.endRow(path: path, line: line) { cells }
        } else {
            try table.endRow(path: path, line: line) { [] }
        }
    }
}
