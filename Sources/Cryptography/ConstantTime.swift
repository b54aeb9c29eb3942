// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// Comparing secrets, or digests of secrets.
package enum ConstantTime {
    /// Whether the two are equal; how long it takes tells only their counts.
    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        // Safe because libcrypto reads `count` bytes of each, and both have as many.
        return unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { right in
                unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
            }
        }
    }
}
