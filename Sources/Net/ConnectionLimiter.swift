// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// How many connections there may be, in all and from one client; shared by all loops of a server.
///
/// State: small and shared (`Mutex`); touched when a connection comes or goes, never by a request.
package final class ConnectionLimiter: Sendable {
    package struct Limits: Sendable, Equatable {
        /// All connections together; more wait in the kernel's queue until one ends.
        package var total = Int.max
        /// Connections of one client (an IPv4 address, an IPv6 network of 64 bits); more are closed at once.
        /// Unix-domain sockets are not counted.
        package var perClient = Int.max

        package init() {}
    }

    private struct State {
        var limits: Limits
        var total = 0
        var clients: [PeerAddress: Int] = [:]
    }

    private let state: Mutex<State>

    package init(_ limits: Limits) { state = Mutex(State(limits: limits)) }

    /// May be changed while connections are open; those that are beyond a new limit stay.
    package var limits: Limits {
        get { state.withLock { $0.limits } }
        set { state.withLock { $0.limits = newValue } }
    }

    /// Nobody more can be taken.
    var isFull: Bool { state.withLock { $0.total >= $0.limits.total } }

    package var count: Int { state.withLock { $0.total } }

    /// Counts a connection in; false, and not counted, when its client has too many.
    package func admit(_ peer: PeerAddress) -> Bool {
        state.withLock { state in
            // Counted even without a limit: one may be set while the connection lives.
            if peer.family != 0 {
                let count = state.clients[peer.client, default: 0]
                if count >= state.limits.perClient { return false }
                state.clients[peer.client] = count + 1
            }
            state.total += 1
            return true
        }
    }

    package func release(_ peer: PeerAddress) {
        state.withLock { state in
            state.total -= 1
            guard peer.family != 0, let count = state.clients[peer.client] else { return }
            state.clients[peer.client] = count > 1 ? count - 1 : nil
        }
    }
}
