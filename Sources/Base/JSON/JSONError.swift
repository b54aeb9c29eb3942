// SPDX-License-Identifier: Apache-2.0

/// Why a text is not the JSON that was asked for, and where.
///
/// It holds no reference: code that reads JSON is inlined into its callers, and errors with a string in them
/// make each call larger (and Swift 6.3's optimizer stop on some callers).
public struct JSONError: Error, Equatable {
    /// Bytes before the place.
    public var offset: Int
    public var reason: Reason

    public enum Reason: Sendable, Equatable {
        /// The text ends where something has to come.
        case unexpectedEnd
        case unexpectedByte(expected: Expectation)
        case wrongType(expected: JSONToken, found: JSONToken)
        case malformedNumber
        /// Larger than Float64 can hold.
        case numberOutOfRange
        /// A fraction, an exponent or a size that the whole-number type cannot hold.
        case notAWholeNumber
        /// A byte below 0x20 inside a string.
        case controlCharacter
        /// A backslash with something behind it that RFC 8259 does not know.
        case malformedEscape
        /// `\uD800` to `\uDFFF` without its other half.
        case loneSurrogate
        /// Bytes that are not UTF-8.
        case malformedUTF8
        case tooDeep(limit: Int)
        case trailingBytes
        /// The offset is that of the key's second opening quote.
        case duplicateKey
    }

    /// What could have come at a place, in the words of the message.
    public enum Expectation: String, Sendable {
        case value = "a value"
        case valueAfterComma = "a value after ','"
        case key = "a key in quotes"
        case colon = "':'"
        case commaOrBracket = "',' or ']'"
        case commaOrBrace = "',' or '}'"
        case bool = "true or false"
        case null = "null"
    }

    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    /// Where the error is for a person: line and column, both from 1; a column is a Unicode scalar.
    ///
    /// - Parameter text: the text that was read.
    public func position(in text: Span<UInt8>) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for position in 0..<max(0, min(offset, text.count)) {
            let byte = text[position]
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xc0 != 0x80 {
                column += 1
            }
        }
        return (line, column)
    }
}

extension JSONError: CustomStringConvertible {
    public var description: String { "\(message) at byte \(offset)" }

    /// What is wrong, without the place.
    public var message: String {
        switch reason {
        case .unexpectedEnd: "the JSON text ends too early"
        case .unexpectedByte(let expected): "expected \(expected.rawValue)"
        case .wrongType(let expected, let found): "expected \(expected.name), found \(found.name)"
        case .malformedNumber: "malformed number"
        case .numberOutOfRange: "the number is too large for Float64"
        case .notAWholeNumber: "expected a whole number in the range of its type"
        case .controlCharacter: "a control character inside a string; write it as an escape"
        case .malformedEscape: "a backslash in a string that begins no valid escape"
        case .loneSurrogate: "half of a surrogate pair without the other half"
        case .malformedUTF8: "bytes inside a string that are not UTF-8"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .trailingBytes: "unexpected bytes after the end of the JSON text"
        case .duplicateKey: "a key that stands in the object already"
        }
    }

    /// For machines; stays the same when the message is reworded.
    public var code: String {
        switch reason {
        case .unexpectedEnd: "json.unexpected_end"
        case .unexpectedByte: "json.unexpected_byte"
        case .wrongType: "json.wrong_type"
        case .malformedNumber: "json.malformed_number"
        case .numberOutOfRange: "json.number_out_of_range"
        case .notAWholeNumber: "json.not_a_whole_number"
        case .controlCharacter: "json.control_character"
        case .malformedEscape: "json.malformed_escape"
        case .loneSurrogate: "json.lone_surrogate"
        case .malformedUTF8: "json.malformed_utf8"
        case .tooDeep: "json.too_deep"
        case .trailingBytes: "json.trailing_bytes"
        case .duplicateKey: "json.duplicate_key"
        }
    }
}
