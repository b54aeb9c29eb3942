// SPDX-License-Identifier: Apache-2.0

extension ByteBuffer {
    /// Appends `text` as a JSON string: quotes, backslashes and control characters escaped, the rest as
    /// UTF-8.
    public mutating func append(quoted text: String) {
        let bytes = text.utf8.span
        append(UInt8(ascii: "\""))
        // Runs that need no escape are copied whole.
        var start = 0
        while true {
            let end = Self.endOfPlainText(bytes, from: start)
            append(bytes.extracting(start..<end))
            guard end < bytes.count else { break }
            append(escaped: bytes[end])
            start = end + 1
        }
        append(UInt8(ascii: "\""))
    }

    /// Where the run of bytes from `start` on that need no escape ends; eight bytes at a time.
    private static func endOfPlainText(_ bytes: Span<UInt8>, from start: Int) -> Int {
        // Safe because the view is only read below, by offsets compared with the count.
        let raw = unsafe bytes.bytes
        let ones: UInt64 = 0x0101_0101_0101_0101
        var position = start
        while bytes.count &- position >= 8 {
            // Safe because eight bytes were just seen to be there, and every bit pattern is a UInt64.
            let word = UInt64(
                littleEndian: unsafe raw.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: position, as: UInt64.self))
            // The top bit of a byte is set where it is below 0x20, a quote or a backslash; a borrow reaches
            // later bytes only, so the first that is found is one.
            let quotes = word ^ ones &* 0x22
            let backslashes = word ^ ones &* 0x5c
            let found =
                ((word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes
                    | (backslashes &- ones) & ~backslashes) & (ones &* 0x80)
            if found != 0 { return position &+ found.trailingZeroBitCount &>> 3 }
            position &+= 8
        }
        while position < bytes.count {
            // Safe because `position` was just compared with the count.
            let byte = unsafe bytes[unchecked: position]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            position &+= 1
        }
        return position
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
