// SPDX-License-Identifier: Apache-2.0
import Training
import YAML

/// The options of one step; each is asked for once, and what nobody asked for is refused.
struct RecipeOptions {
    private let path: String
    private let step: String
    private let value: YAMLValue
    private var asked: Set<String> = []

    init(path: String, step: String, _ value: YAMLValue) {
        self.path = path
        self.step = step
        self.value = value
    }

    func wrong(_ reason: String, at place: YAMLValue? = nil) -> AppError {
        AppError(.usage, "\(path):\((place ?? value).mark): \(step): \(reason)")
    }

    private mutating func take(_ name: String) -> YAMLValue? {
        asked.insert(name)
        return value[name]
    }

    mutating func columns() throws(AppError) -> ColumnSelection {
        guard let columns = take("columns") else {
            throw wrong(
                "columns is missing: a list of names, or numeric, categorical, date, text or all")
        }
        if let names = columns.sequence {
            var found: [String] = []
            for name in names {
                guard let text = name.scalar else { throw wrong("a column's name is text", at: name) }
                found.append(text)
            }
            if found.isEmpty { throw wrong("the list of columns is empty", at: columns) }
            return .named(found)
        }
        switch columns.scalar {
        case "numeric": return .numeric
        case "categorical": return .categorical
        case "date": return .date
        case "text": return .text
        case "all": return .all
        case let name?: return .named([name])
        case nil: throw wrong("columns is a list of names, or one word", at: columns)
        }
    }

    mutating func text(_ name: String) throws(AppError) -> String? {
        guard let option = take(name) else { return nil }
        guard let text = option.scalar, !option.isNull else {
            throw wrong("\(name) is a single value", at: option)
        }
        return text
    }

    mutating func word(_ name: String, _ allowed: [String]) throws(AppError) -> String? {
        guard let text = try text(name) else { return nil }
        guard allowed.contains(text) else {
            throw wrong("\(name) is \(allowed.joined(separator: ", ")), not \"\(text)\"", at: value[name])
        }
        return text
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) throws(AppError) -> Choice? {
        try word(name, Choice.allCases.map(\.rawValue)).flatMap { Choice(rawValue: $0) }
    }

    mutating func choices<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) throws(AppError) -> [Choice]? {
        guard let option = take(name) else { return nil }
        guard let list = option.sequence, !list.isEmpty else {
            throw wrong("\(name) is a list", at: option)
        }
        var found: [Choice] = []
        for entry in list {
            guard let choice = entry.scalar.flatMap({ Choice(rawValue: $0) }) else {
                let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
                throw wrong("\(name) holds \(allowed), not \"\(entry.scalar ?? entry.kindName)\"", at: entry)
            }
            found.append(choice)
        }
        return found
    }

    mutating func number(_ name: String) throws(AppError) -> Double? {
        guard let text = try text(name) else { return nil }
        guard let number = Double(text), number.isFinite else {
            throw wrong("\(name) is a number, not \"\(text)\"", at: value[name])
        }
        return number
    }

    mutating func fraction(_ name: String) throws(AppError) -> Double? {
        guard let number = try number(name) else { return nil }
        guard number >= 0, number <= 1 else { throw wrong("\(name) is from 0 to 1", at: value[name]) }
        return number
    }

    mutating func count(_ name: String, in range: ClosedRange<Int>) throws(AppError) -> Int? {
        guard let text = try text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let limit = range.upperBound == .max ? "" : " to \(range.upperBound)"
            throw wrong(
                "\(name) is a whole number from \(range.lowerBound)\(limit), not \"\(text)\"", at: value[name]
            )
        }
        return number
    }

    mutating func flag(_ name: String) throws(AppError) -> Bool? {
        try word(name, ["true", "false"]).map { $0 == "true" }
    }

    func expectNoOther() throws(AppError) {
        for entry in value.mapping ?? [] where !asked.contains(entry.key) {
            throw wrong(
                "\"\(entry.key)\" is none of its options; there are \(asked.sorted().joined(separator: ", "))",
                at: entry.value)
        }
    }
}
