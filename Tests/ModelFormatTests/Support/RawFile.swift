// SPDX-License-Identifier: Apache-2.0
import Cryptography

/// A native file taken apart, so that tests can break one thing and put it together with a digest that fits.
struct RawFile {
    /// Without the spaces at its end; the digest is 64 zeros.
    var header: String
    var data: [UInt8]
    /// What stands in the length field instead of the header's length.
    var statedLength: UInt64?
    /// Spaces to a multiple of 64.
    var isPadded = true
    /// What stands in for the digest; nil for the right one.
    var statedDigest: String?

    init(_ file: [UInt8]) {
        var length = 0
        for index in 0..<8 { length |= Int(file[index]) << (8 * index) }
        let text = String(decoding: file[8..<(8 + length)], as: UTF8.self)
        let digest = text.dropFirst(34).prefix(64)
        header = text.replacing(digest, with: String(repeating: "0", count: 64))
        while header.hasSuffix(" ") { header.removeLast() }
        data = Array(file[(8 + length)...])
    }

    var bytes: [UInt8] {
        var text = Array(header.utf8)
        while isPadded && (8 + text.count) % 64 != 0 { text.append(UInt8(ascii: " ")) }
        let length = statedLength ?? UInt64(text.count)
        var file = (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) }
        file += text
        file += data
        guard file.count >= 106 else { return file }
        var digest = Array((statedDigest ?? "").utf8)
        if statedDigest == nil { digest = SHA256.digest(of: file.span).hexadecimalBytes }
        file.replaceSubrange(42..<106, with: digest)
        return file
    }
}

extension RawFile {
    /// `file` with a digest that fits it.
    static func redigested(_ file: [UInt8]) -> [UInt8] {
        var file = file
        file.replaceSubrange(42..<106, with: repeatElement(48, count: 64))
        file.replaceSubrange(42..<106, with: SHA256.digest(of: file.span).hexadecimalBytes)
        return file
    }
}
