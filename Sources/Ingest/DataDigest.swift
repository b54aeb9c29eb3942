// SPDX-License-Identifier: Apache-2.0
import Cryptography

/// Digests of data that is in several parts.
package enum DataDigest {
    package static func of(bytes: Span<UInt8>) -> String {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finish().hexadecimal
    }

    /// SHA-256 of the parts' digests, as text, one after the other.
    package static func of(_ digests: [String]) -> String {
        var digest = SHA256()
        for part in digests { digest.update(part.utf8Span.span) }
        return digest.finish().hexadecimal
    }
}
