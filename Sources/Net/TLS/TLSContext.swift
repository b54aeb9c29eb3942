// SPDX-License-Identifier: Apache-2.0
import COpenSSL.TLS

/// A certificate with its key and rules, ready for handshakes: OpenSSL's SSL_CTX.
///
/// State: immutable once made; OpenSSL locks what sessions of several threads share in it.
// Safe because nothing changes the context after `init`, and OpenSSL counts the sessions that use it.
@safe package final class TLSContext: @unchecked Sendable {
    // Safe because the pointer is owned by this object alone and freed once, in `deinit`.
    let pointer: OpaquePointer
    /// When the certificate ends, in seconds since 1970; 0 for a client.
    package let certificateEnd: Int64

    /// OpenSSL's description of our socket reads and writes; one for the process.
    // Safe because it is made once and never changed or freed.
    nonisolated(unsafe) static let socketMethod: OpaquePointer? = unsafe copenssl_socket_method()

    /// For a server. `predecessor`: the context that this one takes over from; its tickets stay valid.
    init(_ settings: TLSSettings, _ files: TLSFiles, predecessor: TLSContext?) throws(NetError) {
        // Safe because until `init` is through, only this function knows the context, and frees it on errors.
        let context = try unsafe Self.make(server: true, settings.versionMin)
        do throws(NetError) {
            let end = try unsafe Self.use(files.certificate, path: settings.certificatePath, in: context)
            try unsafe Self.useKey(files.key, settings, in: context)
            try unsafe Self.askClients(settings, files.clientAuthorities, in: context)
            unsafe copenssl_context_serve_http(context)
            if let predecessor { unsafe Self.copyTicketKeys(from: predecessor.pointer, to: context) }
            certificateEnd = end
            unsafe pointer = context
        } catch {
            unsafe SSL_CTX_free(context)
            throw error
        }
    }

    /// For a client that trusts the authorities in the PEM file at `path`, or the system's when nil.
    package init(clientTrusting path: String?) throws(NetError) {
        // Safe because until `init` is through, only this function knows the context, and frees it on errors.
        let context = try unsafe Self.make(server: false, .tls12)
        let loaded =
            if let path { unsafe SSL_CTX_load_verify_locations(context, path, nil) } else {
                unsafe SSL_CTX_set_default_verify_paths(context)
            }
        guard loaded == 1 else {
            unsafe SSL_CTX_free(context)
            throw .certificate(
                path: path ?? "the system's authorities", reason: TLSErrorQueue.takeReason())
        }
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        certificateEnd = 0
        unsafe pointer = context
    }

    deinit {
        // Safe because sessions hold references of their own.
        unsafe SSL_CTX_free(pointer)
    }

    /// Lets a client show a certificate. Call before any session is made.
    package func showCertificate(_ certificatePath: String, key keyPath: String) throws(NetError) {
        let settings = TLSSettings(certificatePath: certificatePath, keyPath: keyPath)
        let files = try TLSFiles(settings)
        // Safe because no session uses the context yet, and the caller has this object alive.
        _ = try unsafe Self.use(files.certificate, path: certificatePath, in: pointer)
        try unsafe Self.useKey(files.key, settings, in: pointer)
    }

    private static func make(server: Bool, _ version: TLSSettings.Version) throws(NetError) -> OpaquePointer {
        // Safe because the methods are constants of the library and the context is handed to the caller.
        let method = unsafe server ? TLS_server_method() : TLS_client_method()
        guard let context = unsafe SSL_CTX_new(method) else {
            throw .tls(reason: TLSErrorQueue.takeReason())
        }
        let number =
            switch version {
            case .tls12: TLS1_2_VERSION
            case .tls13: TLS1_3_VERSION
            }
        if unsafe copenssl_context_prepare(context, CInt(number)) == 1 { return unsafe context }
        unsafe SSL_CTX_free(context)
        throw .tls(reason: TLSErrorQueue.takeReason())
    }

    /// The first certificate is the server's own, the others its chain. Returns when the first one ends.
    private static func use(
        _ pem: [UInt8], path: String, in context: OpaquePointer
    ) throws(NetError) -> Int64 {
        var reader = try PEMReader(pem, path: path)
        // Safe because each certificate is freed here or handed over, once.
        guard let leaf = try unsafe reader.nextCertificate() else {
            throw .certificate(path: path, reason: "there is no certificate in PEM form in it")
        }
        defer { unsafe X509_free(leaf) }
        guard unsafe SSL_CTX_use_certificate(context, leaf) == 1 else {
            throw .certificate(path: path, reason: TLSErrorQueue.takeReason())
        }
        var count = 1
        while let issuer = try unsafe reader.nextCertificate() {
            count += 1
            guard count <= PEMReader.certificateCountMax,
                unsafe copenssl_context_add_chain(context, issuer) == 1
            else {
                unsafe X509_free(issuer)
                throw .certificate(path: path, reason: "the chain is too long, or one of it cannot be used")
            }
        }
        return unsafe copenssl_not_after(leaf)
    }

    private static func useKey(
        _ pem: [UInt8], _ settings: TLSSettings, in context: OpaquePointer
    ) throws(NetError) {
        var reader = try PEMReader(pem, path: settings.keyPath)
        // Safe because the key is freed once; the context counts its own reference.
        let key = try unsafe reader.key()
        defer { unsafe EVP_PKEY_free(key) }
        // OpenSSL compares the public halves.
        guard unsafe SSL_CTX_use_PrivateKey(context, key) == 1,
            unsafe SSL_CTX_check_private_key(context) == 1
        else {
            TLSErrorQueue.clear()
            throw .keyMismatch(keyPath: settings.keyPath, certificatePath: settings.certificatePath)
        }
    }

    private static func askClients(
        _ settings: TLSSettings, _ authorities: [UInt8], in context: OpaquePointer
    ) throws(NetError) {
        // A ticket carries the client's certificate as it was checked then: it must not open a listener that
        // asks for another kind, so the rules are part of what a ticket is valid for.
        var digest = [UInt8](repeating: 0, count: 32)
        var count: CUnsignedInt = 0
        let rules = Array(settings.clientCertificates.rawValue.utf8) + authorities
        // Safe because SHA-256 writes 32 bytes, which is what the array has and a context's name may have.
        _ = unsafe rules.withUnsafeBytes { text in
            unsafe EVP_Digest(text.baseAddress, text.count, &digest, &count, EVP_sha256(), nil)
        }
        _ = unsafe SSL_CTX_set_session_id_context(context, digest, CUnsignedInt(digest.count))
        if settings.clientCertificates == .off { return }
        let path = settings.clientAuthoritiesPath ?? ""
        var reader = try PEMReader(authorities, path: path)
        let store = unsafe SSL_CTX_get_cert_store(context)
        var added = 0
        while let authority = try unsafe reader.nextCertificate() {
            defer { unsafe X509_free(authority) }
            added += 1
            guard added <= PEMReader.certificateCountMax, unsafe X509_STORE_add_cert(store, authority) == 1,
                unsafe SSL_CTX_add_client_CA(context, authority) == 1
            else { throw .certificate(path: path, reason: TLSErrorQueue.takeReason()) }
        }
        guard added > 0 else {
            throw .certificate(path: path, reason: "there is no certificate in PEM form in it")
        }
        let mode =
            settings.clientCertificates == .required
            ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER
        unsafe SSL_CTX_set_verify(context, mode, nil)
    }

    private static func copyTicketKeys(from old: OpaquePointer, to new: OpaquePointer) {
        var keys = [UInt8](repeating: 0, count: Int(copenssl_ticket_keys_size))
        // Safe because both calls move exactly as many bytes as the array has.
        if unsafe copenssl_context_take_ticket_keys(old, &keys) == 1 {
            _ = unsafe copenssl_context_set_ticket_keys(new, &keys)
        }
        unsafe OPENSSL_cleanse(&keys, keys.count)
    }
}
