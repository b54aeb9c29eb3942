// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import ModelFormat
internal import Tabular

/// A point in time, taken apart in UTC.
struct DateParts {
    private let seconds: Double
    private let dayNumber: Int
    /// Of the day, whole.
    private let secondOfDay: Int
    private let fraction: Double
    private let date: CalendarDay

    /// Nil for what is missing, or further away than the calendar reaches (some 31 million years).
    init?(_ seconds: Double) {
        guard seconds.magnitude < 1e15 else { return nil }
        let whole = seconds.rounded(.down)
        let day = (whole / Double(DateText.secondsADay)).rounded(.down)
        self.seconds = seconds
        fraction = seconds - whole
        dayNumber = Int(day)
        secondOfDay = Int(whole) - dayNumber * DateText.secondsADay
        date = CalendarDay(daysSince1970: dayNumber)
    }

    subscript(part: DatePart) -> Double {
        switch part {
        case .year: Double(date.year)
        case .quarter: Double((date.month - 1) / 3 + 1)
        case .month: Double(date.month)
        case .week: Double(week)
        case .day: Double(date.day)
        case .dayOfYear: Double(dayOfYear)
        case .weekday: Double(weekday)
        case .weekend: weekday >= 5 ? 1 : 0
        case .hour: Double(secondOfDay / 3_600)
        case .minute: Double(secondOfDay / 60 % 60)
        case .second: Double(secondOfDay % 60) + fraction
        case .days: Double(dayNumber)
        case .seconds: seconds
        }
    }

    private var dayOfYear: Int {
        dayNumber - CalendarDay(year: date.year, month: 1, day: 1).daysSince1970 + 1
    }

    /// 1970 began on a Thursday.
    private var weekday: Int {
        let rest = (dayNumber + 3) % 7
        return rest < 0 ? rest + 7 : rest
    }

    /// The week belongs to the year that its Thursday is in.
    private var week: Int {
        let thursday = dayNumber - weekday + 3
        let year = CalendarDay(daysSince1970: thursday).year
        return (thursday - CalendarDay(year: year, month: 1, day: 1).daysSince1970) / 7 + 1
    }
}
