// SPDX-License-Identifier: Apache-2.0
import Compression

/// How a body is compressed (RFC 9110, section 8.4.1).
enum ContentCoding: UInt8, Sendable {
    case identity, gzip, deflate
    /// One that is not known here, or several on top of each other, which only attackers send.
    case unsupported

    /// The name in Content-Encoding.
    var name: StaticString {
        switch self {
        case .identity, .unsupported: "identity"
        case .gzip: "gzip"
        case .deflate: "deflate"
        }
    }

    var format: CompressionFormat? {
        switch self {
        case .identity, .unsupported: nil
        case .gzip: .gzip
        case .deflate: .zlib
        }
    }

    /// Content codings are case-insensitive, and `x-gzip` is `gzip`.
    init(_ token: Span<UInt8>) {
        if token.equalsIgnoringCase("gzip") || token.equalsIgnoringCase("x-gzip") {
            self = .gzip
        } else if token.equalsIgnoringCase("deflate") {
            self = .deflate
        } else if token.equalsIgnoringCase("identity") {
            self = .identity
        } else {
            self = .unsupported
        }
    }

    /// The coding after one more Content-Encoding line with this list.
    func followed(by list: Span<UInt8>) -> ContentCoding {
        var result = self
        var start = 0
        while start <= list.count {
            let end = list.firstIndex(of: .comma, in: start..<list.count) ?? list.count
            let element = list.extracting(list.trimmed(start..<end))
            start = end + 1
            // Empty elements of a list say nothing (RFC 9110, section 5.6.1.2).
            if element.isEmpty { continue }
            let coding = ContentCoding(element)
            if coding == .identity { continue }
            result = result == .identity ? coding : .unsupported
        }
        return result
    }
}
