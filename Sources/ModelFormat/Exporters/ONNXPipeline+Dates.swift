// SPDX-License-Identifier: Apache-2.0

/// Parts of dates as ONNX nodes: `DateParts` and `CalendarDay` in Float64, where whole numbers and the floors
/// of their quotients are exact as far as the calendar reaches.
extension ONNXPipeline {
    /// Each part [N, 1] of the seconds since 1970; missing where they are, or beyond the calendar.
    mutating func dateParts(_ parts: [DatePart], of seconds: String) -> [String] {
        let isDate = nodes.add("Less", [nodes.add("Abs", [seconds]), nodes.number(1e15)])
        // NaN is not below anything.
        let moment = nodes.choose(isDate, seconds, nodes.number(0))
        let whole = nodes.add("Floor", [moment])
        let day = quotient(whole, 86_400)
        let secondOfDay = minus(whole, times(day, 86_400))
        let weekday = remainder(plus(day, 3), 7)
        return parts.map { part in
            let value: String
            switch part {
            case .year: value = civil(day).year
            case .quarter: value = plus(quotient(plus(civil(day).month, -1), 3), 1)
            case .month: value = civil(day).month
            case .week:
                let thursday = plus(minus(day, weekday), 3)
                let first = firstDay(of: civil(thursday).year)
                value = plus(quotient(minus(thursday, first), 7), 1)
            case .day: value = civil(day).day
            case .dayOfYear: value = plus(minus(day, firstDay(of: civil(day).year)), 1)
            case .weekday: value = weekday
            case .weekend: value = nodes.cast(nodes.add("Greater", [weekday, nodes.number(4)]), .double)
            case .hour: value = quotient(secondOfDay, 3_600)
            case .minute: value = remainder(quotient(secondOfDay, 60), 60)
            case .second: value = sum(remainder(secondOfDay, 60), minus(moment, whole))
            case .days: value = day
            case .seconds: value = moment
            }
            return nodes.choose(isDate, value, nodes.number(.nan))
        }
    }

    /// The Gregorian date of a day since 1970, as `CalendarDay` finds it.
    private mutating func civil(_ day: String) -> (year: String, month: String, day: String) {
        // Years count from March, so that the leap day is the last of a year.
        let shifted = plus(day, 719_468)
        let era = quotient(shifted, 146_097)
        let dayOfEra = minus(shifted, times(era, 146_097))
        let leaps = minus(
            sum(minus(dayOfEra, quotient(dayOfEra, 1_460)), quotient(dayOfEra, 36_524)),
            quotient(dayOfEra, 146_096))
        let yearOfEra = quotient(leaps, 365)
        let dayOfYear = minus(dayOfEra, daysBefore(yearOfEra))
        let monthIndex = quotient(plus(times(dayOfYear, 5), 2), 153)
        let firstOfMonth = quotient(plus(times(monthIndex, 153), 2), 5)
        let isLate = nodes.add("Less", [nodes.number(9.5), monthIndex])
        let month = nodes.choose(isLate, plus(monthIndex, -9), plus(monthIndex, 3))
        let year = sum(sum(yearOfEra, times(era, 400)), nodes.cast(isLate, .double))
        return (year, month, plus(minus(dayOfYear, firstOfMonth), 1))
    }

    /// The day since 1970 that a year begins with.
    private mutating func firstDay(of year: String) -> String {
        let shifted = plus(year, -1)
        let era = quotient(shifted, 400)
        let yearOfEra = minus(shifted, times(era, 400))
        // The 306 days from March to December, and those in front of 1970.
        return plus(sum(daysBefore(yearOfEra), times(era, 146_097)), 306 - 719_468)
    }

    /// The days of an era in front of one of its years.
    private mutating func daysBefore(_ yearOfEra: String) -> String {
        minus(
            sum(times(yearOfEra, 365), quotient(yearOfEra, 4)), quotient(yearOfEra, 100))
    }

    // MARK: Arithmetic

    private mutating func sum(_ x: String, _ y: String) -> String { nodes.add("Add", [x, y]) }

    private mutating func minus(_ x: String, _ y: String) -> String { nodes.add("Sub", [x, y]) }

    private mutating func plus(_ x: String, _ number: Int) -> String {
        nodes.add("Add", [x, nodes.number(Double(number))])
    }

    private mutating func times(_ x: String, _ number: Int) -> String {
        nodes.add("Mul", [x, nodes.number(Double(number))])
    }

    /// The quotient, rounded down.
    private mutating func quotient(_ x: String, _ number: Int) -> String {
        nodes.add("Floor", [nodes.add("Div", [x, nodes.number(Double(number))])])
    }

    private mutating func remainder(_ x: String, _ number: Int) -> String {
        minus(x, times(quotient(x, number), number))
    }
}
