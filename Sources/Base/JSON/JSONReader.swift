// SPDX-License-Identifier: Apache-2.0

/// Reads JSON (RFC 8259) value by value, in the order of the text, without building a document.
///
/// The caller says what it expects and gets that value or an error with its place. Rules where the RFC leaves
/// a choice are in `docs/reference/json.md`. Nesting is counted, not recursed, so depth costs no stack.
///
///     var reader = JSONReader(bytes)
///     try reader.beginObject()
///     while let key = try reader.nextKeyText() {
///         if reader.matches(key, "data") { … } else { try reader.skipValue() }
///     }
///     try reader.expectEnd()
///
/// What stands between the numbers of an array (`nextElement`, `peek`) is inlined into the caller, which
/// makes reading them 5 to 10 % faster than calls into this module.
///
/// - Complexity: one pass; nothing is allocated but the strings that are returned.
public struct JSONReader: ~Copyable, ~Escapable {
    public struct Options: Sendable {
        /// Takes the tokens `NaN`, `Infinity` and `-Infinity` for numbers, as some dialects do.
        public var allowsNonFinite: Bool
        /// Arrays and objects that may be open at once, at most 128.
        public var maximumDepth: Int

        public init(allowsNonFinite: Bool = false, maximumDepth: Int = 100) {
            self.allowsNonFinite = allowsNonFinite
            self.maximumDepth = min(maximumDepth, 128)
        }

        public static let strict = Options()
        public static let allowsNonFinite = Options(allowsNonFinite: true)
    }

