// SPDX-License-Identifier: Apache-2.0

/// One place to listen at.
package struct ListenerSettings: Sendable {
    package enum Source: Sendable {
        case address(Address)
        /// A socket that somebody else has bound and that listens; the service manager's. Taken over.
        case inherited(CInt)
    }

    package var source: Source
    /// Nil: plain.
    package var tls: TLSServer?
    /// Who may connect to a Unix-domain socket, by its permissions.
    package var unixMode: UInt32 = 0o660

    package init(_ source: Source, tls: TLSServer? = nil) {
        self.source = source
        self.tls = tls
    }
}
