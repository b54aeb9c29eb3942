// SPDX-License-Identifier: Apache-2.0

extension JSONReader {
    /// The next string, unescaped.
    ///
    /// - Throws: `malformedString` for control characters, unknown escapes, lone surrogates and bytes that are not
    ///   UTF-8; `wrongType`.
    package mutating func readString() throws(JSONError) -> String {
        guard nextByte() == UInt8(ascii: "\"") else { throw mismatch(.string) }
        let (content, hasEscapes) = try scanString()
        guard hasEscapes else {
            guard let text = String(validating: bytes.extracting(content)) else {
                throw JSONError(offset: content.lowerBound, reason: .malformedString)
            }
            return text
        }
        return try unescape(content)
    }

    /// Reads over the next string, which has to be as valid as one that is read.
    mutating func skipString() throws(JSONError) { _ = try readString() }

    /// Finds the closing quote, and consumes it; the content still has its escapes.
    private mutating func scanString() throws(JSONError) -> (content: Range<Int>, hasEscapes: Bool) {
        let start = position + 1
        var end = start
        var hasEscapes = false
        while end < bytes.count {
            // Safe because `end` was just compared with the count.
            let byte = unsafe bytes[unchecked: end]
            if byte == UInt8(ascii: "\"") {
                position = end + 1
                return (start..<end, hasEscapes)
            }
            guard byte >= 0x20 else { throw JSONError(offset: end, reason: .malformedString) }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                end += 1
            }
            end += 1
        }
        throw JSONError(offset: bytes.count, reason: .unexpectedEnd)
    }

    private func unescape(_ content: Range<Int>) throws(JSONError) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(content.count)
        var index = content.lowerBound
        while index < content.upperBound {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            // An escape never ends the content: the quote that would end it is part of the escape.
            let escape = bytes[index]
            index += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0c)
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "r"): text.append(0x0d)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = try unicodeEscape(&index, end: content.upperBound)
                text.append(contentsOf: Array(String(Character(scalar)).utf8))
            default: throw JSONError(offset: index - 1, reason: .malformedString)
            }
        }
        guard let string = String(validating: text.span) else {
            throw JSONError(offset: content.lowerBound, reason: .malformedString)
        }
        return string
    }

    /// Reads the digits of `\uXXXX`, and the second half of a surrogate pair where there is one.
    private func unicodeEscape(_ index: inout Int, end: Int) throws(JSONError) -> Unicode.Scalar {
        let start = index
        let first = try hexadecimal(&index, end: end)
        if let scalar = Unicode.Scalar(first) { return scalar }
        // Half of a pair (RFC 8259, section 7): a high one, then `\u` and a low one.
        guard first < 0xdc00, end - index >= 2, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { throw JSONError(offset: start, reason: .malformedString) }
        index += 2
        let second = try hexadecimal(&index, end: end)
        guard second >= 0xdc00 && second < 0xe000,
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
        else { throw JSONError(offset: start, reason: .malformedString) }
        return scalar
    }

    private func hexadecimal(_ index: inout Int, end: Int) throws(JSONError) -> UInt32 {
        guard end - index >= 4 else { throw JSONError(offset: index, reason: .malformedString) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw JSONError(offset: index, reason: .malformedString)
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}
