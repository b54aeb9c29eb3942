// SPDX-License-Identifier: Apache-2.0

/// What a TLS listener is made from: files, and what it asks of clients.
package struct TLSSettings: Sendable, Equatable {
    /// Whether clients show a certificate.
    package enum ClientCertificates: String, Sendable, CaseIterable {
        /// They are not asked.
        case off
        /// Who shows one must show a good one; others may come without.
        case optional
        /// Nobody comes without.
        case required
    }

    package enum Version: String, Sendable, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    /// PEM: the server's certificate, then its chain without the root.
    package var certificatePath: String
    /// PEM, not encrypted.
    package var keyPath: String
    package var clientCertificates = ClientCertificates.off
    /// PEM: who signs clients' certificates.
    package var clientAuthoritiesPath: String?
    package var versionMin = Version.tls12

    package init(certificatePath: String, keyPath: String) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }
}
