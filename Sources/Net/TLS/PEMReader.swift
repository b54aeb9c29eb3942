// SPDX-License-Identifier: Apache-2.0
import COpenSSL.TLS

/// Reads certificates and keys out of a PEM text that stays alive for as long as the value.
@safe struct PEMReader: ~Copyable {
    /// Certificates in one file; a list of all public authorities has about 150.
    static let certificateCountMax = 1_000

    private let text: OpaquePointer
    private let path: String

    /// `path` is for messages.
    init(_ bytes: borrowing [UInt8], path: String) throws(NetError) {
        self.path = path
        // Safe because BIO_new and BIO_write copy the bytes, and the BIO is freed once, in `deinit`.
        guard let text = unsafe BIO_new(BIO_s_mem()) else {
            throw .certificate(path: path, reason: "out of memory")
        }
        unsafe self.text = text
        let count = Int32(clamping: bytes.count)
        _ = unsafe bytes.withUnsafeBytes { unsafe BIO_write(text, $0.baseAddress, count) }
    }

    deinit {
        // Safe because nobody else can hold the BIO after its only owner is gone.
        unsafe BIO_free(text)
    }

    /// The next certificate, which the caller must free or hand over; nil at the end of the text.
    mutating func nextCertificate() throws(NetError) -> OpaquePointer? {
        // Safe because the pointer is a fresh object that only the caller knows.
        if let certificate = unsafe copenssl_read_certificate(text) { return unsafe certificate }
        if copenssl_is_end_of_pem() == 1 {
            TLSErrorQueue.clear()
            return nil
        }
        throw .certificate(path: path, reason: TLSErrorQueue.takeReason())
    }

    /// The key, which the caller must free or hand over.
    mutating func key() throws(NetError) -> OpaquePointer {
        // Safe because the pointer is a fresh object that only the caller knows.
        if let key = unsafe copenssl_read_key(text) {
            TLSErrorQueue.clear()
            return unsafe key
        }
        if copenssl_is_end_of_pem() == 1 {
            TLSErrorQueue.clear()
            throw .privateKey(path: path, reason: "there is no private key in PEM form in it")
        }
        let reason = TLSErrorQueue.takeReason()
        throw .privateKey(path: path, reason: "\(reason); it must be PEM and not encrypted")
    }
}
