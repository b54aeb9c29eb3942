// SPDX-License-Identifier: Apache-2.0
import Tabular

/// The rows that have something in common, and how good the model is on them.
package struct Slice: Sendable, Equatable {
    package var feature: String
    /// What the rows have in common: a category, a range, or that the value is missing.
    package var description: String
    package var rowCount: Int
    package var metrics: [Metric]

    /// Fewer rows say nothing.
    private static let rowsMin = 20
    private static let categoryMax = 20

    /// The rows by each category, and by each quarter of a number's values, of each feature.
    ///
    /// `rows` are those that `answers` are about, in their order.
    static func slices(_ table: Table, _ features: [String], _ rows: [Int], _ answers: Answers) -> [Slice] {
        features.flatMap { feature -> [Slice] in
            guard let column = table[feature] else { return [] }
            return groups(column, rows).compactMap { description, places in
                guard places.count >= rowsMin, places.count < rows.count else { return nil }
                return Slice(
                    feature: feature, description: description, rowCount: places.count,
                    metrics: answers.rows(places).metrics())
            }
        }
    }

    /// Places in `rows`, with what they have in common.
    private static func groups(_ column: Column, _ rows: [Int]) -> [(String, [Int])] {
        let missing = rows.indices.filter { column.isMissing(row: rows[$0]) }
        var groups: [(String, [Int])] = []
        switch column {
        case .categorical(let codes, let categories):
            guard categories.count <= categoryMax else { return [("missing", missing)] }
            for (code, category) in categories.enumerated() {
                groups.append((category, rows.indices.filter { codes[rows[$0]] == Int32(code) }))
            }
        case .numeric(let values), .date(let values):
            let sorted = rows.map { values[$0] }.filter { !$0.isNaN }.sorted()
            guard let first = sorted.first, let last = sorted.last else { return [("missing", missing)] }
            var bounds = [0.25, 0.5, 0.75].map { Bootstrap.quantile(sorted, $0) } + [last]
            bounds = bounds.indices.filter { $0 == 0 || bounds[$0] > bounds[$0 - 1] }.map { bounds[$0] }
            var low = -Double.infinity
            for bound in bounds {
                let places = rows.indices.filter { values[rows[$0]] > low && values[rows[$0]] <= bound }
                let start = low.isFinite ? low : first
                groups.append(("\(short(start)) to \(short(bound))", places))
                low = bound
            }
        case .text: groups.append(("present", rows.indices.filter { !column.isMissing(row: rows[$0]) }))
        }
        return groups + [("missing", missing)]
    }

    /// About four digits.
    static func short(_ value: Double) -> String {
        let size = abs(value)
        guard size >= 1e-4, size < 1e7 else { return value == 0 ? "0" : value.description }
        var scale = 1.0
        while size * scale < 1_000, scale < 1e7 { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return rounded == rounded.rounded() ? "\(Int(rounded))" : rounded.description
    }
}
