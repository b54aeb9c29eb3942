// SPDX-License-Identifier: Apache-2.0
package import Base
internal import Glibc

/// The time as the registry needs it; tests turn it by hand.
package struct RegistryClock: Sendable {
    /// For waiting: never turned back.
    package var now: @Sendable () -> MonotonicInstant
    /// For comparing with the times of files: nanoseconds since the epoch.
    package var wallClock: @Sendable () -> Int64

    package init(now: @escaping @Sendable () -> MonotonicInstant, wallClock: @escaping @Sendable () -> Int64)
    {
        self.now = now
        self.wallClock = wallClock
    }

    package static let system = RegistryClock(now: { .now }) {
        var time = timespec()
        // Safe because the kernel writes only the struct, which lives through the call.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