    @usableFromInline let bytes: Span<UInt8>
    @usableFromInline let options: Options
    @usableFromInline var offset = 0
    @usableFromInline var depth = 0
    /// The innermost array or object has no element yet, so no comma comes before the next.
    @usableFromInline var isFirst = true

    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>, options: Options = .strict) {
        self.bytes = bytes
        self.options = options
    }

    /// Begins in the middle of a text, at a value whose place is known; errors have their places in the whole
    /// text.
    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>, options: Options = .strict, startingAt offset: Int) {
        precondition(offset >= 0 && offset <= bytes.count, "the text begins and ends at its ends")
        self.bytes = bytes
        self.options = options
        self.offset = offset
    }

    /// Bytes read so far.
    @inlinable
    public var position: Int { offset }

    @usableFromInline
    func error(_ reason: JSONError.Reason) -> JSONError { JSONError(offset: offset, reason: reason) }

    /// The byte at the offset after white space, or nil at the end of the text.
    @inlinable @inline(__always)
    mutating func nextByte() -> UInt8? {
        let count = bytes.count
        while offset < count {
            // Safe because `offset` was just compared with the count, and never falls below 0.
            let byte = unsafe bytes[unchecked: offset]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else {
                return byte
            }
            offset &+= 1
        }
        return nil
    }

    // MARK: What comes next

    /// The kind of the value that comes next; nothing but white space is consumed.
    @inlinable @inline(__always)
    public mutating func peek() throws(JSONError) -> JSONToken {
        guard let byte = nextByte() else { return .end }
        if byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "-") { return .number }
        return try token(of: byte)
    }

    /// The kind of a value that does not begin like a number.
    @usableFromInline
    func token(of byte: UInt8) throws(JSONError) -> JSONToken {
        switch byte {
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
        throw error(.unexpectedByte(expected: .value))
    }

    /// The error for a next value that is not `expected`.
    @usableFromInline
    mutating func mismatch(_ expected: JSONToken) -> JSONError {
        do {
            let found = try peek()
            if found == expected {
                // Only literals are expected letter by letter.
                return error(.unexpectedByte(expected: expected == .bool ? .bool : .null))
            }
            if found == .end && offset == bytes.count { return error(.unexpectedEnd) }
            return error(.wrongType(expected: expected, found: found))
        } catch {
            return error
        }
    }

    /// The error for a next byte that is not `expected`.
    @usableFromInline
    func unexpected(_ expected: JSONError.Expectation) -> JSONError {
        error(offset == bytes.count ? .unexpectedEnd : .unexpectedByte(expected: expected))
    }

    /// Only white space may follow.
    public mutating func expectEnd() throws(JSONError) {
        guard nextByte() == nil else { throw error(.trailingBytes) }
    }

    // MARK: Arrays and objects

    @inlinable
    public mutating func beginArray() throws(JSONError) {
        guard nextByte() == UInt8(ascii: "[") else { throw mismatch(.array) }
        try open()
    }

    @inlinable
    public mutating func beginObject() throws(JSONError) {
        guard nextByte() == UInt8(ascii: "{") else { throw mismatch(.object) }
        try open()
    }

    @inlinable @inline(__always)
    mutating func open() throws(JSONError) {
        guard depth < options.maximumDepth else { throw error(.tooDeep(limit: options.maximumDepth)) }
        offset &+= 1
        depth &+= 1
        isFirst = true
    }

    /// Whether the array has another element; false when it ended, and its `]` is consumed.
    @inlinable @inline(__always)
    public mutating func nextElement() throws(JSONError) -> Bool {
        try next(closing: UInt8(ascii: "]"), expected: .commaOrBracket)
    }

    /// The next key of the object, its colon consumed; nil when the object ended, and its `}` is consumed.
    ///
    /// Keys of up to 15 bytes are returned without an allocation.
    public mutating func nextKey() throws(JSONError) -> String? {
        guard let key = try nextKeyText() else { return nil }
        return string(key)
    }

    /// Likewise, the key as it stands in the text, to be compared with `matches`.
    public mutating func nextKeyText() throws(JSONError) -> JSONText? {
        guard try next(closing: UInt8(ascii: "}"), expected: .commaOrBrace) else { return nil }
        guard nextByte() == UInt8(ascii: "\"") else { throw unexpected(.key) }
        let key = try scanString()
        guard nextByte() == UInt8(ascii: ":") else { throw unexpected(.colon) }
        offset += 1
        return key
    }

    /// Reads over `text` when it comes next in an object that has just begun. It must be what was read in
    /// such a place before: whole members, and a last key with its colon, whose value comes next. False for
    /// an empty text.
    public mutating func skipMembers(_ text: Span<UInt8>) -> Bool {
        let end = offset + text.count
        guard isFirst, end > offset, end <= bytes.count,
            bytes.extracting(offset..<end).hasSameBytes(as: text)
        else { return false }
        offset = end
        isFirst = false
        return true
    }

    @inlinable @inline(__always)
    mutating func next(closing: UInt8, expected: JSONError.Expectation) throws(JSONError) -> Bool {
        guard let byte = nextByte() else { throw error(.unexpectedEnd) }
        if byte == UInt8(ascii: ",") && !isFirst {
            offset &+= 1
            guard nextByte() != closing else { throw unexpected(.valueAfterComma) }
            return true
        }
        if byte == closing {
            offset &+= 1
            depth &-= 1
            isFirst = false
            return false
        }
        guard isFirst else { throw unexpected(expected) }
        isFirst = false
        return true
    }

    // MARK: true, false, null

    public mutating func readBool() throws(JSONError) -> Bool {
        _ = nextByte()
        if consume("true") { return true }
        if consume("false") { return false }
        throw mismatch(.bool)
    }

    public mutating func readNull() throws(JSONError) {
        _ = nextByte()
        guard consume("null") else { throw mismatch(.null) }
    }

    /// Consumes `literal` when it stands at the offset.
    mutating func consume(_ literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard bytes.count - offset >= length else { return false }
        for index in 0..<length {
            // Safe because `index` is below the literal's length.
            let wanted = unsafe literal.utf8Start[index]
            guard bytes[offset + index] == wanted else { return false }
        }
        offset += length
        return true
    }

    // MARK: Skipping

    /// Reads over the next value, checking that it is valid; returns the bytes that it takes.
    ///
    /// Only the size of numbers is not looked at: `1e999` is a valid number that nobody asked for.
    @discardableResult
    public mutating func skipValue() throws(JSONError) -> Range<Int> {
        _ = nextByte()
        let start = offset
        let outside = depth
        // One bit for each level opened here, 1 for an object; the depth is limited to the bits there are.
        var isObject: UInt128 = 0
        repeat {
            switch try peek() {
            case .object:
                try beginObject()
                isObject = isObject << 1 | 1
            case .array:
                try beginArray()
                isObject <<= 1
            case .string: _ = try scanString()
            case .number: try skipNumber()
            case .bool: _ = try readBool()
            case .null: try readNull()
            case .end: throw unexpected(.value)
            }
            while depth > outside {
                let goesOn = isObject & 1 == 1 ? try nextKeyText() != nil : try nextElement()
                if goesOn { break }
                isObject >>= 1
            }
        } while depth > outside
        return start..<offset
    }
}
