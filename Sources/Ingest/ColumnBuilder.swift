// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Collects the cells of one column, whose kind is known, or decided by the first value.
struct ColumnBuilder {
    /// What is collected.
    enum Kind {
        case number, date, category, text
    }

    /// What is wrong with a cell; the column holds a missing value in its place.
    enum Problem {
        case wrongType(wanted: String)
        case belowMinimum, aboveMaximum, newValue, notUTF8, infinite, tooManyCategories
    }

    private enum State {
        /// Nothing but missing values yet.
        case undecided
        case number, date, category, text
        /// Values of two kinds: the column is one of categories, which a second pass will collect.
        case conflict
    }

    let name: String
    private var state: State
    /// Numbers or dates; while nothing is decided the missing values.
    private var numbers: [Double]
    private var categories = Column.CategoryBuilder()
    private var texts: [String?] = []
    /// The kind was said, not seen: other values are wrong.
    private let isFixed: Bool
    private let rule: TableSchema.ColumnRule?
    private let allowed: Set<String>?
    private let categoryCountMax: Int
    private let hasBounds: Bool

    /// - Parameters:
    ///   - kind: nil to be decided by the values.
    ///   - missingCount: rows that came before the column did.
    init(
        name: String, kind: Kind?, rule: TableSchema.ColumnRule?, missingCount: Int, categoryCountMax: Int
    ) {
        self.name = name
        self.rule = rule
        self.categoryCountMax = categoryCountMax
        isFixed = kind != nil
        switch rule?.type {
        case .boolean: allowed = Set(rule?.values ?? TableSchema.booleans)
        default: allowed = rule?.values.map { Set($0) }
        }
        hasBounds = rule?.minimum != nil || rule?.maximum != nil
        numbers = [Double](repeating: .nan, count: missingCount)
        state = .undecided
        if let kind { decide(kind) }
    }

    private mutating func decide(_ kind: Kind) {
        switch kind {
        case .number: state = .number
        case .date: state = .date
        case .category:
            state = .category
            for _ in numbers { categories.appendMissing() }
        case .text:
            state = .text
            texts = [String?](repeating: nil, count: numbers.count)
        }
        if kind == .category || kind == .text { numbers = [] }
    }

    var isConflicting: Bool { state == .conflict }

    mutating func appendMissing() {
        switch state {
        case .undecided, .number, .date: numbers.append(.nan)
        case .category: categories.appendMissing()
        case .text: texts.append(nil)
        case .conflict: break
        }
    }

    /// Takes the last row back.
    mutating func removeLast() {
        switch state {
        case .undecided, .number, .date: numbers.removeLast()
        case .category: categories.removeLast()
        case .text: texts.removeLast()
        case .conflict: break
        }
    }

    /// Adds a number to a column of such, the case that must be fast; false, and nothing is done, in all
    /// others.
    @inline(__always)
    mutating func appendNumber(_ cell: Span<UInt8>) -> Bool {
        guard state == .number, !hasBounds, let value = parseDouble(cell) else { return false }
        numbers.append(value)
        return true
    }

    /// How cells that come next may be read. Numbers and dates that have bounds are looked at one by one, and
    /// what is in conflict is collected the next time.
    var reading: PlainLine.Reading {
        switch state {
        case .number: hasBounds ? .text : .number
        case .date: hasBounds ? .text : .date
        case .category, .undecided: .known
        case .text: .text
        case .conflict: .skipped
        }
    }

    /// The code of the category added last; nil when it was a missing value, or the column has no categories.
    var lastCode: Int32? {
        guard state == .category, let code = categories.codes.last, code >= 0 else { return nil }
        return code
    }

    /// Adds a number, NaN where it is missing, to a column that takes them, or took them and is in conflict
    /// now.
    @inline(__always)
    mutating func append(_ value: Double) {
        if state == .number { numbers.append(value) }
    }

