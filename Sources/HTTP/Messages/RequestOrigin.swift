// SPDX-License-Identifier: Apache-2.0
import Net

/// Whom a request comes from: one for a connection, handed on by reference.
package final class RequestOrigin: Sendable {
    /// Which of the configured listeners it came in on.
    package let listener: Int
    package let peer: PeerAddress
    /// The client's certificate, checked; nil when it showed none, and on plain connections.
    package let certificate: ClientCertificate?

    init(listener: Int, peer: PeerAddress, certificate: ClientCertificate? = nil) {
        self.listener = listener
        self.peer = peer
        self.certificate = certificate
    }
}
