// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// What kind of answer is learned.
package enum Task: String, Sendable, CaseIterable {
    case classification, regression
    /// Groups of similar rows: there is no target.
    case clustering
}

/// The column that is learned, as numbers.
package struct Target: Sendable, Equatable {
    package let name: String
    package let task: Task
    /// One a row: the value, or the index of the class.
    package let values: [Double]
    /// The classes in the order of their indices, sorted; nil for regression.
    package let labels: ClassLabels?
    /// How much each row counts, 0 or more, in what is learned and measured; nil: all the same.
    package private(set) var weights: [Double]?

    package var classCount: Int { labels?.count ?? 0 }

    /// More classes than this are a number or an identifier.
    package static let classCountMax = 1_000
    /// Whole numbers 0, 1, … up to this are taken for classes when nobody says what they are.
    static let inferredClassCountMax = 20

    private init(name: String, task: Task, values: [Double], labels: ClassLabels?) {
        self.name = name
        self.task = task
        self.values = values
        self.labels = labels
    }

    /// No target, for a task that needs none.
    package static func none(rowCount: Int, task: Task) -> Target {
        Target(name: "", task: task, values: [Double](repeating: 0, count: rowCount), labels: nil)
    }

    /// The target of some rows alone.
    func rows(_ rows: [Int]) -> Target {
        var part = Target(name: name, task: task, values: rows.map { values[$0] }, labels: labels)
        part.weights = weights.map { weights in rows.map { weights[$0] } }
        return part
    }

    /// Reads the target, deciding between the tasks when `task` is nil: text or two values are classes; so
    /// are the whole numbers from 0 or 1 on without a gap, if they are few; other numbers are regressed on.
    package init(_ name: String, in table: Table, task: Task?) throws(TrainingError) {
        guard let column = table[name] else {
            throw .unknownColumn(role: "target", column: name, known: table.names)
        }
        let missing = column.missingCount
        guard missing == 0 else { throw .missingTarget(column: name, rows: missing) }
        self.name = name
        switch column {
        case .categorical(let codes, let categories):
            guard task == nil || task == .classification else {
                throw .textTarget(column: name, example: categories.first ?? "")
            }
            self.task = .classification
            labels = .strings(categories)
            values = codes.map(Double.init)
        case .date: throw .textTarget(column: name, example: "a date")
        case .text(let texts): throw .textTarget(column: name, example: texts.compactMap { $0 }.first ?? "")
        case .numeric(let numbers):
            let distinct = Array(Set(numbers)).sorted()
            self.task = task ?? Target.inferredTask(distinct)
            if self.task != .classification {
                labels = nil
                values = numbers
            } else {
                labels = Target.labels(distinct)
                var indices: [Double: Double] = [:]
                for (index, number) in distinct.enumerated() { indices[number] = Double(index) }
                values = numbers.map { indices[$0] ?? 0 }
            }
        }
        guard classCount <= Target.classCountMax else {
            throw .tooManyClasses(column: name, count: classCount, limit: Target.classCountMax)
        }
    }

    private static func inferredTask(_ distinct: [Double]) -> Task {
        if distinct.count <= 2 { return .classification }
        guard distinct.count <= inferredClassCountMax, let first = distinct.first, first == 0 || first == 1
        else { return .regression }
        let isCounting = distinct.enumerated().allSatisfy { $1 == first + Double($0) }
        return isCounting ? .classification : .regression
    }

    /// Whole numbers stay numbers; others become text.
    private static func labels(_ distinct: [Double]) -> ClassLabels {
        let integers = distinct.compactMap { Int64(exactly: $0) }
        return integers.count == distinct.count
            ? .integers(integers) : .strings(distinct.map { $0.description })
    }

    /// Lets each row count as much as the column `name` of its table says.
    package mutating func weigh(by name: String, in table: Table) throws(TrainingError) {
        guard let column = table[name] else {
            throw .unknownColumn(role: "weight column", column: name, known: table.names)
        }
        guard case .numeric(let weights) = column else {
            throw .weight(column: name, row: nil, value: "it is no column of numbers")
        }
        if let row = weights.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
            throw .weight(
                column: name, row: row, value: weights[row].isNaN ? "it is missing" : "it is \(weights[row])")
        }
        self.weights = weights
    }

    /// The name of a class, for messages.
    package func label(_ index: Int) -> String {
        switch labels {
        case .strings(let names): names[index]
        case .integers(let numbers): String(numbers[index])
        case nil: ""
        }
    }
}
