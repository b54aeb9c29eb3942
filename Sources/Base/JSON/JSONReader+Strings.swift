// SPDX-License-Identifier: Apache-2.0

extension JSONReader {
    /// The next string, unescaped; up to 15 bytes without an allocation.
    ///
    /// - Throws: `controlCharacter`, `malformedEscape`, `loneSurrogate`, `malformedUTF8`, `wrongType`.
    public mutating func readString() throws(JSONError) -> String { string(try readText()) }

    /// The next string as it stands in the text, checked like one that is read; nothing is allocated.
    public mutating func readText() throws(JSONError) -> JSONText {
        guard nextByte() == UInt8(ascii: "\"") else { throw mismatch(.string) }
        return try scanString()
    }

    /// The unescaped text of a key or string that this reader returned.
    public func string(_ text: JSONText) -> String {
        text.hasEscapes ? String(copying: unescape(text).span) : String(copying: bytes.extracting(text.range))
    }

    /// Whether a key or string that this reader returned is `name`, escapes resolved.
    @inlinable
    public func matches(_ text: JSONText, _ name: StaticString) -> Bool {
        if text.hasEscapes { return matchesUnescaped(text, name) }
        let length = name.utf8CodeUnitCount
        guard text.range.count == length else { return false }
        let candidate = bytes.extracting(text.range)
        for index in 0..<length {
            // Safe because `index` is below the length of both.
            guard unsafe candidate[unchecked: index] == name.utf8Start[index] else { return false }
        }
        return true
    }

    /// Likewise for a name known only at run time, in UTF-8.
    public func matches(_ text: JSONText, _ name: Span<UInt8>) -> Bool {
        if text.hasEscapes { return unescape(text).span.hasSameBytes(as: name) }
        return bytes.extracting(text.range).hasSameBytes(as: name)
    }

    @usableFromInline
    func matchesUnescaped(_ text: JSONText, _ name: StaticString) -> Bool {
        // Safe because a static string's UTF-8 is immortal.
        let wanted = unsafe Span(_unsafeStart: name.utf8Start, count: name.utf8CodeUnitCount)
        return unescape(text).span.hasSameBytes(as: wanted)
    }

    // MARK: Scanning

