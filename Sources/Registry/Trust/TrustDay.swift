// SPDX-License-Identifier: Apache-2.0
internal import Base

/// A day of the Gregorian calendar, in UTC.
package struct TrustDay: Sendable, Comparable, CustomStringConvertible {
    /// Days since 1970-01-01.
    package let number: Int64
    package let description: String

    /// `YYYY-MM-DD`, a day that exists.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 10, parts.count == 3, parts.map(\.utf8.count) == [4, 2, 2],
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]), year > 0,
            (1...12).contains(month), (1...CalendarDay.days(inMonth: month, of: year)).contains(day)
        else { return nil }
        number = Int64(CalendarDay(year: year, month: month, day: day).daysSince1970)
        description = text
    }

    /// - Parameter wallClock: nanoseconds since the epoch.
    static func number(at wallClock: Int64) -> Int64 { wallClock / 86_400_000_000_000 }

    package static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}
