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

    /// Stable names for machines.
    package var code: String {
        switch self {
        case .invalidAddress: "invalid_address"
        case .unresolvable: "unresolvable_host"
        case .system: "system_error"
        case .timedOut: "timed_out"
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
        }
    }
}