    /// Reads the string whose opening quote is at the offset, up to and with its closing quote.
    mutating func scanString() throws(JSONError) -> JSONText {
        let start = offset + 1
        var end = start
        var hasEscapes = false
        while true {
            end = skipPlain(from: end)
            guard end < bytes.count else { throw JSONError(offset: bytes.count, reason: .unexpectedEnd) }
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                end = try escapeEnd(from: end)
            } else if byte < 0x20 {
                throw JSONError(offset: end, reason: .controlCharacter)
            } else {
                end = try sequenceEnd(from: end)
            }
        }
        offset = end + 1
        return JSONText(range: start..<end, hasEscapes: hasEscapes)
    }

    /// Where the run of ASCII characters that need no look at all ends: at a quote, a backslash, a control
    /// character, a byte above 0x7f, or the end of the text.
    @inline(__always)
    private func skipPlain(from start: Int) -> Int {
        // Safe because the view is only read below, by offsets compared with the count.
        let raw = unsafe bytes.bytes
        let count = bytes.count
        let ones: UInt64 = 0x0101_0101_0101_0101
        var position = start
        while count &- position >= 8 {
            // Safe because eight bytes were just seen to be there, and every bit pattern is a UInt64.
            let word = UInt64(
                littleEndian: unsafe raw.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: position, as: UInt64.self))
            // The top bit of a byte is set where it is below 0x20, a quote, a backslash, or above 0x7f; a
            // borrow reaches later bytes only, so the first that is found is one.
            let quotes = (word ^ ones &* 0x22) &- ones
            let backslashes = (word ^ ones &* 0x5c) &- ones
            let found = ((word &- ones &* 0x20) | quotes | backslashes | word) & (ones &* 0x80)
            if found != 0 { return position &+ found.trailingZeroBitCount &>> 3 }
            position &+= 8
        }
        while position < count {
            // Safe because `position` was just compared with the count.
            let byte = unsafe bytes[unchecked: position]
            guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else {
                break
            }
            position &+= 1
        }
        return position
    }

    /// Where the UTF-8 sequence at `start` ends (RFC 3629, section 4: no overlong form, no surrogate, nothing
    /// above U+10FFFF).
    private func sequenceEnd(from start: Int) throws(JSONError) -> Int {
        let second: ClosedRange<UInt8>
        let length: Int
        switch bytes[start] {
        case 0xc2...0xdf: (length, second) = (2, 0x80...0xbf)
        case 0xe0: (length, second) = (3, 0xa0...0xbf)
        case 0xed: (length, second) = (3, 0x80...0x9f)
        case 0xe1...0xef: (length, second) = (3, 0x80...0xbf)
        case 0xf0: (length, second) = (4, 0x90...0xbf)
        case 0xf1...0xf3: (length, second) = (4, 0x80...0xbf)
        case 0xf4: (length, second) = (4, 0x80...0x8f)
        default: throw JSONError(offset: start, reason: .malformedUTF8)
        }
        guard bytes.count - start >= length else { throw JSONError(offset: start, reason: .malformedUTF8) }
        guard second.contains(bytes[start + 1]) else {
            throw JSONError(offset: start, reason: .malformedUTF8)
        }
        for index in 2..<max(length, 2) where bytes[start + index] & 0xc0 != 0x80 {
            throw JSONError(offset: start, reason: .malformedUTF8)
        }
        return start + length
    }

    /// Where the escape whose backslash is at `start` ends; both halves of a surrogate pair are one escape.
    private func escapeEnd(from start: Int) throws(JSONError) -> Int {
        guard start + 1 < bytes.count else { throw JSONError(offset: bytes.count, reason: .unexpectedEnd) }
        switch bytes[start + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            let first = try codeUnit(at: start)
            guard first >= 0xd800 && first < 0xe000 else { return start + 6 }
            guard first < 0xdc00, bytes.count - start >= 8, bytes[start + 6] == UInt8(ascii: "\\"),
                bytes[start + 7] == UInt8(ascii: "u")
            else { throw JSONError(offset: start, reason: .loneSurrogate) }
            let second = try codeUnit(at: start + 6)
            guard second >= 0xdc00 && second < 0xe000 else {
                throw JSONError(offset: start, reason: .loneSurrogate)
            }
            return start + 12
        default:
            throw JSONError(offset: start, reason: .malformedEscape)
        }
    }

    /// The four hexadecimal digits of the `\uXXXX` at `start`.
    private func codeUnit(at start: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for index in (start + 2)..<(start + 6) {
            guard index < bytes.count else { throw JSONError(offset: bytes.count, reason: .unexpectedEnd) }
            let byte = bytes[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw JSONError(offset: start, reason: .malformedEscape)
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    // MARK: Unescaping

    /// The bytes of `text`, which was scanned: its escapes are whole and its surrogates paired.
    private func unescape(_ text: JSONText) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.range.count)
        var index = text.range.lowerBound
        while index < text.range.upperBound {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                index += appendScalar(at: index, to: &result)
                continue
            case let itself: result.append(itself)
            }
            index += 2
        }
        return result
    }

    /// Appends the character of the `\uXXXX` or of the pair at `start`; returns the bytes that it takes.
    private func appendScalar(at start: Int, to result: inout [UInt8]) -> Int {
        guard var value = try? codeUnit(at: start) else {
            preconditionFailure("the escape was scanned before")
        }
        var length = 6
        if value >= 0xd800 && value < 0xe000, let second = try? codeUnit(at: start + 6) {
            value = 0x10000 + ((value & 0x3ff) << 10 | second & 0x3ff)
            length = 12
        }
        guard let scalar = Unicode.Scalar(value) else { preconditionFailure("surrogates are paired") }
        result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        return length
    }
}
