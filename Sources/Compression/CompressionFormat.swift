// SPDX-License-Identifier: Apache-2.0

/// What stands around the compressed data.
package enum CompressionFormat: Sendable, CaseIterable {
    /// RFC 1952: header, data, CRC-32 and length; several members may follow each other.
    case gzip
    /// RFC 1950: header, data and Adler-32. What HTTP calls `deflate`.
    case zlib
    /// RFC 1951: data alone, as in zip archives.
    case raw

    /// zlib's code for it, with the largest window.
    var windowBits: Int32 {
        switch self {
        case .gzip: 31
        case .zlib: 15
        case .raw: -15
        }
    }
}
