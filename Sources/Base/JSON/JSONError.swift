// SPDX-License-Identifier: Apache-2.0

/// Why a text is not the JSON that was asked for, and where.
package struct JSONError: Error, Equatable {
    /// Bytes before the place.
    package var offset: Int
    package var reason: Reason

    package enum Reason: Sendable, Equatable {
        /// The text ends where something has to come.
        case unexpectedEnd
        /// `expected` describes what could have come here.
        case unexpectedByte(expected: String)
        case wrongType(expected: JSONToken, found: JSONToken)
        case malformedNumber
        /// Larger than Float64 can hold.
        case numberOutOfRange
        /// A fraction, an exponent or a size that the whole-number type cannot hold.
        case notAWholeNumber
        /// A control character, a broken escape, a lone surrogate or bytes that are not UTF-8.
        case malformedString
        case tooDeep(limit: Int)
        case trailingBytes
        case duplicateKey(String)
    }

    package init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    /// Where the error is for a person: line and column in bytes, both from 1.
    package func position(in text: Span<UInt8>) -> (line: Int, column: Int) {
        var line = 1
        var lineStart = 0
        for position in 0..<min(offset, text.count) where text[position] == UInt8(ascii: "\n") {
            line += 1
            lineStart = position + 1
        }
        return (line, offset - lineStart + 1)
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String { "\(message) at byte \(offset)" }

    /// What is wrong, without the place.
    package var message: String {
        switch reason {
        case .unexpectedEnd: "the JSON text ends too early"
        case .unexpectedByte(let expected): "expected \(expected)"
        case .wrongType(let expected, let found): "expected \(expected.name), found \(found.name)"
        case .malformedNumber: "malformed number"
        case .numberOutOfRange: "the number is too large for Float64"
        case .notAWholeNumber: "expected a whole number in the range of its type"
        case .malformedString:
            "malformed string: a control character, a broken escape or bytes that are not UTF-8"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .trailingBytes: "unexpected bytes after the end of the JSON text"
        case .duplicateKey(let key): "the key \"\(key)\" stands twice in one object"
        }
    }
}

/// The kind of a JSON value, known from its first byte.
package enum JSONToken: Sendable, Equatable {
    case object, array, string, number, bool, null
    /// No value: the enclosing array or object, or the text, ends here.
    case end

    /// For messages: "a string".
    package var name: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .bool: "true or false"
        case .null: "null"
        case .end: "nothing"
        }
    }
}
