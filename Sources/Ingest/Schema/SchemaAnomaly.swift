// SPDX-License-Identifier: Apache-2.0

/// One way in which a table differs from its schema.
package struct SchemaAnomaly: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case missingColumn
        case newColumn
        case wrongType
        case belowMinimum
        case aboveMaximum
        case newValue
        case tooFewValues
        case repeatedValue

        /// A stable name for programs.
        package var code: String {
            switch self {
            case .missingColumn: "missing_column"
            case .newColumn: "new_column"
            case .wrongType: "wrong_type"
            case .belowMinimum: "below_min"
            case .aboveMaximum: "above_max"
            case .newValue: "new_value"
            case .tooFewValues: "presence"
            case .repeatedValue: "unique"
            }
        }

        /// Rows can be taken out for it.
        package var isOfRows: Bool {
            switch self {
            case .wrongType, .belowMinimum, .aboveMaximum, .newValue: true
            case .missingColumn, .newColumn, .tooFewValues, .repeatedValue: false
            }
        }
    }

    package var column: String
    package var kind: Kind
    /// What the schema says, as a line of it.
    package var expected: String
    /// What was found first.
    package var found: String
    package var rowCount = 0
    /// Of the first row, in its file.
    package var firstLine: Int?

    /// Two lines of a diff: what the schema says, and what the data has.
    package var diff: [String] {
        var lines: [String] = []
        if kind != .newColumn { lines.append("- \(column): \(expected)") }
        if kind != .missingColumn {
            let rows = rowCount == 0 ? "" : rowCount == 1 ? ", 1 row" : ", \(rowCount) rows"
            let place = firstLine.map { ", first in line \($0)" } ?? ""
            lines.append("+ \(column): \(found)\(rows)\(place)")
        }
        return lines
    }
}
