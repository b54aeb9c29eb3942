// SPDX-License-Identifier: Apache-2.0

/// Why compressed data was not taken.
package enum CompressionError: Error, Hashable, Sendable {
    /// It is not what it claims to be, or a check sum does not fit.
    case corrupt
    /// It ends before its end.
    case truncated
    /// Something follows its end.
    case trailingBytes
    /// It grows beyond the limit.
    case tooLarge(limit: Int)
    /// It grows by so much that it is built to exhaust memory.
    case ratioTooHigh(limit: Int)
    /// zlib got no memory.
    case outOfMemory
}

extension CompressionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .corrupt: "the compressed data is corrupt"
        case .truncated: "the compressed data ends too early"
        case .trailingBytes: "something follows the compressed data"
        case .tooLarge(let limit): "the data is larger than \(limit) bytes when decompressed"
        case .ratioTooHigh(let limit): "the data grows more than \(limit) times when decompressed"
        case .outOfMemory: "there is no memory left to decompress the data"
        }
    }
}
