// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// A private ECDSA key on P-256, P-384 or P-521. It is not written anywhere and has no description.
// Safe because the key is never changed after `init`; libcrypto reads it from any number of threads.
@safe package final class SigningKey: @unchecked Sendable {
    private let key: OpaquePointer
    /// What its signatures are checked with.
    package let verifyingKey: VerifyingKey

    /// - Parameter pem: a text with one private key that is not encrypted (`BEGIN PRIVATE KEY` or
    ///   `BEGIN EC PRIVATE KEY`).
    package init(pem: String) throws(CryptographyError) {
        // Safe because the object owns the key from here on, and its `deinit` frees it.
        guard let key = unsafe KeyText.read(pem, isPrivate: true) else { throw .noPrivateKey }
        unsafe self.key = key
        verifyingKey = try unsafe VerifyingKey(publicHalfOf: key)
    }

    deinit {
        // Safe because nobody can reach the key any more; its bytes are wiped.
        unsafe EVP_PKEY_free(key)
    }

    /// The ECDSA signature of `message`, DER, over the curve's own digest.
    package func signature(of message: Span<UInt8>) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 256)
        // Safe because libcrypto reads the message's bytes and writes at most the array's.
        let count = unsafe signature.withUnsafeMutableBytes { out in
            unsafe message.withUnsafeBytes { message in
                unsafe copenssl_sign(
                    key, message.baseAddress, message.count, out.bindMemory(to: UInt8.self).baseAddress,
                    out.count)
            }
        }
        precondition(count > 0, "signing with a good key cannot fail")
        return Array(signature[..<count])
    }
}
