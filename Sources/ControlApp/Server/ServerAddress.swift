// SPDX-License-Identifier: Apache-2.0

/// Where a modeld answers: `http://HOST:PORT`.
struct ServerAddress: Equatable, Sendable, CustomStringConvertible {
    var host: String
    var port: UInt16

    /// The port that `http://HOST` without one means here: modeld's own, not 80.
    static let defaultPort: UInt16 = 8080

    /// - Parameter source: what gave the text, for the message.
    init(parsing text: String, source: String) throws(ControlError) {
        let error = ControlError.invalidServer(text: text, source: source)
        var rest = text[...]
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else { throw error }
            rest = rest[scheme.upperBound...]
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard !rest.isEmpty, rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x40 })
        else {
            throw error
        }
        try self.init(authority: rest, orThrow: error)
    }

    private init(authority: Substring, orThrow error: ControlError) throws(ControlError) {
        var name = authority
        var port = Self.defaultPort
        let afterBracket = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBracket...].lastIndex(of: ":") {
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else {
                throw error
            }
            port = number
            name = authority[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") {
            name = name.dropFirst().dropLast()
        } else if name.contains(":") {
            throw error
        }
        guard !name.isEmpty else { throw error }
        host = String(name)
        self.port = port
    }

    /// The option wins over `MODELCTL_SERVER`, that over the daemon's own `MODELD_LISTEN`, that over the
    /// default.
    static func choose(option: String?, server: String?, listen: String?) throws(ControlError)
        -> ServerAddress
    {
        if let option { return try ServerAddress(parsing: option, source: "--server") }
        if let server { return try ServerAddress(parsing: server, source: "MODELCTL_SERVER") }
        // A daemon may also listen where this program does not connect to.
        let plain = listen?.split(separator: ",").first { address in
            !["tls:", "unix:", "systemd"].contains { address.hasPrefix($0) }
        }
        guard let first = plain else {
            return try ServerAddress(parsing: "127.0.0.1", source: "default")
        }
        var address = try ServerAddress(parsing: String(first), source: "MODELD_LISTEN")
        // A daemon that listens on every interface answers on this machine's own.
        if address.host == "0.0.0.0" { address.host = "127.0.0.1" }
        if address.host == "::" { address.host = "::1" }
        return address
    }

    /// `HOST:PORT`, as the `Host` header has it.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    var description: String { "http://\(authority)" }
}
