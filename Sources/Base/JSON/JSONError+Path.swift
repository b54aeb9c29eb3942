// SPDX-License-Identifier: Apache-2.0

extension JSONError {
    /// Names in a path are cut to so many bytes: a message may not grow with the input.
    private static let nameLengthMax = 64

    /// The value that the error is at, as people write it: `inputs[0].shape[1]`; empty at the root.
    ///
    /// It is found by looking at the text once more, up to the error: reading keeps no path, which would cost
    /// every request for the few that fail. Escapes in names are left as they are.
    ///
    /// - Parameter text: the text that was read, which need not be JSON behind the error.
    /// - Complexity: the bytes before the error.
    public func path(in text: Span<UInt8>) -> String {
        var levels: [Level] = []
        let end = max(0, min(offset, text.count))
        var position = 0
        while position < end {
            switch text[position] {
            case UInt8(ascii: "{"): levels.append(.object(name: nil))
            case UInt8(ascii: "["): levels.append(.array(index: 0))
            case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = levels.popLast()
            case UInt8(ascii: ","): Self.advance(&levels)
            case UInt8(ascii: "\""):
                let start = position + 1
                position = Self.endOfString(text, from: start, before: end)
                if position < end, case .object(nil) = levels.last {
                    levels[levels.count - 1] = .object(name: Self.name(text, start..<position))
                }
            default: break
            }
            position += 1
        }
        return Self.written(levels)
    }

    private enum Level {
        /// The key whose value is being read.
        case object(name: String?)
        case array(index: Int)
    }

    private static func advance(_ levels: inout [Level]) {
        switch levels.last {
        case .object: levels[levels.count - 1] = .object(name: nil)
        case .array(let index): levels[levels.count - 1] = .array(index: index + 1)
        case nil: break
        }
    }

    /// Where the closing quote is, or `end`.
    private static func endOfString(_ text: Span<UInt8>, from start: Int, before end: Int) -> Int {
        var position = start
        while position < end, text[position] != UInt8(ascii: "\"") {
            position += text[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(position, end)
    }

    private static func name(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
        let isLong = range.count > nameLengthMax
        let shown = isLong ? range.lowerBound..<range.lowerBound + nameLengthMax : range
        return String(copying: text.extracting(shown)) + (isLong ? "…" : "")
    }

    private static func written(_ levels: [Level]) -> String {
        var path = ""
        for level in levels {
            switch level {
            case .object(let name?): path += path.isEmpty ? name : "." + name
            case .object(nil): break
            case .array(let index): path += "[\(index)]"
            }
        }
        return path
    }
}
