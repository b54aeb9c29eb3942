// SPDX-License-Identifier: Apache-2.0

/// Why a key cannot be used.
package enum CryptographyError: Error, Equatable, CustomStringConvertible {
    /// The text holds no private key in PEM, or one that is encrypted.
    case noPrivateKey
    case noPublicKey
    /// Something else than P-256, P-384 or P-521.
    case unsupportedKey

    package var description: String {
        switch self {
        case .noPrivateKey: "there is no private key in PEM without a passphrase in it"
        case .noPublicKey: "there is no public key in PEM (BEGIN PUBLIC KEY) in it"
        case .unsupportedKey: "the key is of another kind than the curves P-256, P-384 and P-521"
        }
    }
}
