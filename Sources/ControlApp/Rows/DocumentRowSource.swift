// SPDX-License-Identifier: Apache-2.0
import Base

/// Rows out of JSON: one object, an array of objects or of arrays, or one of those a line.
final class DocumentRowSource: RowSource {
    private let matcher: FeatureMatcher
    private let rows: [(value: JSONValue, place: String)]
    private var index = 0
    let ignoredColumns: [String] = []

    /// - Parameter place: what the text is called in messages: a file's name or `--json`.
    init(_ text: Span<UInt8>, place: String, matcher: FeatureMatcher) throws(ControlError) {
        self.matcher = matcher
        do throws(JSONError) {
            rows = Self.rows(of: try JSONValue.parse(text), place: place)
        } catch {
            // Not one document: then one a line, as long as the first line is one.
            guard let lines = try Self.lines(text, place: place) else {
                let (line, column) = error.position(in: text)
                throw .invalidRows(place: "\(place):\(line):\(column)", reason: "\(error)")
            }
            rows = lines
        }
    }

    func next() throws(ControlError) -> [InputCell]? {
        guard index < rows.count else { return nil }
        defer { index += 1 }
        return try matcher.row(rows[index].value, place: rows[index].place)
    }

    /// An array whose first element is no object and no array is one row.
    private static func rows(of document: JSONValue, place: String) -> [(JSONValue, String)] {
        guard case .array(let elements) = document else { return [(document, place)] }
        switch elements.first {
        case .object, .array: return elements.enumerated().map { ($1, "\(place), row \($0 + 1)") }
        case nil: return []
        default: return [(document, place)]
        }
    }

    /// Nil when the first line that is not empty is no document.
    private static func lines(
        _ text: Span<UInt8>, place: String
    ) throws(ControlError) -> [(value: JSONValue, place: String)]? {
        var rows: [(value: JSONValue, place: String)] = []
        var start = 0
        var number = 0
        while start < text.count {
            number += 1
            var end = start
            while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
            let line = trimmed(text.extracting(start..<end))
            start = end + 1
            if line.isEmpty { continue }
            do throws(JSONError) {
                rows.append((try JSONValue.parse(line), "\(place):\(number)"))
            } catch {
                if rows.isEmpty { return nil }
                throw .invalidRows(place: "\(place):\(number):\(error.offset + 1)", reason: "\(error)")
            }
        }
        return rows
    }

    @_lifetime(copy line)
    private static func trimmed(_ line: Span<UInt8>) -> Span<UInt8> {
        var range = 0..<line.count
        while let last = range.last, [0x20, 0x09, 0x0D].contains(line[last]) { range.removeLast() }
        while let first = range.first, [0x20, 0x09].contains(line[first]) { range.removeFirst() }
        return line.extracting(range)
    }
}
