// SPDX-License-Identifier: Apache-2.0

/// How a policy or a request names a version: docs/reference/model-policy.md.
package enum VersionTarget: Sendable, Hashable {
    /// The newest version that is ready.
    case latest
    case version(ModelVersion)
    case alias(String)

    /// Nil for text that is neither `latest`, a version number nor the name of an alias.
    package init?(_ text: String) {
        if text == "latest" {
            self = .latest
        } else if let version = ModelVersion(text) {
            self = .version(version)
        } else if AliasName.isValid(text) {
            self = .alias(text)
        } else {
            return nil
        }
    }
}

extension VersionTarget: CustomStringConvertible {
    /// As it is written in a policy.
    package var description: String {
        switch self {
        case .latest: "latest"
        case .version(let version): version.description
        case .alias(let name): name
        }
    }
}

/// The rule for names of aliases: never to be mistaken for a version, safe in a path.
package enum AliasName {
    /// `[A-Za-z_][A-Za-z0-9._-]{0,63}`, but not `latest` and not `all`.
    package static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 64, name != "latest", name != "all" else {
            return false
        }
        return isLetter(first)
            && name.utf8.allSatisfy {
                isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2D
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
    }

    /// What a name must look like, for messages.
    package static let rule = "a letter or '_' first, then at most 63 of A-Z a-z 0-9 . _ -"
}
