// SPDX-License-Identifier: Apache-2.0

/// The kind of a JSON value, known from its first byte.
public enum JSONToken: Sendable, Equatable {
    case object, array, string, number, bool, null
    /// No value: the enclosing array or object, or the text, ends here.
    case end

    /// For messages: "a string".
    public var name: String {
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

/// A key or string as it stands in the text, between its quotes: valid, and not yet unescaped.
///
/// It is compared and copied by the reader that it comes from (`matches`, `string`).
public struct JSONText: Sendable, Equatable {
    /// Where its bytes are in the reader's text; the quotes are outside.
    public var range: Range<Int>
    public var hasEscapes: Bool

    @inlinable
    public init(range: Range<Int>, hasEscapes: Bool) {
        self.range = range
        self.hasEscapes = hasEscapes
    }
}
