// SPDX-License-Identifier: Apache-2.0
import Glibc

package enum JSONToken: Sendable { case object, array, string, number, bool, null, end }

package struct JSONError: Error, Equatable, CustomStringConvertible {
    package enum Reason: String, Sendable {
        case unexpected, invalidNumber, invalidString, depth, trailing, notInteger
    }
    package var offset: Int
    package var reason: Reason
    package func position(in bytes: Span<UInt8>) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for i in 0..<min(offset, bytes.count) {
            if bytes[i] == 10 { line += 1; column = 1 } else { column += 1 }
        }
        return (line, column)
    }
    package var description: String { "\(reason.rawValue) at byte \(offset)" }
}

package struct JSONReader: ~Copyable, ~Escapable {
    package struct Options: Sendable {
        package var allowsNonFinite = false
        package static let strict = Options()
        package static let allowsNonFinite = Options(allowsNonFinite: true)
    }
    private let bytes: Span<UInt8>
    private let options: Options
    package private(set) var position = 0
    private var isFirst = false
    private var depth = 0

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, options: Options = .strict) {
        self.bytes = bytes
        self.options = options
    }

    private func fail(_ reason: JSONError.Reason) -> JSONError { JSONError(offset: position, reason: reason) }

    private mutating func skipSpace() {
        while position < bytes.count {
            let b = bytes[position]
            guard b == 32 || b == 10 || b == 13 || b == 9 else { return }
            position += 1
        }
    }

    package mutating func peek() throws(JSONError) -> JSONToken {
        skipSpace()
        guard position < bytes.count else { return .end }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), 48...57: return .number
        case UInt8(ascii: "N"), UInt8(ascii: "I"):
            guard options.allowsNonFinite else { throw fail(.unexpected) }
            return .number
        case UInt8(ascii: "]"), UInt8(ascii: "}"): return .end
        default: throw fail(.unexpected)
        }
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else { throw fail(.unexpected) }
        position += 1
    }

    package mutating func beginObject() throws(JSONError) {
        try expect(UInt8(ascii: "{"))
        depth += 1
        guard depth <= 100 else { throw fail(.depth) }
        isFirst = true
    }

    package mutating func beginArray() throws(JSONError) {
        try expect(UInt8(ascii: "["))
        depth += 1
        guard depth <= 100 else { throw fail(.depth) }
        isFirst = true
    }

    private mutating func next(_ close: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard position < bytes.count else { throw fail(.unexpected) }
        if bytes[position] == close {
            position += 1
            depth -= 1
            isFirst = false
            return false
        }
        if isFirst {
            isFirst = false
        } else {
            try expect(UInt8(ascii: ","))
            skipSpace()
            if position < bytes.count && bytes[position] == close { throw fail(.unexpected) }
        }
        return true
    }

    package mutating func nextElement() throws(JSONError) -> Bool { try next(UInt8(ascii: "]")) }

    package mutating func nextKey() throws(JSONError) -> String? {
        guard try next(UInt8(ascii: "}")) else { return nil }
        let key = try readString()
        try expect(UInt8(ascii: ":"))
        return key
    }

    private mutating func literal(_ text: StaticString) -> Bool {
        let n = text.utf8CodeUnitCount
        guard bytes.count - position >= n else { return false }
        for i in 0..<n where bytes[position + i] != (unsafe text.utf8Start[i]) { return false }
        position += n
        return true
    }

    package mutating func readNull() throws(JSONError) {
        skipSpace()
        guard literal("null") else { throw fail(.unexpected) }
    }

    package mutating func readBool() throws(JSONError) -> Bool {
        skipSpace()
        if literal("true") { return true }
        if literal("false") { return false }
        throw fail(.unexpected)
    }

    private func byte(_ i: Int) -> UInt8 { i < bytes.count ? bytes[i] : 0 }

    /// End of the number token at position.
    private func numberEnd() throws(JSONError) -> (end: Int, isInteger: Bool) {
        var i = position
        var isInteger = true
        if byte(i) == 45 { i += 1 }
        if byte(i) == 48 {
            i += 1
        } else {
            guard (49...57).contains(byte(i)) else { throw fail(.invalidNumber) }
            while (48...57).contains(byte(i)) { i += 1 }
        }
        if byte(i) == 46 {
            isInteger = false
            i += 1
            guard (48...57).contains(byte(i)) else { throw fail(.invalidNumber) }
            while (48...57).contains(byte(i)) { i += 1 }
        }
        if byte(i) | 32 == 101 {
            isInteger = false
            i += 1
            if byte(i) == 43 || byte(i) == 45 { i += 1 }
            guard (48...57).contains(byte(i)) else { throw fail(.invalidNumber) }
            while (48...57).contains(byte(i)) { i += 1 }
        }
        return (i, isInteger)
    }

    package mutating func readDouble() throws(JSONError) -> Double {
        skipSpace()
        if options.allowsNonFinite {
            if literal("NaN") { return .nan }
            if literal("Infinity") { return .infinity }
            if literal("-Infinity") { return -.infinity }
        }
        let (end, _) = try numberEnd()
        let text = String(copying: bytes.extracting(position..<end))
        guard let value = Double(text), value.isFinite else { throw fail(.invalidNumber) }
        position = end
        return value
    }

    package mutating func readInt64() throws(JSONError) -> Int64 {
        skipSpace()
        let (end, isInteger) = try numberEnd()
        guard isInteger, let v = Int64(String(copying: bytes.extracting(position..<end))) else {
            throw fail(.notInteger)
        }
        position = end
        return v
    }

    package mutating func readUInt64() throws(JSONError) -> UInt64 {
        skipSpace()
        let (end, isInteger) = try numberEnd()
        guard isInteger, let v = UInt64(String(copying: bytes.extracting(position..<end))) else {
            throw fail(.notInteger)
        }
        position = end
        return v
    }

    package mutating func readString() throws(JSONError) -> String {
        try expect(UInt8(ascii: "\""))
        let start = position
        while position < bytes.count {
            let b = bytes[position]
            if b == 34 {
                guard let s = String(validating: bytes.extracting(start..<position)) else {
                    throw fail(.invalidString)
                }
                position += 1
                return s
            }
            if b == 92 || b < 32 { break }
            position += 1
        }
        guard position < bytes.count, bytes[position] == 92 else { throw fail(.invalidString) }
        // stand-in: simple escapes
        var out: [UInt8] = []
        for i in start..<position { out.append(bytes[i]) }
        while position < bytes.count {
            let b = bytes[position]
            position += 1
            if b == 34 {
                guard let s = String(validating: out.span) else { throw fail(.invalidString) }
                return s
            }
            if b < 32 { throw fail(.invalidString) }
            guard b == 92 else { out.append(b); continue }
            let e = byte(position)
            position += 1
            switch e {
            case 34, 92, 47: out.append(e)
            case UInt8(ascii: "n"): out.append(10)
            case UInt8(ascii: "t"): out.append(9)
            case UInt8(ascii: "r"): out.append(13)
            case UInt8(ascii: "b"): out.append(8)
            case UInt8(ascii: "f"): out.append(12)
            default: throw fail(.invalidString)
            }
        }
        throw fail(.invalidString)
    }

    package mutating func skipValue() throws(JSONError) -> Range<Int> {
        skipSpace()
        let start = position
        var level = 0
        repeat {
            switch try peek() {
            case .object, .array: level += 1; position += 1
            case .end:
                guard position < bytes.count, level > 0 else { throw fail(.unexpected) }
                level -= 1; position += 1
            case .string: _ = try readString()
            case .number: _ = try readDouble()
            case .bool: _ = try readBool()
            case .null: try readNull()
            }
            if level > 0 {
                skipSpace(); while byte(position) == 44 || byte(position) == 58 { position += 1; skipSpace() }
            }
        } while level > 0
        return start..<position
    }

    package mutating func expectEnd() throws(JSONError) {
        skipSpace()
        guard position == bytes.count else { throw fail(.trailing) }
    }
}

extension ByteBuffer {
    package mutating func append(decimal: Int64) { append(decimal.description) }
    package mutating func append(decimal: UInt64) { append(decimal.description) }
    package mutating func append(shortest: Float) { append(shortest.description) }
    package mutating func append(shortest: Double) { append(shortest.description) }
    package mutating func append(quoted: String) {
        append("\"")
        for b in quoted.utf8 {
            if b == 34 || b == 92 { append("\\") }
            append(b)
        }
        append("\"")
    }
}
