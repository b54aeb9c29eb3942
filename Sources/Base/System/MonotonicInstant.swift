// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Nanoseconds of the system's monotonic clock; only differences mean something.
package struct MonotonicInstant: Sendable, Comparable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The present; about 20 ns, no system call.
    package static var now: MonotonicInstant {
        var time = timespec()
        // Safe because the kernel writes only the struct, which lives through the call.
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// Nanoseconds from `earlier` to this instant; 0 when `earlier` is later.
    package func nanoseconds(since earlier: MonotonicInstant) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
}
