// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How many descriptors the process may have open.
package enum DescriptorLimit {
    /// Raises the limit to the most that the process may have without asking, and returns it. The usual 1,024
    /// is for programs that use select(2); a server has a descriptor for each connection.
    package static func raise() -> Int {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        // Safe because the kernel reads and writes only the local value.
        guard unsafe getrlimit(kind, &limit) == 0 else { return 1_024 }
        if limit.rlim_cur < limit.rlim_max {
            let before = limit.rlim_cur
            limit.rlim_cur = limit.rlim_max
            if unsafe setrlimit(kind, &limit) != 0 { limit.rlim_cur = before }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
