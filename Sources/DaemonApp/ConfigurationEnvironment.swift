// SPDX-License-Identifier: Apache-2.0

/// The daemon's part of the environment: variables that begin with `MODELD_`.
struct ConfigurationEnvironment {
    static let prefix = "MODELD_"
    /// The variable that names the configuration file.
    static let fileVariable = "MODELD_CONFIG"

    /// Variables that are settings, in the order of the table.
    private(set) var given: [(setting: ConfigurationSetting, text: String)] = []
    private(set) var configurationFile: String?
    /// Variables that look like ours and are not: probably typing errors, worth a warning.
    private(set) var unknown: [(name: String, suggestion: String?)] = []
    /// Variables that Kubernetes injects; nothing is wrong with them.
    private(set) var injected: [String] = []

    init(_ environment: [String: String]) {
        for setting in Configuration.settings {
            if let text = environment[setting.environmentName] { given.append((setting, text)) }
        }
        configurationFile = environment[Self.fileVariable]
        let names = Configuration.settings.map(\.environmentName) + [Self.fileVariable]
        for name in environment.keys.sorted() where name.hasPrefix(Self.prefix) && !names.contains(name) {
            if Self.isInjectedByKubernetes(name) {
                injected.append(name)
            } else {
                unknown.append((name, ConfigurationSuggestion.nearest(to: name, in: names, separator: "_")))
            }
        }
    }

    /// Kubernetes tells each pod of every Service in its namespace; for Services called `modeld` or
    /// `modeld-…`:
    ///
    ///     {NAME}_SERVICE_HOST  {NAME}_SERVICE_PORT  {NAME}_SERVICE_PORT_{PORT NAME}
    ///     {NAME}_PORT  {NAME}_PORT_{n}_{TCP|UDP|SCTP}  …_PROTO  …_PORT  …_ADDR
    static func isInjectedByKubernetes(_ name: String) -> Bool {
        guard name.hasPrefix(prefix) else { return false }
        let parts = name.split(separator: "_", omittingEmptySubsequences: false).dropFirst()
        if let service = parts.firstIndex(of: "SERVICE"), service + 1 < parts.endIndex {
            let next = parts[service + 1]
            if next == "HOST" && service + 2 == parts.endIndex || next == "PORT" { return true }
        }
        guard let port = parts.firstIndex(of: "PORT") else { return false }
        let rest = parts[(port + 1)...]
        guard let number = rest.first else { return true }
        guard number.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }), !number.isEmpty,
            let transport = rest.dropFirst().first, ["TCP", "UDP", "SCTP"].contains(transport)
        else { return false }
        let tail = Array(rest.dropFirst(2))
        return tail.isEmpty || tail == ["PROTO"] || tail == ["PORT"] || tail == ["ADDR"]
    }
}