    /// Adds many values that were read as `reading` said: every `step`th from `first` on, of the numbers or
    /// of the codes. A column of nothing may have become one of anything since; what was read is missing.
    mutating func append(_ values: [Double], _ codes: [Int32], from first: Int, step: Int, count: Int) {
        switch state {
        case .number, .date, .undecided:
            let start = numbers.count
            numbers.append(contentsOf: repeatElement(0, count: count))
            let source = values.span
            var target = numbers.mutableSpan
            for row in 0..<count { target[start + row] = source[first + row * step] }
        case .category: categories.append(codes, from: first, step: step, count: count)
        case .text: texts.append(contentsOf: repeatElement(nil, count: count))
        case .conflict: break
        }
    }

    /// About so many rows more are coming.
    mutating func reserve(rows: Int) {
        switch state {
        case .number, .date: numbers.reserveCapacity(numbers.count + rows + rows / 64)
        case .category: categories.reserve(rows: rows + rows / 64)
        case .undecided, .text, .conflict: break
        }
    }

    /// Adds a value. Whatever comes back, the column has one row more.
    ///
    /// - Parameter isText: a text that is no number, whatever it looks like (JSON's strings).
    mutating func append(_ cell: Span<UInt8>, isText: Bool = false) -> Problem? {
        switch state {
        case .conflict: return nil
        case .undecided:
            let isNumber = !isText && parseDouble(trimmed(cell)) != nil
            decide(isNumber ? .number : DateText.parse(cell) != nil ? .date : .category)
            return append(cell, isText: isText)
        case .number:
            if !isText, let value = parseDouble(trimmed(cell)) {
                numbers.append(value)
                return checkBounds(value)
            }
            let isInfinite = !isText && Self.isInfinite(cell)
            return reject(isInfinite ? .infinite : .wrongType(wanted: "a number"), isCertain: isInfinite)
        case .date:
            if let seconds = DateText.parse(cell) ?? (isFixed && !isText ? parseDouble(trimmed(cell)) : nil) {
                numbers.append(seconds)
                return checkBounds(seconds)
            }
            return reject(
                .wrongType(wanted: "a date such as 2024-05-31 or 2024-05-31T07:45:30Z"), isCertain: false)
        case .text:
            let text = String(validating: cell)
            texts.append(text)
            return text == nil ? .notUTF8 : nil
        case .category: return appendCategory(cell)
        }
    }

    /// A value of another kind: wrong where the kind was said, else the column's kind is not what it seemed.
    private mutating func reject(_ problem: Problem, isCertain: Bool) -> Problem? {
        guard isFixed || isCertain else {
            state = .conflict
            numbers = []
            return nil
        }
        numbers.append(.nan)
        return problem
    }

    private mutating func appendCategory(_ cell: Span<UInt8>) -> Problem? {
        if let allowed {
            guard let text = String(validating: cell) else {
                categories.appendMissing()
                return .notUTF8
            }
            guard allowed.contains(text) else {
                categories.appendMissing()
                return rule?.type == .boolean ? .wrongType(wanted: "true or false") : .newValue
            }
        }
        guard categories.append(cell) else {
            categories.appendMissing()
            return .notUTF8
        }
        return categories.categoryCount > categoryCountMax && rule == nil ? .tooManyCategories : nil
    }

    private func checkBounds(_ value: Double) -> Problem? {
        if let minimum = rule?.minimum, value < minimum { return .belowMinimum }
        if let maximum = rule?.maximum, value > maximum { return .aboveMaximum }
        return nil
    }

    private static func isInfinite(_ cell: Span<UInt8>) -> Bool {
        let cell = trimmed(cell)
        guard cell.count >= 3, cell.count <= 9 else { return false }
        let word = String(copying: cell).lowercased().drop { $0 == "+" || $0 == "-" }
        return word == "inf" || word == "infinity"
    }

    consuming func build() -> Column {
        switch state {
        case .undecided, .number, .conflict: .numeric(numbers)
        case .date: .date(numbers)
        case .category: categories.build()
        case .text: .text(texts)
        }
    }
}

extension TableSchema {
    /// The words for truth values; each column keeps its own.
    static let booleans = ["true", "false", "True", "False", "TRUE", "FALSE", "0", "1"]
}
