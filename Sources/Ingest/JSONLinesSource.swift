// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// The rows of a file of JSON Lines: an object a line, its members by name in any order; those that a line
/// lacks are missing in it. Lines of white space hold no row.
struct JSONLinesSource {
    private let path: String
    private var line = 0
    private static let lineBytesMax = 1 << 24

    init(path: String) { self.path = path }

    mutating func read(
        _ stream: inout DataStream, into table: inout TableAssembler, progress: (_ bytesRead: Int) -> Void
    ) throws(IngestError) {
        var buffer = ByteBuffer(capacity: 1 << 18)
        var rest = ByteBuffer()
        while try stream.read(into: &buffer) {
            let chunk = buffer.bytes
            var start = 0
            for index in chunk.indices where chunk[index] == UInt8(ascii: "\n") {
                if rest.isEmpty {
                    try take(chunk.extracting(start..<index), &table)
                } else {
                    rest.append(chunk.extracting(start..<index))
                    try take(rest.bytes, &table)
                    rest.clear()
                }
                start = index + 1
            }
            rest.append(chunk.extracting(start..<chunk.count))
            if rest.count > Self.lineBytesMax {
                throw .cell(
                    path: path, line: line + 1, column: "",
                    reason: "the line is longer than \(Self.lineBytesMax) bytes; each line holds one object")
            }
            progress(stream.byteCount)
        }
        if !rest.isEmpty { try take(rest.bytes, &table) }
    }

    private mutating func take(_ text: Span<UInt8>, _ table: inout TableAssembler) throws(IngestError) {
        line += 1
        if trimmed(text).isEmpty || trimmed(text).count == 1 && text[text.count - 1] == UInt8(ascii: "\r") {
            return
        }
        // First looked through, so that a broken line leaves nothing behind.
        do { try check(text) } catch {
            let row = BadRow(
                path: path, line: line, column: nil, code: "json_malformed", reason: error.reason,
                cells: [String(copying: text.extracting(0..<min(text.count, 4_096)))])
            return try table.reject(
                row, .cell(path: path, line: line, column: error.column ?? "", reason: error.reason))
        }
        do { try append(text, &table) } catch let error as IngestError { throw error } catch {
            throw .cell(path: path, line: line, column: "", reason: "\(error)")
        }
        try table.endRow(path: path, line: line) { [String(copying: text)] }
    }

    private struct Defect: Error {
        var column: String?
        var reason: String
    }

    private func check(_ text: Span<UInt8>) throws(Defect) {
        var reader = JSONReader(text)
        var names: Set<String> = []
        do {
            guard try reader.peek() == .object else {
                throw Defect(reason: "a line holds one object, not \(try reader.peek().name)")
            }
            try reader.beginObject()
            while let key = try reader.nextKey() {
                guard names.insert(key).inserted, !key.isEmpty else {
                    throw Defect(column: key, reason: "the member is there twice, or has no name")
                }
                switch try reader.peek() {
                case .string, .number, .bool, .null: try reader.skipValue()
                case let token:
                    throw Defect(
                        column: key,
                        reason: "a number, a string, true, false or null is expected, not \(token.name)")
                }
            }
            try reader.expectEnd()
        } catch let error as Defect {
            throw error
        } catch {
            throw Defect(reason: "\(error)")
        }
    }

    private func append(_ text: Span<UInt8>, _ table: inout TableAssembler) throws {
        var reader = JSONReader(text)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let place = table.place(of: key)
            switch try reader.peek() {
            case .null:
                try reader.readNull()
                table.appendMissing(place)
            case .bool:
                let word = try reader.readBool() ? "true" : "false"
                table.append(word.utf8Span.span, to: place)
            case .number:
                // The name that the daemon gives a number that is a category.
                let number = try reader.readDouble()
                let name = Int64(exactly: number).map { String($0) } ?? "\(number)"
                table.append(name.utf8Span.span, to: place)
            default: table.append(try reader.readString().utf8Span.span, to: place, isText: true)
            }
        }
    }
}
