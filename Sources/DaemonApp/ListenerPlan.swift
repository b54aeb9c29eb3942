// SPDX-License-Identifier: Apache-2.0
internal import Net

/// Where the daemon listens and what it answers there, made from the configuration.
struct ListenerPlan {
    private(set) var listeners: [ListenerSettings] = []
    /// What is answered, by the listener's index.
    private(set) var routes: [RouteGroups] = []
    /// The certificate of all TLS listeners; nil when there are none, and then OpenSSL is not touched.
    private(set) var tls: TLSServer?
    /// Sockets of the service manager that nothing in the configuration names.
    private(set) var unclaimed: [String] = []

    /// - Parameter inherited: the sockets that the service manager passed.
    init(_ configuration: Configuration, inherited: InheritedSockets) throws(NetError) {
        let places =
            configuration.listen.map { ($0, RouteGroups(configuration.listenRoutes)) }
            + configuration.admin.listen.map { ($0, RouteGroups(configuration.admin.routes)) }
        let tls = places.contains { $0.0.isTLS } ? try TLSServer(Self.tlsSettings(configuration.tls)) : nil
        // `systemd` alone takes those that no other address names.
        let named = Set(places.compactMap { Self.inheritedName($0.0) })
        var claimed = Set<CInt>()
        for (address, groups) in places {
            for source in try Self.sources(address, inherited, named) {
                if case .inherited(let number) = source { claimed.insert(number) }
                var settings = ListenerSettings(source, tls: address.isTLS ? tls : nil)
                settings.unixMode = configuration.unix.mode.bits
                listeners.append(settings)
                routes.append(groups)
            }
        }
        self.tls = tls
        unclaimed = inherited.entries.filter { !claimed.contains($0.number) }.map(\.name)
    }

    private static func sources(
        _ address: ListenAddress, _ inherited: InheritedSockets, _ named: Set<String>
    ) throws(NetError) -> [ListenerSettings.Source] {
        switch address.place {
        case .host(let host, let port): return [.address(.ip(host: host, port: port))]
        case .unix(let path): return [.address(.unix(path: path))]
        case .systemd(let name):
            let found = inherited.entries.filter { name == nil ? !named.contains($0.name) : $0.name == name }
            if found.isEmpty { throw .notInherited(name: name) }
            return found.map { .inherited($0.number) }
        }
    }

    private static func inheritedName(_ address: ListenAddress) -> String? {
        if case .systemd(let name) = address.place { name } else { nil }
    }

    private static func tlsSettings(_ tls: Configuration.TLS) -> TLSSettings {
        var settings = TLSSettings(certificatePath: tls.certificate, keyPath: tls.key)
        settings.clientAuthoritiesPath = tls.clientAuthorities.isEmpty ? nil : tls.clientAuthorities
        settings.clientCertificates =
            switch tls.clientCertificates {
            case .off: .off
            case .optional: .optional
            case .required: .required
            }
        settings.versionMin =
            switch tls.version {
            case .tls12: .tls12
            case .tls13: .tls13
            }
        return settings
    }
}

/// A set of route groups, as bits.
struct RouteGroups: Sendable, Equatable {
    private var bits: UInt8 = 0

    init(_ groups: [Configuration.RouteGroup]) {
        for group in groups { bits |= Self.bit(group) }
    }

    func contains(_ group: Configuration.RouteGroup) -> Bool { bits & Self.bit(group) != 0 }

    private static func bit(_ group: Configuration.RouteGroup) -> UInt8 {
        switch group {
        case .models: 1
        case .health: 2
        case .metrics: 4
        case .admin: 8
        }
    }
}
