// SPDX-License-Identifier: Apache-2.0
import Base
import Synchronization

/// The certificate of some listeners, which can be replaced while they work.
///
/// State: small and shared (`Mutex`): the context in force and the files that it was made from. A session
/// keeps the context that it began with.
package final class TLSServer: Sendable {
    private struct State {
        var context: TLSContext
        var files: TLSFiles
    }

    package let settings: TLSSettings
    private let state: Mutex<State>

    package init(_ settings: TLSSettings) throws(NetError) {
        self.settings = settings
        let files = try TLSFiles(settings)
        let context = try TLSContext(settings, files, predecessor: nil)
        state = Mutex(State(context: context, files: files))
    }

    /// When the certificate in force ends, in seconds since 1970.
    package var certificateEnd: Int64 { state.withLock { $0.context.certificateEnd } }

    /// Reads the files again. True when new handshakes use something new from now on; false when nothing has
    /// changed. When it throws, all stays as it was.
    package func reload() throws(NetError) -> Bool {
        let files = try TLSFiles(settings)
        let old = state.withLock { $0 }
        if files == old.files { return false }
        let context = try TLSContext(settings, files, predecessor: old.context)
        state.withLock { $0 = State(context: context, files: files) }
        return true
    }

    /// The server's side of a connection on a socket; nil without memory.
    func makeSession(_ descriptor: CInt) -> TLSSession? {
        TLSSession(state.withLock { $0.context }, descriptor: descriptor, role: .server)
    }
}
