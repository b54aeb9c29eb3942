// SPDX-License-Identifier: Apache-2.0
import COpenSSL.TLS

/// The calling thread's queue of OpenSSL errors. It must be empty before a session reads or writes, so
/// whoever meets an error takes it out.
enum TLSErrorQueue {
    static func clear() { ERR_clear_error() }

    /// The last reason in OpenSSL's words; empties the queue.
    static func takeReason() -> String {
        defer { ERR_clear_error() }
        let code = ERR_peek_last_error()
        // Safe because the text is a constant of the library.
        guard code != 0, let text = unsafe ERR_reason_error_string(code) else { return "unknown reason" }
        return unsafe String(cString: text)
    }
}
