// SPDX-License-Identifier: Apache-2.0
internal import Base

/// `{"b64": "…"}`: how TensorFlow Serving's REST API writes bytes where a text is expected.
enum EncodedText {
    static let key = "b64"

    /// Reads the next value, which is an object; nil when it is another one or its bytes are not UTF-8.
    static func read(from reader: inout JSONReader) throws(JSONError) -> String? {
        try reader.beginObject()
        guard try reader.nextKey() == key, try reader.peek() == .string else { return nil }
        let text = try decode(from: &reader)
        guard try reader.nextKey() == nil else { return nil }
        return text
    }

    /// Reads the value of the key.
    static func decode(from reader: inout JSONReader) throws(JSONError) -> String? {
        guard let bytes = Base64.decode(try reader.readString()) else { return nil }
        return String(validating: bytes.span)
    }

    static let expected = "expected a string or {\"b64\": …} of UTF-8 text in base 64"
}
