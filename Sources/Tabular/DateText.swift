// SPDX-License-Identifier: Apache-2.0
import Base

/// Dates as people and programs write them (ISO 8601, RFC 3339).
///
/// A date is a number of seconds since the start of 1970 in UTC, without leap seconds. The calendar is the
/// Gregorian one, also for the days before it came into use.
package enum DateText {
    package static let secondsADay = 86_400

    /// The seconds that `text` means, spaces and tabs around it aside; nil when it is no date.
    ///
    /// `2024-05-31`, `2024-05-31T07:45`, `2024-05-31 07:45:30`, `2024-05-31T07:45:30.25Z`,
    /// `2024-05-31T07:45:30+02:00`: a date without a zone is in UTC; 23:59:60 is the second after 23:59:59.
    package static func parse(_ text: Span<UInt8>) -> Double? {
        var scanner = DateScanner(trimmed(text))
        guard let year = scanner.digits(4), scanner.take(UInt8(ascii: "-")), let month = scanner.digits(2),
            scanner.take(UInt8(ascii: "-")), let day = scanner.digits(2), month >= 1, month <= 12, day >= 1,
            day <= CalendarDay.days(inMonth: month, of: year)
        else { return nil }
        let days = CalendarDay(year: year, month: month, day: day).daysSince1970
        if scanner.isAtEnd { return Double(days * secondsADay) }
        guard scanner.take(UInt8(ascii: "T")) || scanner.take(UInt8(ascii: "t")) || scanner.take(0x20),
            let hour = scanner.digits(2), scanner.take(UInt8(ascii: ":")), let minute = scanner.digits(2),
            hour < 24, minute < 60
        else { return nil }
        var second = 0
        var fraction = 0.0
        if scanner.take(UInt8(ascii: ":")) {
            guard let seconds = scanner.digits(2), seconds <= 60 else { return nil }
            second = seconds
            if scanner.take(UInt8(ascii: ".")) {
                guard let part = scanner.fraction() else { return nil }
                fraction = part
            }
        }
        guard let zone = scanner.zone(), scanner.isAtEnd else { return nil }
        let whole = days * secondsADay + hour * 3_600 + minute * 60 + second - zone
        return Double(whole) + fraction
    }

    package static func parse(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        return parse(bytes.span)
    }

    /// The shortest form that `parse` reads as `seconds`; for whole seconds of the years 0 to 9999.
    package static func format(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.down))
        let dayNumber = Int((Double(whole) / Double(secondsADay)).rounded(.down))
        let rest = whole - dayNumber * secondsADay
        let date = CalendarDay(daysSince1970: dayNumber)
        func digits(_ number: Int, _ width: Int) -> String {
            let text = "\(number)"
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let day = "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))"
        if rest == 0 { return day }
        return "\(day)T\(digits(rest / 3_600, 2)):\(digits(rest / 60 % 60, 2)):\(digits(rest % 60, 2))Z"
    }
}

/// Reads the parts of a date one after the other.
private struct DateScanner: ~Escapable {
    private let bytes: Span<UInt8>
    private var position = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func digit() -> Int? {
        guard position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 else { return nil }
        position += 1
        return Int(bytes[position - 1] - 0x30)
    }

    mutating func digits(_ count: Int) -> Int? {
        var number = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    /// One to nine digits after the point.
    mutating func fraction() -> Double? {
        var number = 0
        var unit = 1
        while unit < 1_000_000_000, let digit = digit() {
            number = number * 10 + digit
            unit *= 10
        }
        return unit == 1 ? nil : Double(number) / Double(unit)
    }

    /// Seconds east of Greenwich: nothing, `Z`, `+hh:mm`, `+hhmm` or `+hh`; nil for anything else.
    mutating func zone() -> Int? {
        if isAtEnd || take(UInt8(ascii: "Z")) || take(UInt8(ascii: "z")) { return 0 }
        let sign = take(UInt8(ascii: "-")) ? -1 : take(UInt8(ascii: "+")) ? 1 : 0
        guard sign != 0, let hours = digits(2), hours < 24 else { return nil }
        if isAtEnd { return sign * hours * 3_600 }
        _ = take(UInt8(ascii: ":"))
        guard let minutes = digits(2), minutes < 60 else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }
}
