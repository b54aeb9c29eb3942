// SPDX-License-Identifier: Apache-2.0

/// Where the daemon listens, and whether it speaks TLS there.
package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    package enum Place: Sendable, Equatable {
        /// A name, an IPv4 address, or an IPv6 address without brackets; port 0: any free one.
        case host(String, port: UInt16)
        /// A Unix-domain socket with this path.
        case unix(path: String)
        /// The sockets that the service manager passed: those with this name, or all of them.
        case systemd(name: String?)
    }

    package var place: Place
    package var isTLS = false

    package init(_ place: Place, isTLS: Bool = false) {
        self.place = place
        self.isTLS = isTLS
    }

    package init(host: String, port: UInt16) { self.init(.host(host, port: port)) }

    /// As it is written in the configuration.
    package var description: String {
        let text =
            switch place {
            case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path): "unix:\(path)"
            case .systemd(let name): name.map { "systemd:\($0)" } ?? "systemd"
            }
        return isTLS ? "tls:\(text)" : text
    }
}
