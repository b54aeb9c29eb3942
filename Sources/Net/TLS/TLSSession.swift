// SPDX-License-Identifier: Apache-2.0
import Base
import COpenSSL.TLS
import Glibc

/// TLS on one non-blocking or blocking socket, which it does not own. The handshake happens inside the first
/// reads.
///
/// State: owned by whoever owns the socket; in a server, the loop's thread.
@safe package final class TLSSession {
    package enum Role: Sendable {
        case server
        /// The name that the server's certificate must have.
        case client(host: String)
    }

    // Safe because the pointer is owned by this object alone and freed once, in `deinit`.
    private let pointer: OpaquePointer
    /// Decrypted or not, more input is here that the poller does not know of: read again.
    package private(set) var hasBufferedInput = false
    /// The last read could not go on before the socket takes bytes.
    package private(set) var waitsForWritable = false
    /// Why the session failed; nil while it has not, and when the connection below it broke.
    package private(set) var failure: String?
    package private(set) var hasHandshaken = false
    /// The certificate that the client showed, checked against the authorities; nil without one.
    package private(set) var clientCertificate: ClientCertificate?

    package init?(_ context: TLSContext, descriptor: CInt, role: Role) {
        // Safe because OpenSSL counts the context's references, and the socket outlives the session: both
        // have one owner, who closes the socket last.
        guard let pointer = unsafe SSL_new(context.pointer) else {
            TLSErrorQueue.clear()
            return nil
        }
        unsafe self.pointer = pointer
        guard let method = unsafe TLSContext.socketMethod,
            unsafe copenssl_attach(pointer, method, descriptor) == 1
        else {
            TLSErrorQueue.clear()
            return nil
        }
        switch role {
        case .server: unsafe SSL_set_accept_state(pointer)
        case .client(let host):
            unsafe SSL_set_connect_state(pointer)
            guard unsafe SSL_set1_host(pointer, host) == 1 else {
                TLSErrorQueue.clear()
                return nil
            }
            // An address is no name: it must not be announced as one (RFC 6066, section 3).
            if !host.contains(":"), host.utf8.contains(where: { $0 > 0x39 }) {
                _ = unsafe copenssl_set_host_name(pointer, host)
            }
        }
    }

    deinit {
        // Safe because nobody else can hold the session after its only owner is gone.
        unsafe SSL_free(pointer)
    }

    /// Appends at most `limit` decrypted bytes to `buffer`.
    package func receive(into buffer: inout ByteBuffer, limit: Int) -> IOResult {
        waitsForWritable = false
        var total = 0
        repeat {
            var count: CInt = 0
            let room = CInt(clamping: limit - total)
            // Safe because the buffer has `room` free bytes and OpenSSL writes at most so many.
            unsafe buffer.withFreeSpace(Int(room)) { start in
                count = unsafe SSL_read(pointer, start, room)
                return max(Int(count), 0)
            }
            if count <= 0 {
                hasBufferedInput = false
                let outcome = outcome(of: count)
                return total > 0 && outcome == .wouldBlock ? .bytes(total) : outcome
            }
            total += Int(count)
            if !hasHandshaken { handshakeEnded() }
            hasBufferedInput = unsafe SSL_has_pending(pointer) == 1
        } while hasBufferedInput && total < limit
        return .bytes(total)
    }

    /// Sends what the socket takes of `bytes`. What is left must be the start of the next call's bytes.
    package func send(_ bytes: Span<UInt8>) -> IOResult {
        var sent = 0
        while sent < bytes.count {
            // Safe because OpenSSL only reads the span's memory during the call.
            let count = unsafe bytes.extracting(sent..<bytes.count).withUnsafeBufferPointer { source in
                unsafe SSL_write(pointer, source.baseAddress, CInt(clamping: source.count))
            }
            if count <= 0 {
                let outcome = outcome(of: count)
                return sent > 0 && outcome == .wouldBlock ? .bytes(sent) : outcome
            }
            sent += Int(count)
        }
        return .bytes(sent)
    }

    /// Tells the other side that nothing more will come; what it still sends can be dropped undecrypted.
    package func sayGoodbye() {
        hasBufferedInput = false
        waitsForWritable = false
        // Safe because the session lives. In the middle of a handshake this fails, and nothing is said.
        if failure == nil, unsafe SSL_shutdown(pointer) < 0 { TLSErrorQueue.clear() }
    }

    private func handshakeEnded() {
        hasHandshaken = true
        // Checking a chain may leave errors of ways that it tried first.
        TLSErrorQueue.clear()
        // Safe because the certificate belongs to the session and is only read here.
        if let certificate = unsafe SSL_get0_peer_certificate(pointer) {
            clientCertificate = unsafe ClientCertificate(certificate)
        }
    }

    private func outcome(of result: CInt) -> IOResult {
        let code = errno
        // Safe because the session lives; the queue was empty before the call that gave `result`.
        switch unsafe SSL_get_error(pointer, result) {
        case SSL_ERROR_WANT_READ: return .wouldBlock
        case SSL_ERROR_WANT_WRITE:
            waitsForWritable = true
            return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .end
        case SSL_ERROR_SYSCALL:
            TLSErrorQueue.clear()
            return .failed(code == 0 ? ECONNRESET : code)
        default:
            let verification = unsafe SSL_get_verify_result(pointer)
            let reason = TLSErrorQueue.takeReason()
            failure =
                verification == Int(X509_V_OK)
                ? reason : "\(reason): \(unsafe String(cString: X509_verify_cert_error_string(verification)))"
            return .failed(EPROTO)
        }
    }
}
