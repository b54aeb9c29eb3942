// SPDX-License-Identifier: Apache-2.0

/// Why a zip archive, or a file in it, was not read.
package enum ZipError: Error, Hashable, Sendable {
    /// The archive breaks the layout of zip; `reason` says where.
    case malformed(reason: String)
    /// Legal, but not read here.
    case unsupported(reason: String)
    /// A file whose bytes do not have the size and checksum that the archive states.
    case damaged(name: String)
    case compression(name: String, CompressionError)
    case tooLarge(limit: Int)
}

extension ZipError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let reason): "the zip archive is damaged: \(reason)"
        case .unsupported(let reason): "the zip archive is not read here: \(reason)"
        case .damaged(let name): "\(name) in the zip archive is damaged: its size or checksum differs"
        case .compression(let name, let error): "\(name) in the zip archive: \(error)"
        case .tooLarge(let limit): "a file in the zip archive is larger than \(limit) bytes"
        }
    }
}
