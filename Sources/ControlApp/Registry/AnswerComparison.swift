// SPDX-License-Identifier: Apache-2.0
import Base

/// How far the answers of two versions to the same rows are apart.
struct AnswerComparison {
    struct Difference: Equatable {
        /// From 1, as in the file.
        var row: Int
        var output: String
        var before: JSONValue
        var after: JSONValue
        /// Relative to the greater of the two and 1; infinite for texts that differ.
        var size: Double
    }

    let tolerance: Double
    let show: Int
    private(set) var rowCount = 0
    /// Rows that differ by more than the tolerance.
    private(set) var differentCount = 0
    /// Rows whose answers are the same to the last digit.
    private(set) var identicalCount = 0
    private(set) var greatest: [Difference] = []
    private var sum = 0.0

    init(tolerance: Double, show: Int) {
        self.tolerance = tolerance
        self.show = show
    }

    mutating func add(_ before: InferAnswer, _ after: InferAnswer) {
        for row in 0..<min(before.rowCount, after.rowCount) {
            rowCount += 1
            var worst: Difference?
            for output in before.outputs {
                let left = before.value(of: output, row: row)
                let right = after.outputs.first { $0.name == output.name }.map {
                    after.value(of: $0, row: row)
                }
                let difference = Difference(
                    row: rowCount, output: output.name, before: left, after: right ?? .null,
                    size: Self.distance(left, right ?? .null))
                if difference.size > worst?.size ?? -1 { worst = difference }
            }
            guard let worst else { continue }
            if worst.before == worst.after { identicalCount += 1 }
            if worst.size > tolerance { differentCount += 1 }
            sum += worst.size.isFinite ? worst.size : 1
            keep(worst)
        }
    }

    private mutating func keep(_ difference: Difference) {
        guard difference.size > 0, show > 0 else { return }
        if greatest.count == show, let last = greatest.last, last.size >= difference.size { return }
        let place = greatest.firstIndex { $0.size < difference.size } ?? greatest.count
        greatest.insert(difference, at: place)
        if greatest.count > show { greatest.removeLast() }
    }

    private static func distance(_ left: JSONValue, _ right: JSONValue) -> Double {
        if left == right { return 0 }
        if let left = left.double, let right = right.double {
            return abs(left - right) / max(abs(left), abs(right), 1)
        }
        guard let left = left.array, let right = right.array, left.count == right.count else {
            return .infinity
        }
        return zip(left, right).reduce(0) { max($0, distance($1.0, $1.1)) }
    }

    var agreement: Double { rowCount == 0 ? 1 : Double(rowCount - differentCount) / Double(rowCount) }

    func text(_ output: OutputFormat) -> String {
        let mean = rowCount == 0 ? 0 : sum / Double(rowCount)
        if output == .json {
            let document: JSONObject = [
                "rows": .integer(Int64(rowCount)), "identical": .integer(Int64(identicalCount)),
                "different": .integer(Int64(differentCount)), "agreement": .number(agreement),
                "mean_difference": .number(mean),
                "greatest": .array(
                    greatest.map {
                        .object([
                            "row": .integer(Int64($0.row)), "output": .string($0.output), "before": $0.before,
                            "after": $0.after, "difference": .number($0.size),
                        ])
                    }),
            ]
            return JSONValue.object(document).line + "\n"
        }
        var text = "\(rowCount) rows, \(identicalCount) identical, \(differentCount) differ by more than "
        text += "\(tolerance); they agree on \(agreement * 100) %; the mean difference is \(mean)\n"
        if greatest.isEmpty { return text }
        var table = TextTable(["ROW", "OUTPUT", "BEFORE", "AFTER", "DIFFERENCE"])
        for entry in greatest {
            table.append(
                ["\(entry.row)", entry.output, entry.before.cell, entry.after.cell, "\(entry.size)"])
        }
        return text + table.takeAll()
    }
}
