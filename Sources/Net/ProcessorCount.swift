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

    /// Reads version 1's `cpu.cfs_quota_us` (-1: no limit) and `cpu.cfs_period_us`, one number each.
    package static func processors(fromQuota quota: String, period: String) -> Int? {
        func number(_ text: String) -> Int? { Int(text.prefix { $0 != "\n" }) }
        guard let quota = number(quota), let period = number(period), quota > 0, period > 0 else {
            return nil
        }
        return Int(clamping: (quota - 1) / period + 1)
    }

    /// The group's path in `/proc/self/cgroup`: the line of version 2 starts with `0::`.
    package static func groupPath(from text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix("0::/") {
            return String(line.dropFirst(3))
        }
        return nil
    }

    /// The path of version 1's group that has the `cpu` controller: `4:cpu,cpuacct:/kube/pod`.
    package static func cpuGroupPath(from text: String) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[2].hasPrefix("/"),
                parts[1].split(separator: ",").contains("cpu")
            else { continue }
            return String(parts[2])
        }
        return nil
    }

    private static func cgroupQuota() -> Int? {
        let groups = read("/proc/self/cgroup") ?? ""
        let unified = smallest(from: groupPath(from: groups) ?? "/") { path in
            read("/sys/fs/cgroup\(path)/cpu.max").flatMap { processors(fromQuota: $0) }
        }
        let separate = cpuGroupPath(from: groups).flatMap { path in
            smallest(from: path) { path in
                for root in ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"] {
                    if let quota = read("\(root)\(path)/cpu.cfs_quota_us"),
                        let period = read("\(root)\(path)/cpu.cfs_period_us")
                    {
                        return processors(fromQuota: quota, period: period)
                    }
                }
                return nil
            }
        }
        // On a hybrid system only one of the two has the controller.
        guard let unified, let separate else { return unified ?? separate }
        return min(unified, separate)
    }

    /// The smallest quota on the way from this process's group to the root: a parent's limit counts too. In a
    /// container the path may be the host's and not exist; the root is the container's own group then.
    static func smallest(from path: String, quota: (_ path: String) -> Int?) -> Int? {
        var path = path
        var smallest: Int?
        while true {
            if let found = quota(path == "/" ? "" : path) { smallest = min(smallest ?? found, found) }
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
