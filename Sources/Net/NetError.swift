// SPDX-License-Identifier: Apache-2.0
import Base

/// What can go wrong between this process and a socket.
package enum NetError: Error, Equatable, CustomStringConvertible {
    /// The text is not an address in one of the accepted forms.
    case invalidAddress(text: String, reason: String)
    /// The name has no address.
    case unresolvable(host: String, reason: String)
    /// A system call failed.
    case system(SystemError)
    /// The peer did not answer in time.
    case timedOut(operation: String, peer: String)
    /// A certificate, or a list of them, cannot be used.
    case certificate(path: String, reason: String)
    case privateKey(path: String, reason: String)
    /// The key is not that of the certificate: one of the two files is older than the other.
    case keyMismatch(keyPath: String, certificatePath: String)
    /// A living process listens on the Unix-domain socket.
    case inUse(path: String)
    /// Something else has the name of the Unix-domain socket; it is not removed.
    case notASocket(path: String)
    /// An inherited descriptor is no listening stream socket.
    case notAListener(descriptor: CInt)
    /// The service manager has passed no such socket.
    case notInherited(name: String?)
    /// OpenSSL could not be prepared.
    case tls(reason: String)

    /// Stable names for machines.
    package var code: String {
        switch self {
        case .invalidAddress: "invalid_address"
        case .unresolvable: "unresolvable_host"
        case .system: "system_error"
        case .timedOut: "timed_out"
        case .certificate: "bad_certificate"
        case .privateKey: "bad_private_key"
        case .keyMismatch: "key_mismatch"
        case .inUse: "socket_in_use"
        case .notASocket: "not_a_socket"
        case .notAListener: "not_a_listener"
        case .notInherited: "not_inherited"
        case .tls: "tls_error"
        }
    }

    package var description: String {
        switch self {
        case .invalidAddress(let text, let reason):
            "'\(text)' is not an address: \(reason); write HOST:PORT, [IPV6]:PORT or unix:/PATH"
        case .unresolvable(let host, let reason):
            "the host '\(host)' has no address: \(reason)"
        case .system(let error): error.description
        case .timedOut(let operation, let peer): "\(operation) \(peer): timed out"
        case .certificate(let path, let reason): "the certificate file \(path) cannot be used: \(reason)"
        case .privateKey(let path, let reason): "the key file \(path) cannot be used: \(reason)"
        case .keyMismatch(let key, let certificate):
            "the key in \(key) does not belong to the certificate in \(certificate); replace both"
        case .inUse(let path): "another process listens on unix:\(path); stop it, or choose another path"
        case .notASocket(let path):
            "\(path) exists and is no socket; remove it, or choose another path for unix:"
        case .notAListener(let number):
            "the inherited descriptor \(number) is no listening stream socket; "
                + "the socket unit needs ListenStream= and Accept=no"
        case .notInherited(let name):
            "the service manager has passed no socket\(name.map { " named '\($0)'" } ?? ""); start the socket "
                + "unit, whose FileDescriptorName= is the name"
        case .tls(let reason): "TLS cannot be prepared: \(reason)"
        }
    }
}
