// SPDX-License-Identifier: Apache-2.0
import Base

/// Rows in a file: JSON when it begins with `{` or `[`, else CSV.
enum RowFile {
    /// - Parameter path: `-` is standard input.
    static func source(_ path: String, matcher: FeatureMatcher) throws(ControlError) -> any RowSource {
        let input = try InputStream(path)
        var beginning: [UInt8] = []
        var first: UInt8?
        while first == nil {
            let piece: [UInt8]
            do { piece = try input.read() } catch { throw .unreadable(error) }
            if piece.isEmpty { break }
            beginning += piece
            first = beginning.first { ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }
        }
        guard first != nil else { throw .noRows(place: input.name) }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            return CSVRowSource(input, beginning: beginning, matcher: matcher)
        }
        let text = try input.readAll(after: beginning, limit: 1 << 28)
        return try DocumentRowSource(text.span, place: input.name, matcher: matcher)
    }
}
