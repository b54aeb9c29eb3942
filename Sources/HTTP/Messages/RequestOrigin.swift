// SPDX-License-Identifier: Apache-2.0
import Net

/// Whom a request comes from.
package struct RequestOrigin: Sendable {
    /// Which of the configured listeners it came in on.
    package let listener: Int
    package let peer: PeerAddress
    /// The client's certificate, checked; nil when it showed none, and on plain connections.
    package internal(set) var certificate: ClientCertificate?

    init(listener: Int, peer: PeerAddress) {
        self.listener = listener
        self.peer = peer
    }
}
