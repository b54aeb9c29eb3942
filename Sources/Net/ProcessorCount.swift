// SPDX-License-Identifier: Apache-2.0
import Base
import CPosix
import Glibc

/// How many processors this process may use: what the affinity mask allows, cut by the cgroup's quota.
package enum ProcessorCount {
    /// At least 1. A quota of 1.5 processors counts as 2: a loop more costs less than half a processor
    /// unused.
    package static func available() -> Int {
        let affinity = max(Int(cposix_affinity_count()), 1)
        guard let quota = cgroupQuota() else { return affinity }
        return min(affinity, max(quota, 1))
    }

    /// Reads `cpu.max`: `max 100000` (no limit) or `150000 100000` (microseconds in each period).
    package static func processors(fromQuota text: String) -> Int? {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]), quota > 0, period > 0
        else { return nil }
        return Int(clamping: (quota - 1) / period + 1)
    }

    /// The group's path in `/proc/self/cgroup`: the line of version 2 starts with `0::`.
    package static func groupPath(from text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix("0::/") {
            return String(line.dropFirst(3))
        }
        return nil
    }

    /// The smallest quota on the way from this process's group to the root: a parent's limit counts too.
    private static func cgroupQuota() -> Int? {
        var path = read("/proc/self/cgroup").flatMap(groupPath) ?? "/"
        var smallest: Int?
        while true {
            let file = "/sys/fs/cgroup" + (path == "/" ? "" : path) + "/cpu.max"
            if let found = read(file).flatMap(processors) { smallest = min(smallest ?? found, found) }
            guard path.utf8.count > 1, let slash = path.lastIndex(of: "/") else { return smallest }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }

    private static func read(_ path: String) -> String? {
        // Safe because the path is copied into a C string for the call.
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = FileDescriptor(owning: number)
        var bytes = [UInt8](repeating: 0, count: 4096)
        // Safe because the kernel writes at most the array's length.
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe Glibc.read(file.number, $0.baseAddress, $0.count)
        }
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
