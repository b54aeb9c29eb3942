// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// A model as people write it: `MODEL` (its newest version) or `MODEL@VERSION`.
struct ModelReference: Equatable, Sendable, CustomStringConvertible {
    var name: String
    /// Nil: the one that the server would take.
    var version: String?

    init(parsing text: String) throws(ControlError) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty else { throw .invalidModelReference(text) }
        self.name = String(name)
        guard parts.count == 2 else { return }
        guard !parts[1].isEmpty, parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw .invalidModelReference(text)
        }
        version = String(parts[1])
    }

    var description: String { version.map { "\(name)@\($0)" } ?? name }

    /// `/v2/models/{name}[/versions/{version}]`, with everything but unreserved characters of the name
    /// escaped.
    var metadataPath: String {
        let path = "/v2/models/\(Self.percentEncoded(name))"
        return version.map { "\(path)/versions/\($0)" } ?? path
    }

    static func percentEncoded(_ name: String) -> String {
        var text = ""
        for byte in name.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return text
    }
}
