// SPDX-License-Identifier: Apache-2.0

/// Reads JSON (RFC 8259) value by value, in the order of the text, without building a document.
///
/// The caller says what it expects and gets that value or an error with its place. Rules where the RFC leaves a
/// choice are in `docs/reference/json.md`. Nesting is counted, not recursed, so depth costs no stack.
///
/// - Complexity: one pass; nothing is allocated but the strings that are returned.
package struct JSONReader: ~Copyable, ~Escapable {
    package struct Options: Sendable {
        /// Takes the tokens `NaN`, `Infinity` and `-Infinity` for numbers, as some dialects do.
        package var allowsNonFinite: Bool

        package static let strict = Options(allowsNonFinite: false)
        package static let allowsNonFinite = Options(allowsNonFinite: true)
    }

    /// Arrays and objects that may be open at once.
    package static let maximumDepth = 100

    let bytes: Span<UInt8>
    let options: Options
    /// Bytes read so far.
    package internal(set) var position = 0
    private var depth = 0
    /// The innermost array or object has no element yet, so no comma comes before the next.
    private var isFirst = true

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, options: Options = .strict) {
        self.bytes = bytes
        self.options = options
    }

    func error(_ reason: JSONError.Reason) -> JSONError { JSONError(offset: position, reason: reason) }

    /// The byte at the position after white space, or nil at the end of the text.
    @inline(__always)
    mutating func nextByte() -> UInt8? {
        while position < bytes.count {
            // Safe because `position` was just compared with the count.
            let byte = unsafe bytes[unchecked: position]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else {
                return byte
            }
            position &+= 1
        }
        return nil
    }

    // MARK: What comes next

    /// The kind of the value that comes next; nothing but white space is consumed.
    package mutating func peek() throws(JSONError) -> JSONToken {
        guard let byte = nextByte() else { return .end }
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return .number
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "]"), UInt8(ascii: "}"): return .end
        case UInt8(ascii: "N"), UInt8(ascii: "I"):
            if options.allowsNonFinite { return .number }
        default: break
        }
        throw error(.unexpectedByte(expected: "a value"))
    }

    /// Fails, because the next value is not `expected`.
    mutating func mismatch(_ expected: JSONToken) -> JSONError {
        do {
            let found = try peek()
            if found == .end && position == bytes.count { return error(.unexpectedEnd) }
            return error(.wrongType(expected: expected, found: found))
        } catch {
            return error
        }
    }

    /// Only white space may follow.
    package mutating func expectEnd() throws(JSONError) {
        guard nextByte() == nil else { throw error(.trailingBytes) }
    }

    // MARK: Arrays and objects

    package mutating func beginArray() throws(JSONError) {
        guard nextByte() == UInt8(ascii: "[") else { throw mismatch(.array) }
        try open()
    }

    package mutating func beginObject() throws(JSONError) {
        guard nextByte() == UInt8(ascii: "{") else { throw mismatch(.object) }
        try open()
    }

    private mutating func open() throws(JSONError) {
        guard depth < Self.maximumDepth else { throw error(.tooDeep(limit: Self.maximumDepth)) }
        position += 1
        depth += 1
        isFirst = true
    }

    /// Whether the array has another element; false when it ended, and its `]` is consumed.
    @inline(__always)
    package mutating func nextElement() throws(JSONError) -> Bool {
        try next(closing: UInt8(ascii: "]"), after: "',' or ']'")
    }

    /// The next key of the object, its colon consumed; nil when the object ended, and its `}` is consumed.
    package mutating func nextKey() throws(JSONError) -> String? {
        guard try next(closing: UInt8(ascii: "}"), after: "',' or '}'") else { return nil }
        guard nextByte() == UInt8(ascii: "\"") else {
            throw error(.unexpectedByte(expected: "a key in quotes"))
        }
        let key = try readString()
        guard nextByte() == UInt8(ascii: ":") else { throw error(.unexpectedByte(expected: "':'")) }
        position += 1
        return key
    }

    @inline(__always)
    private mutating func next(closing: UInt8, after expected: StaticString) throws(JSONError) -> Bool {
        guard let byte = nextByte() else { throw error(.unexpectedEnd) }
        if byte == closing {
            position &+= 1
            depth &-= 1
            isFirst = false
            return false
        }
        if isFirst {
            isFirst = false
            return true
        }
        guard byte == UInt8(ascii: ",") else {
            throw error(.unexpectedByte(expected: "\(expected)"))
        }
        position &+= 1
        guard nextByte() != closing else { throw error(.unexpectedByte(expected: "a value after ','")) }
        return true
    }

    // MARK: Numbers

    /// The next number, correctly rounded.
    ///
    /// - Throws: `numberOutOfRange` for one that Float64 cannot hold, `malformedNumber`, `wrongType`.
    @inline(__always)
    package mutating func readDouble() throws(JSONError) -> Double {
        guard let first = nextByte() else { throw error(.unexpectedEnd) }
        guard first &- UInt8(ascii: "0") < 10 || first == UInt8(ascii: "-") else {
            return try readNonFinite()
        }
        switch scanNumber(bytes, from: position) {
        case .number(let value, let end):
            guard value.isFinite else { throw error(.numberOutOfRange) }
            position = end
            return value
        case .malformed(let offset):
            if options.allowsNonFinite && consume("-Infinity") { return -.infinity }
            throw JSONError(offset: offset, reason: offset == bytes.count ? .unexpectedEnd : .malformedNumber)
        }
    }

    private mutating func readNonFinite() throws(JSONError) -> Double {
        if options.allowsNonFinite {
            if consume("NaN") { return .nan }
            if consume("Infinity") { return .infinity }
        }
        throw mismatch(.number)
    }

    /// The next number, which has to be written without fraction and exponent and fit Int64.
    package mutating func readInt64() throws(JSONError) -> Int64 {
        let (magnitude, isNegative, end) = try scanInteger()
        let value: Int64?
        if isNegative {
            value = magnitude == 1 << 63 ? Int64.min : Int64(exactly: magnitude).map { -$0 }
        } else {
            value = Int64(exactly: magnitude)
        }
        guard let value else { throw error(.notAWholeNumber) }
        position = end
        return value
    }

    /// Likewise, not negative and up to 2^64 - 1.
    package mutating func readUInt64() throws(JSONError) -> UInt64 {
        let (magnitude, isNegative, end) = try scanInteger()
        guard !isNegative || magnitude == 0 else { throw error(.notAWholeNumber) }
        position = end
        return magnitude
    }

    private mutating func scanInteger() throws(JSONError) -> (magnitude: UInt64, isNegative: Bool, end: Int) {
        guard try peek() == .number else { throw mismatch(.number) }
        var end = position
        let isNegative = bytes[end] == UInt8(ascii: "-")
        if isNegative { end += 1 }
        let start = end
        var value: UInt64 = 0
        while end < bytes.count {
            let digit = bytes[end] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow && !carry else { throw error(.notAWholeNumber) }
            value = sum
            end += 1
        }
        guard end > start, end == start + 1 || bytes[start] != UInt8(ascii: "0") else {
            throw error(.malformedNumber)
        }
        if end < bytes.count, bytes[end] == UInt8(ascii: ".") || bytes[end] | 0x20 == UInt8(ascii: "e") {
            throw error(.notAWholeNumber)
        }
        return (value, isNegative, end)
    }

    // MARK: true, false, null

    package mutating func readBool() throws(JSONError) -> Bool {
        _ = nextByte()
        if consume("true") { return true }
        if consume("false") { return false }
        throw misspelled(.bool)
    }

    package mutating func readNull() throws(JSONError) {
        _ = nextByte()
        guard consume("null") else { throw misspelled(.null) }
    }

    /// The error for a literal that begins like `expected` and does not go on like it, or for another value.
    private mutating func misspelled(_ expected: JSONToken) -> JSONError {
        let failure = mismatch(expected)
        guard case .wrongType(let wanted, let found) = failure.reason, wanted == found else { return failure }
        return error(.unexpectedByte(expected: expected.name))
    }

    /// Consumes `literal` when it stands at the position.
    private mutating func consume(_ literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard bytes.count - position >= length else { return false }
        for index in 0..<length {
            // Safe because `index` is below the literal's length.
            let wanted = unsafe literal.utf8Start[index]
            guard bytes[position + index] == wanted else { return false }
        }
        position += length
        return true
    }

    // MARK: Skipping

    /// Reads over the next value, checking that it is valid; returns the bytes that it takes.
    package mutating func skipValue() throws(JSONError) -> Range<Int> {
        _ = nextByte()
        let start = position
        // One bit for each open level, 1 for an object; the reader's own depth bounds them.
        var isObject: [Bool] = []
        repeat {
            if let last = isObject.last {
                let goesOn = last ? try nextKey() != nil : try nextElement()
                guard goesOn else {
                    isObject.removeLast()
                    continue
                }
            }
            switch try peek() {
            case .object:
                try beginObject()
                isObject.append(true)
            case .array:
                try beginArray()
                isObject.append(false)
            case .string: try skipString()
            case .number: _ = try readDouble()
            case .bool: _ = try readBool()
            case .null: try readNull()
            case .end:
                throw error(position == bytes.count ? .unexpectedEnd : .unexpectedByte(expected: "a value"))
            }
        } while !isObject.isEmpty
        return start..<position
    }
}
