// SPDX-License-Identifier: Apache-2.0

/// Base 64 with `+`, `/` and padding (RFC 4648, section 4).
package enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    package static func encode(_ bytes: Span<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let word =
                UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            for position in 0..<4 {
                let digit = alphabet[Int(word >> UInt32(18 - 6 * position)) & 63]
                text.append(position <= left ? digit : UInt8(ascii: "="))
            }
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for anything but what `encode` writes: wrong characters, missing padding, bits left over.
    package static func decode(_ text: String) -> [UInt8]? {
        let text = Array(text.utf8)
        guard text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var word: UInt32 = 0
        for (position, character) in text.dropLast(padding).enumerated() {
            guard let digit = value(of: character) else { return nil }
            word = word << 6 | digit
            if position % 4 == 3 {
                bytes += [UInt8(word >> 16 & 255), UInt8(word >> 8 & 255), UInt8(word & 255)]
                word = 0
            }
        }
        switch padding {
        case 1:
            guard word & 3 == 0 else { return nil }
            bytes += [UInt8(word >> 10 & 255), UInt8(word >> 2 & 255)]
        case 2:
            guard word & 15 == 0 else { return nil }
            bytes.append(UInt8(word >> 4 & 255))
        default: break
        }
        return bytes
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case 0x41...0x5A: UInt32(character) - 0x41
        case 0x61...0x7A: UInt32(character) - 0x61 + 26
        case 0x30...0x39: UInt32(character) - 0x30 + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
