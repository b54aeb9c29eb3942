// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The system's clock of the day, for what leaves the process; durations are measured by `MonotonicInstant`.
package enum WallClock {
    /// Milliseconds since 1970.
    package static var milliseconds: UInt64 {
        var time = timespec()
        // Safe because the kernel writes only the struct, which lives through the call.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(time.tv_sec, 0)) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
