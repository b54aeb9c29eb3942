// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Moments as people write them: RFC 3339 in UTC, to the second.
package enum CalendarTime {
    /// The present in nanoseconds since the epoch.
    package static var nanoseconds: Int64 {
        var time = timespec()
        // Safe because the kernel writes only the struct, which lives through the call.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// `2026-11-26T01:30:00Z`
    ///
    /// - Parameter nanoseconds: since the epoch; times before it are shown as the epoch.
    package static func text(_ nanoseconds: Int64) -> String {
        let seconds = max(nanoseconds / 1_000_000_000, 0)
        let date = CalendarDay(daysSince1970: Int(seconds / 86_400))
        let time = seconds % 86_400
        return "\(date.year)-\(two(Int64(date.month)))-\(two(Int64(date.day)))"
            + "T\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))Z"
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
