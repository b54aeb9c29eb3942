// SPDX-License-Identifier: Apache-2.0
import Tabular

/// Which rows are learned from, which stop the learning early, and which measure the result; each ascending.
package struct Split: Sendable, Equatable {
    package var train: [Int]
    package var validation: [Int]
    package var test: [Int]

    package init(train: [Int], validation: [Int] = [], test: [Int]) {
        self.train = train
        self.validation = validation
        self.test = test
    }

    /// How the rows are divided.
    package enum Rule: Sendable, Equatable {
        /// By chance, from a seed; classes keep their proportions.
        case random(testFraction: Double, validationFraction: Double, seed: UInt64)
        /// By chance, rows with the same value of a column together.
        case groups(String, testFraction: Double, validationFraction: Double, seed: UInt64)
        /// By a column of dates or numbers: the latest rows are tested on, those before validate.
        case time(String, testFraction: Double, validationFraction: Double)
        /// By a column that says `train`, `validation` or `test`.
        case column(String)
    }

    package init(_ rule: Rule, table: Table, target: Target) throws(TrainingError) {
        switch rule {
        case .random(let testFraction, let validationFraction, let seed):
            try Split.check(testFraction, validationFraction)
            self = Split.random(target, testFraction, validationFraction, seed)
        case .groups(let name, let testFraction, let validationFraction, let seed):
            try Split.check(testFraction, validationFraction)
            self = try Split.byGroups(name, table, testFraction, validationFraction, seed)
        case .time(let name, let testFraction, let validationFraction):
            try Split.check(testFraction, validationFraction)
            self = try Split.byTime(name, table, testFraction, validationFraction)
        case .column(let name):
            self = try Split.byColumn(name, table)
        }
        if train.isEmpty {
            throw .emptyPart(part: "training", reason: "the data has \(target.values.count) rows")
        }
        if test.isEmpty, case .column(let name) = rule {
            throw .emptyPart(part: "test", reason: "column \"\(name)\" says test in no row")
        }
    }

    private static func check(_ test: Double, _ validation: Double) throws(TrainingError) {
        try check(test, "--test-fraction")
        try check(validation, "--validation-fraction")
        guard test + validation < 1 else {
            throw .setting(
                name: "--test-fraction plus --validation-fraction", value: "\(test + validation)",
                allowed: "less than 1")
        }
    }

    /// Whole groups are drawn for the test, then for the validation, until each has its part of the rows.
    private static func byGroups(
        _ name: String, _ table: Table, _ testFraction: Double, _ validationFraction: Double, _ seed: UInt64
    ) throws(TrainingError) -> Split {
        let keys = try groupKeys(name, table)
        var groups: [Double: [Int]] = [:]
        for (row, key) in keys.enumerated() { groups[key, default: []].append(row) }
        let order = groups.keys.sorted()
        var places = Array(order.indices)
        var random = RandomSource(seed: seed)
        random.shuffle(&places)
        let testCount = Double(keys.count) * testFraction
        let validationCount = Double(keys.count) * validationFraction
        var split = Split(train: [], test: [])
        for place in places {
            let rows = groups[order[place]] ?? []
            if Double(split.test.count) + Double(rows.count) / 2 <= testCount {
                split.test += rows
            } else if Double(split.validation.count) + Double(rows.count) / 2 <= validationCount {
                split.validation += rows
            } else {
                split.train += rows
            }
        }
        split.train.sort()
        split.validation.sort()
        split.test.sort()
        return split
    }

    /// Rows of the same time stay in the order of the table.
    private static func byTime(
        _ name: String, _ table: Table, _ testFraction: Double, _ validationFraction: Double
    ) throws(TrainingError) -> Split {
        let keys = try timeKeys(name, table)
        let order = keys.indices.sorted { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] < keys[$1] }
        let testCount = Int((Double(keys.count) * testFraction).rounded())
        let validationCount = Int((Double(keys.count) * validationFraction).rounded())
        let trainCount = keys.count - testCount - validationCount
        return Split(
            train: order[..<trainCount].sorted(),
            validation: order[trainCount..<trainCount + validationCount].sorted(),
            test: order[(trainCount + validationCount)...].sorted())
    }

    /// By row, the same number for rows of one group.
    static func groupKeys(_ name: String, _ table: Table) throws(TrainingError) -> [Double] {
        try keys(name, table, role: "group column")
    }

    /// By row, a number that grows with the time.
    static func timeKeys(_ name: String, _ table: Table) throws(TrainingError) -> [Double] {
        let keys = try keys(name, table, role: "time column")
        if case .categorical(_, let categories) = table[name] {
            throw .splitValue(column: name, value: categories.first ?? "")
        }
        return keys
    }

    /// A number for each row, the same for the same value.
    private static func keys(
        _ name: String, _ table: Table, role: String
    ) throws(TrainingError) -> [Double] {
        guard let column = table[name] else {
            throw .unknownColumn(role: role, column: name, known: table.names)
        }
        let missing = column.missingCount
        guard missing == 0 else { throw .missingTarget(column: name, rows: missing) }
        switch column {
        case .numeric(let values), .date(let values): return values
        case .categorical(let codes, _): return codes.map(Double.init)
        case .text(let texts): throw .splitValue(column: name, value: texts.compactMap { $0 }.first ?? "")
        }
    }

    private static func check(_ fraction: Double, _ name: String) throws(TrainingError) {
        guard fraction >= 0, fraction < 1 else {
            throw .setting(name: name, value: "\(fraction)", allowed: "from 0 up to, not including, 1")
        }
    }

    private static func random(
        _ target: Target, _ testFraction: Double, _ validationFraction: Double, _ seed: UInt64
    ) -> Split {
        var random = RandomSource(seed: seed)
        var split = Split(train: [], test: [])
        for group in groups(target, rows: Array(target.values.indices)) {
            var rows = group
            random.shuffle(&rows)
            let testCount = Int((Double(rows.count) * testFraction).rounded())
            let validationCount = Int((Double(rows.count) * validationFraction).rounded())
            split.test += rows.prefix(testCount)
            split.validation += rows.dropFirst(testCount).prefix(validationCount)
            split.train += rows.dropFirst(testCount).dropFirst(validationCount)
        }
        split.train.sort()
        split.validation.sort()
        split.test.sort()
        return split
    }

    /// The rows of each class; for regression all rows in one group.
    private static func groups(_ target: Target, rows: [Int]) -> [[Int]] {
        guard target.task == .classification else { return [rows] }
        var groups = [[Int]](repeating: [], count: target.classCount)
        for row in rows { groups[Int(target.values[row])].append(row) }
        return groups
    }

    private static func byColumn(_ name: String, _ table: Table) throws(TrainingError) -> Split {
        guard let column = table[name] else {
            throw .unknownColumn(role: "split column", column: name, known: table.names)
        }
        guard case .categorical(let codes, let categories) = column else {
            throw .splitValue(column: name, value: "a number")
        }
        var split = Split(train: [], test: [])
        for (row, code) in codes.enumerated() {
            let word = code == Column.missingCode ? "" : categories[Int(code)]
            switch word {
            case "train": split.train.append(row)
            case "validation": split.validation.append(row)
            case "test": split.test.append(row)
            default: throw .splitValue(column: name, value: word)
            }
        }
        return split
    }

    /// `count` divisions of `rows` into training and test rows, each row tested once; classes keep their
    /// proportions. For choosing between algorithms without a look at the test rows.
    static func folds(_ rows: [Int], count: Int, target: Target, seed: UInt64) -> [Split] {
        var random = RandomSource(seed: seed)
        var parts = [[Int]](repeating: [], count: count)
        var next = 0
        for group in groups(target, rows: rows) {
            var group = group
            random.shuffle(&group)
            for row in group {
                parts[next % count].append(row)
                next += 1
            }
        }
        return parts.map { part in
            let test = Set(part)
            return Split(train: rows.filter { !test.contains($0) }, test: part.sorted())
        }
    }
}
