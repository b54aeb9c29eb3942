// SPDX-License-Identifier: Apache-2.0
import Base

/// Reads Universal Binary JSON, draft 12, value by value, with the methods of `JSONReader`.
///
/// A value is a one-byte marker and what the marker says; numbers are big-endian; an array may state its
/// count and one marker for all of its elements (`[$d#L…`), which is how XGBoost writes all numbers of a
/// tree. Not read, because nothing that we import writes them: high-precision numbers (`H`) and objects that
/// state a count.
///
/// - Complexity: one pass; nothing is allocated but the strings that are returned and a few bytes a level.
struct UBJSONReader: ~Copyable, ~Escapable {
    private let bytes: Span<UInt8>
    private let part: String
    private var offset: Int
    private var open: [Level] = []

    static let depthMax = 100

    /// An array or object whose end was not met yet.
    private struct Level {
        var isObject: Bool
        /// Elements left in an array that states its count.
        var remaining: Int?
        /// The marker of each element, or 0 when each has its own.
        var elementMarker: UInt8
    }

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, part: String) {
        self.bytes = bytes
        self.part = part
        offset = 0
    }

    var position: Int { offset }

    func malformed(_ reason: String) -> FormatError {
        .malformed(part: part, offset: offset, reason: reason)
    }

    // MARK: What comes next

    /// The kind of the value that comes next; nothing is consumed.
    func peek() throws(FormatError) -> JSONToken {
        switch try nextMarker() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "S"), UInt8(ascii: "C"): return .string
        case UInt8(ascii: "T"), UInt8(ascii: "F"): return .bool
        case UInt8(ascii: "Z"): return .null
        case UInt8(ascii: "i"), UInt8(ascii: "U"), UInt8(ascii: "I"), UInt8(ascii: "l"), UInt8(ascii: "L"),
            UInt8(ascii: "d"), UInt8(ascii: "D"):
            return .number
        case UInt8(ascii: "]"), UInt8(ascii: "}"): return .end
        default: throw malformed("a byte that begins no value")
        }
    }

    /// The marker of the next value: of its own, or the one of all elements of the array around it.
    private func nextMarker() throws(FormatError) -> UInt8 {
        if let level = open.last, level.elementMarker != 0 { return level.elementMarker }
        guard offset < bytes.count else { throw malformed("it ends where a value has to come") }
        return bytes[offset]
    }

    private mutating func takeMarker() throws(FormatError) -> UInt8 {
        let marker = try nextMarker()
        if open.last.map({ $0.elementMarker == 0 }) ?? true { offset += 1 }
        return marker
    }

    func expectEnd() throws(FormatError) {
        if offset != bytes.count { throw malformed("bytes follow its end") }
    }

    // MARK: Arrays and objects

    mutating func beginObject() throws(FormatError) {
        if try takeMarker() != UInt8(ascii: "{") { throw malformed("expected an object") }
        if offset < bytes.count, [UInt8(ascii: "$"), UInt8(ascii: "#")].contains(bytes[offset]) {
            throw malformed("an object that states its type or count, which is not read here")
        }
        try push(Level(isObject: true, remaining: nil, elementMarker: 0))
    }

    /// The next key of the object, or nil after its last, whose `}` is consumed.
    mutating func nextKey() throws(FormatError) -> String? {
        guard offset < bytes.count else { throw malformed("it ends inside an object") }
        if bytes[offset] == UInt8(ascii: "}") {
            offset += 1
            open.removeLast()
            return nil
        }
        return try readText()
    }

    mutating func beginArray() throws(FormatError) {
        if try takeMarker() != UInt8(ascii: "[") { throw malformed("expected an array") }
        var level = Level(isObject: false, remaining: nil, elementMarker: 0)
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "$") {
            guard offset + 1 < bytes.count else { throw malformed("it ends inside an array's head") }
            level.elementMarker = bytes[offset + 1]
            if UBJSONReader.width(of: level.elementMarker) == nil {
                throw malformed("an array of elements that have no fixed size")
            }
            offset += 2
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: "#") else {
                throw malformed("an array that states its type, but no count")
            }
        }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "#") {
            offset += 1
            let count = try readLength()
            // Each element is at least its bytes, or one marker; more cannot be there.
            let width = UBJSONReader.width(of: level.elementMarker) ?? 1
            if count > (bytes.count - offset) / width {
                throw malformed("an array of \(count) elements, more than the bytes that are left")
            }
            level.remaining = count
        }
        try push(level)
    }

    /// Whether the array has another element; false when it ended, and its `]`, if it has one, is consumed.
    mutating func nextElement() throws(FormatError) -> Bool {
        let last = open.count - 1
        if let remaining = open[last].remaining {
            if remaining > 0 {
                open[last].remaining = remaining - 1
                return true
            }
            open.removeLast()
            return false
        }
        guard offset < bytes.count else { throw malformed("it ends inside an array") }
        if bytes[offset] != UInt8(ascii: "]") { return true }
        offset += 1
        open.removeLast()
        return false
    }

    private mutating func push(_ level: Level) throws(FormatError) {
        if open.count == UBJSONReader.depthMax {
            throw malformed("nested deeper than \(UBJSONReader.depthMax) levels")
        }
        open.append(level)
    }

    // MARK: Values

    mutating func readDouble() throws(FormatError) -> Double {
        let marker = try takeMarker()
        switch marker {
        case UInt8(ascii: "d"): return Double(Float(bitPattern: UInt32(truncatingIfNeeded: try take(4))))
        case UInt8(ascii: "D"): return Double(bitPattern: try take(8))
        default: return Double(try readInteger(marker))
        }
    }

    mutating func readInt64() throws(FormatError) -> Int64 { try readInteger(try takeMarker()) }

    private mutating func readInteger(_ marker: UInt8) throws(FormatError) -> Int64 {
        switch marker {
        case UInt8(ascii: "i"): return Int64(Int8(truncatingIfNeeded: try take(1)))
        case UInt8(ascii: "U"): return Int64(try take(1))
        case UInt8(ascii: "I"): return Int64(Int16(truncatingIfNeeded: try take(2)))
        case UInt8(ascii: "l"): return Int64(Int32(truncatingIfNeeded: try take(4)))
        case UInt8(ascii: "L"): return Int64(bitPattern: try take(8))
        default: throw malformed("expected a whole number")
        }
    }

    mutating func readBool() throws(FormatError) -> Bool {
        switch try takeMarker() {
        case UInt8(ascii: "T"): return true
        case UInt8(ascii: "F"): return false
        default: throw malformed("expected true or false")
        }
    }

    mutating func readNull() throws(FormatError) {
        if try takeMarker() != UInt8(ascii: "Z") { throw malformed("expected null") }
    }

    mutating func readString() throws(FormatError) -> String {
        switch try takeMarker() {
        case UInt8(ascii: "S"): return try readText()
        case UInt8(ascii: "C"): return String(UnicodeScalar(UInt8(truncatingIfNeeded: try take(1) & 0x7F)))
        default: throw malformed("expected a string")
        }
    }

    /// A length and as many bytes of UTF-8: what follows the marker of a string, and all of a key.
    private mutating func readText() throws(FormatError) -> String {
        let length = try readLength()
        if length > bytes.count - offset {
            throw malformed("a string of \(length) bytes, more than are left")
        }
        guard let text = String(validating: bytes.extracting(offset..<offset + length)) else {
            throw malformed("a string that is not UTF-8")
        }
        offset += length
        return text
    }

    private mutating func readLength() throws(FormatError) -> Int {
        guard offset < bytes.count else { throw malformed("it ends where a length has to come") }
        let marker = bytes[offset]
        offset += 1
        let length = try readInteger(marker)
        if length < 0 { throw malformed("a length below zero") }
        return Int(length)
    }

    /// The next `width` bytes as a big-endian number.
    private mutating func take(_ width: Int) throws(FormatError) -> UInt64 {
        if width > bytes.count - offset { throw malformed("it ends inside a number") }
        var value: UInt64 = 0
        for index in offset..<offset + width { value = value << 8 | UInt64(bytes[index]) }
        offset += width
        return value
    }

    private static func width(of marker: UInt8) -> Int? {
        switch marker {
        case UInt8(ascii: "i"), UInt8(ascii: "U"): 1
        case UInt8(ascii: "I"): 2
        case UInt8(ascii: "l"), UInt8(ascii: "d"): 4
        case UInt8(ascii: "L"), UInt8(ascii: "D"): 8
        default: nil
        }
    }

    // MARK: Whole arrays and skipping

    /// Appends the numbers of the array that comes next, rounded to Float32.
    mutating func readFloats(into numbers: inout [Float]) throws(FormatError) {
        try beginArray()
        if let level = open.last, level.elementMarker == UInt8(ascii: "d"), let count = level.remaining {
            // `beginArray` checked that the bytes are there.
            numbers.reserveCapacity(numbers.count + count)
            for _ in 0..<count {
                numbers.append(Float(bitPattern: UInt32(truncatingIfNeeded: try take(4))))
            }
            open.removeLast()
            return
        }
        while try nextElement() { numbers.append(Float(try readDouble())) }
    }

    /// Reads over the next value; returns the bytes that it takes.
    @discardableResult
    mutating func skipValue() throws(FormatError) -> Range<Int> {
        let start = offset
        let outside = open.count
        repeat {
            switch try peek() {
            case .object: try beginObject()
            case .array: try beginArray()
            case .string: _ = try readString()
            case .number: _ = try readDouble()
            case .bool: _ = try readBool()
            case .null: try readNull()
            case .end: throw malformed("expected a value")
            }
            while let level = open.last, open.count > outside {
                if level.elementMarker != 0, let width = UBJSONReader.width(of: level.elementMarker) {
                    offset += (level.remaining ?? 0) * width
                    open.removeLast()
                } else if try level.isObject ? nextKey() != nil : nextElement() {
                    break
                }
            }
        } while open.count > outside
        return start..<offset
    }
}
