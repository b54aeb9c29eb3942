// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Listening sockets that the service manager bound and handed over: systemd's socket activation.
///
///     LISTEN_PID      the process that they are for
///     LISTEN_FDS      how many; they are the descriptors 3, 4, …
///     LISTEN_FDNAMES  their names (`FileDescriptorName=` of the socket unit), separated by colons
package struct InheritedSockets: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package var number: CInt
        package var name: String
    }

    /// More is no service manager's.
    private static let countMax = 1_000
    private static let firstNumber: CInt = 3

    package let entries: [Entry]

    /// From the variables; none when they are for another process, or malformed.
    package init(environment: [String: String], process: CInt = getpid()) {
        guard let target = environment["LISTEN_PID"].flatMap({ CInt($0) }), target == process,
            let count = environment["LISTEN_FDS"].flatMap({ Int($0) }), count > 0, count <= Self.countMax
        else {
            entries = []
            return
        }
        let names = (environment["LISTEN_FDNAMES"] ?? "")
            .split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
        entries = (0..<count).map { index in
            let name = index < names.count && !names[index].isEmpty ? names[index] : "unknown"
            return Entry(number: Self.firstNumber + CInt(index), name: name)
        }
    }

    /// The descriptors with this name; all for nil.
    package func numbers(named name: String?) -> [CInt] {
        entries.filter { name == nil || $0.name == name }.map(\.number)
    }
}
