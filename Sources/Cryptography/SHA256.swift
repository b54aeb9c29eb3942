// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// SHA-256, fed piece by piece; libcrypto's code, which uses the processor's SHA instructions where it has
/// them.
///
/// One value belongs to one thread at a time.
// Safe because the context has one owner, and moves with it from thread to thread.
@safe package struct SHA256: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    package init() {
        // Safe because the context belongs to this value alone and is freed once, in `deinit`.
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("out of memory for a digest") }
        unsafe self.context = context
        let started = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
        precondition(started == 1, "libcrypto has no SHA-256")
    }

    deinit {
        // Safe because nothing else can hold the context after its only owner is gone.
        unsafe EVP_MD_CTX_free(context)
    }

    /// Adds `bytes` to what is digested.
    package mutating func update(_ bytes: Span<UInt8>) {
        if bytes.isEmpty { return }
        // Safe because libcrypto only reads the span's bytes during the call.
        let updated = unsafe bytes.withUnsafeBytes {
            unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count)
        }
        precondition(updated == 1, "a digest cannot fail half-way")
    }

    /// The digest of everything added so far; the value is used up.
    package consuming func finish() -> Digest {
        var bytes = [UInt8](repeating: 0, count: 32)
        var span = bytes.mutableSpan
        // Safe because SHA-256 writes exactly the 32 bytes that the array has.
        let finished = unsafe span.withUnsafeMutableBufferPointer {
            unsafe EVP_DigestFinal_ex(context, $0.baseAddress, nil)
        }
        precondition(finished == 1, "a digest cannot fail at its end")
        return Digest(bytes: bytes)
    }

    /// The digest of `bytes`.
    package static func digest(of bytes: Span<UInt8>) -> Digest {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finish()
    }
}
