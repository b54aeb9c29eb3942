// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// Values that are each allowed and do not go together; the words fit after the key.
    var contradictions: [(key: String, words: String)] {
        var found: [(key: String, words: String)] = []
        let places = listen.map { ("listen", $0) } + admin.listen.map { ("admin.listen", $0) }
        if let (key, address) = places.first(where: { $0.1.isTLS }) {
            for (name, value) in [("tls.certificate", tls.certificate), ("tls.key", tls.key)]
            where value.isEmpty {
                found.append(
                    (name, "is missing: \(key) has \(address), which needs a certificate and its key"))
            }
        }
        if tls.clientCertificates != .off, tls.clientAuthorities.isEmpty {
            let reason = "tls.client_certificates is \(tls.clientCertificates.rawValue)"
            found.append(
                ("tls.client_authorities", "is missing: \(reason), and somebody must have signed them"))
        }
        if trust.policy != .off, trust.keys.isEmpty {
            let reason = "trust.policy is \(trust.policy.rawValue)"
            found.append(("trust.keys", "is missing: \(reason), and somebody must be trusted"))
        }
        for (index, (key, address)) in places.enumerated() where isTaken(address, before: index, in: places) {
            found.append((key, "has \(address), which is listened on twice; keep one"))
        }
        return found
    }

    /// Port 0 is another port each time.
    private func isTaken(
        _ address: ListenAddress, before index: Int, in places: [(String, ListenAddress)]
    ) -> Bool {
        if case .host(_, port: 0) = address.place { return false }
        return places[..<index].contains { $0.1.place == address.place }
    }
}
