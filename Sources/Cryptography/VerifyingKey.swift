// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// The public half of an ECDSA key on P-256, P-384 or P-521, which signatures are checked with.
// Safe because the key is never changed after `init`; libcrypto reads it from any number of threads.
@safe package final class VerifyingKey: @unchecked Sendable {
    private let key: OpaquePointer
    /// SHA-256 of `pem`, lower-case hexadecimal: how sigstore bundles of the model-signing tool name a key.
    package let fingerprint: String
    /// The key as `BEGIN PUBLIC KEY`, in lines of 64 characters.
    package let pem: String

    /// - Parameter pem: a text with one `BEGIN PUBLIC KEY`.
    package convenience init(pem: String) throws(CryptographyError) {
        // Safe because the key has one owner after this: the object, whose `deinit` frees it.
        guard let key = unsafe KeyText.read(pem, isPrivate: false) else { throw .noPublicKey }
        try unsafe self.init(owning: key)
    }

    /// The public half of a private key.
    convenience init(publicHalfOf key: OpaquePointer) throws(CryptographyError) {
        // Safe because `key` lives through the calls, which only read it.
        guard unsafe copenssl_curve_bits(key) > 0 else { throw .unsupportedKey }
        try self.init(pem: unsafe KeyText.publicHalf(of: key))
    }

    /// Takes over `key`, also when it throws.
    init(owning key: OpaquePointer) throws(CryptographyError) {
        // Safe because the key lives until `deinit`, which is the only place that frees it.
        unsafe self.key = key
        guard unsafe copenssl_curve_bits(key) > 0 else {
            (pem, fingerprint) = ("", "")
            throw .unsupportedKey
        }
        pem = unsafe KeyText.publicHalf(of: key)
        fingerprint = SHA256.digest(of: Array(pem.utf8).span).hexadecimal
    }

    deinit {
        // Safe because nobody can reach the key any more.
        unsafe EVP_PKEY_free(key)
    }

    /// Whether `signature` (ECDSA, DER) was made for `message` with the private half, over the curve's own
    /// digest: SHA-256, SHA-384 or SHA-512.
    package func isValid(_ signature: Span<UInt8>, for message: Span<UInt8>) -> Bool {
        // Safe because libcrypto only reads the two spans during the call.
        unsafe signature.withUnsafeBytes { signature in
            unsafe message.withUnsafeBytes { message in
                unsafe copenssl_verify(
                    key, signature.baseAddress, signature.count, message.baseAddress, message.count) == 1
            }
        }
    }
}

/// PEM texts of keys.
enum KeyText {
    /// Longer texts are no keys.
    private static let countMax = 64 << 10

    static func read(_ pem: String, isPrivate: Bool) -> OpaquePointer? {
        let bytes = Array(pem.utf8)
        guard bytes.count <= countMax else { return nil }
        // Safe because libcrypto copies what it needs of the bytes during the call.
        return unsafe bytes.withUnsafeBytes {
            unsafe copenssl_key($0.baseAddress, CInt($0.count), isPrivate ? 1 : 0)
        }
    }

    static func publicHalf(of key: OpaquePointer) -> String {
        var text = [CChar](repeating: 0, count: 4096)
        // Safe because at most the array's count of bytes is written.
        let count = unsafe text.withUnsafeMutableBufferPointer {
            unsafe copenssl_write_public_key(key, $0.baseAddress, CInt($0.count))
        }
        precondition(count > 0, "a key on a known curve has a public half")
        return String(decoding: text[..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
