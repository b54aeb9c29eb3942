// SPDX-License-Identifier: Apache-2.0

/// A whole JSON document in memory, for small texts such as manifests and metadata; requests are read with
/// `JSONReader` instead.
package indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number written without fraction and exponent that fits Int64.
    case integer(Int64)
    /// Any other number, `-0` among them.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The member `key` of an object; nil for another value or without that member.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        return object[key]
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    /// Any number.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

// MARK: Making

extension JSONValue: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self = .string(text) }

    /// An object of these members, in their order; a key that is given twice takes the last value.
    package static func record(_ members: [(String, JSONValue)]) -> JSONValue {
        var object = JSONObject()
        for (key, value) in members { object[key] = value }
        return .object(object)
    }
}

// MARK: Reading

extension JSONValue {
    /// The document that is the whole of `text`.
    ///
    /// - Throws: `JSONError`; a key that stands twice in one object is `duplicateKey`.
    package static func parse(
        _ text: Span<UInt8>, options: JSONReader.Options = .strict
    ) throws(JSONError) -> JSONValue {
        var reader = JSONReader(text, options: options)
        let value = try JSONValue(from: &reader)
        try reader.expectEnd()
        return value
    }

    /// Reads the next value. The recursion is bounded by the reader's depth limit.
    package init(from reader: inout JSONReader) throws(JSONError) {
        switch try reader.peek() {
        case .null:
            try reader.readNull()
            self = .null
        case .bool:
            self = .bool(try reader.readBool())
        case .number:
            self = try reader.readNumber()
        case .string:
            self = .string(try reader.readString())
        case .array:
            var elements: [JSONValue] = []
            try reader.beginArray()
            while try reader.nextElement() { elements.append(try JSONValue(from: &reader)) }
            self = .array(elements)
        case .object:
            var object = JSONObject()
            try reader.beginObject()
            while let text = try reader.nextKeyText() {
                let key = reader.string(text)
                let value = try JSONValue(from: &reader)
                guard object.append(key, value) else {
                    throw JSONError(offset: text.range.lowerBound - 1, reason: .duplicateKey)
                }
            }
            self = .object(object)
        case .end:
            throw reader.unexpected(.value)
        }
    }
}

// MARK: Writing

extension JSONValue {
    /// Appends the value without white space; the same value gives the same bytes.
    ///
    /// A number that is not finite is written as `null`, as JavaScript does: JSON has no token for it.
    package func write(into buffer: inout ByteBuffer) {
        switch self {
        case .null: buffer.append("null")
        case .bool(let value): buffer.append(value ? "true" : "false")
        case .integer(let value): buffer.append(decimal: value)
        case .number(let value) where value.isFinite: buffer.append(shortest: value)
        case .number: buffer.append("null")
        case .string(let value): buffer.append(quoted: value)
        case .array(let elements):
            buffer.append("[")
            for (position, element) in elements.enumerated() {
                if position > 0 { buffer.append(",") }
                element.write(into: &buffer)
            }
            buffer.append("]")
        case .object(let object):
            buffer.append("{")
            for (position, member) in object.members.enumerated() {
                if position > 0 { buffer.append(",") }
                buffer.append(quoted: member.key)
                buffer.append(":")
                member.value.write(into: &buffer)
            }
            buffer.append("}")
        }
    }
}
