// SPDX-License-Identifier: Apache-2.0

extension ByteBuffer {
    /// Appends `text` as a JSON string: quotes, backslashes and control characters escaped, the rest as
    /// UTF-8.
    public mutating func append(quoted text: String) {
        let bytes = text.utf8.span
        append(UInt8(ascii: "\""))
        // Runs that need no escape are copied whole.
        var start = 0
        for position in bytes.indices {
            let byte = bytes[position]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            append(bytes.extracting(start..<position))
            append(escaped: byte)
            start = position + 1
        }
        append(bytes.extracting(start..<bytes.count))
        append(UInt8(ascii: "\""))
    }

    private mutating func append(escaped byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0a: append(UInt8(ascii: "n"))
        case 0x0c: append(UInt8(ascii: "f"))
        case 0x0d: append(UInt8(ascii: "r"))
        case 0..<0x20:
            append("u00")
            append(hexadecimal: byte)
        default: append(byte)
        }
    }

    /// Appends two hexadecimal digits in lower case.
    public mutating func append(hexadecimal byte: UInt8) {
        append(hexadecimalDigit: byte >> 4)
        append(hexadecimalDigit: byte & 15)
    }

    private mutating func append(hexadecimalDigit digit: UInt8) {
        append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
}
