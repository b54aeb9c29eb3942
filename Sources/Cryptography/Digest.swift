// SPDX-License-Identifier: Apache-2.0

/// The result of a digest, 32 bytes for SHA-256; written as lower-case hexadecimal everywhere.
package struct Digest: Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// A SHA-256 as `hexadecimal` writes it; nil for anything else, upper case included.
    package init?(hexadecimal: String) {
        let digits = Array(hexadecimal.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Digest.nibble(digits[index]), let low = Digest.nibble(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    /// Two lower-case hexadecimal digits a byte.
    package var hexadecimal: String { String(decoding: hexadecimalBytes, as: UTF8.self) }

    /// The same as ASCII bytes, for file headers.
    package var hexadecimalBytes: [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            digits.append(Digest.digit(byte >> 4))
            digits.append(Digest.digit(byte & 15))
        }
        return digits
    }

    package var description: String { hexadecimal }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: digit - 48
        case 97...102: digit - 87
        default: nil
        }
    }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 48 + nibble : 87 + nibble }
}
