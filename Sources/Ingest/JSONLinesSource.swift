// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// The rows of a file of JSON Lines: an object a line, its members by name in any order; those that a line
/// lacks are missing in it. Lines of white space hold no row.
struct JSONLinesSource {
    private let path: String
    private var line = 0
    private var plainObject = PlainObject()
    private var objectLine = ObjectLine()
    private static let lineBytesMax = 1 << 24

    init(path: String) { self.path = path }

    mutating func read(
        _ stream: inout DataStream, into table: inout TableAssembler, progress: (_ bytesRead: Int) -> Void
    ) throws(IngestError) {
        var buffer = ByteBuffer(capacity: 1 << 18)
        var rest = ByteBuffer()
        var isFirstChunk = true
        while try stream.read(into: &buffer) {
            let chunk = buffer.bytes
            var start = 0
            if !rest.isEmpty {
                guard let end = JSONLinesSource.lineEnd(chunk, from: 0) else {
                    rest.append(chunk)
                    try checkLength(rest)
                    continue
                }
                rest.append(chunk.extracting(0..<end))
                try take(rest.bytes, &table)
                rest.clear()
                start = end + 1
            }
            start = try takeLines(chunk, from: start, &table)
            rest.append(chunk.extracting(start..<chunk.count))
            try checkLength(rest)
            if let size = stream.plainSize, isFirstChunk {
                // Columns that grow as needed are copied again and again, and touch twice the memory.
                table.reserve(rows: Int(Double(line) * Double(size) / Double(stream.byteCount)))
            }
            isFirstChunk = false
            progress(stream.byteCount)
        }
        if !rest.isEmpty { try take(rest.bytes, &table) }
        plainObject.handOn(to: &table)
    }

    private func checkLength(_ rest: borrowing ByteBuffer) throws(IngestError) {
        guard rest.count > Self.lineBytesMax else { return }
        throw .cell(
            path: path, line: line + 1, column: "",
            reason: "the line is longer than \(Self.lineBytesMax) bytes; each line holds one object")
    }

    /// Takes all lines that end in `chunk`; returns where the next begins.
    private mutating func takeLines(
        _ chunk: Span<UInt8>, from start: Int, _ table: inout TableAssembler
    ) throws(IngestError) -> Int {
        var position = start
        while true {
            if let next = plainObject.take(chunk, from: position, &table) {
                line += 1
                position = next
                continue
            }
            guard let end = JSONLinesSource.lineEnd(chunk, from: position) else { return position }
            try take(chunk.extracting(position..<end), &table)
            position = end + 1
        }
    }

    /// Where the next line feed stands; nil when there is none.
    private static func lineEnd(_ chunk: Span<UInt8>, from start: Int) -> Int? {
        var end = start
        while end < chunk.count {
            // Safe because `end` was just compared with the count.
            if unsafe chunk[unchecked: end] == UInt8(ascii: "\n") { return end }
            end += 1
        }
        return nil
    }

    /// Takes one line by its members.
    private mutating func take(_ text: Span<UInt8>, _ table: inout TableAssembler) throws(IngestError) {
        plainObject.handOn(to: &table)
        line += 1
        if trimmed(text).isEmpty || trimmed(text).count == 1 && text[text.count - 1] == UInt8(ascii: "\r") {
            return
        }
        do { try objectLine.read(text, table) } catch {
            let row = BadRow(
                path: path, line: line, column: nil, code: "json_malformed", reason: error.reason,
                cells: [String(copying: text.extracting(0..<min(text.count, 4_096)))])
            return try table.reject(
                row, .cell(path: path, line: line, column: error.column ?? "", reason: error.reason))
        }
        objectLine.append(text, to: &table)
        let isBad = table.hasProblem
        try table.endRow(path: path, line: line) { [String(copying: text)] }
        plainObject.learn(text, objectLine.members, table)
        if !isBad { plainObject.remember(text, objectLine.members, table) }
    }
}
