// SPDX-License-Identifier: Apache-2.0
import Base

/// The look-up tables of a schema, built once a model: column by name, category code by column and name.
///
/// Immutable; an object, because each request hands it on several times and one reference is cheap to count.
package final class SchemaIndex: Sendable {
    package let schema: FeatureSchema
    /// All features are numbers.
    package let isNumeric: Bool
    /// The features can come as one matrix: all are numbers, and none of several is called as the matrix is.
    package let takesMatrix: Bool
    /// The name of the input that carries all features at once.
    package static let matrixName = "input"
    private let columns: [String: Int]
    /// One a feature; empty for a numeric one.
    private let categoryCodes: [[String: Int]]
    /// One a feature: some of its categories are numbers, or true and false, written as text; or it is a
    /// date.
    private let numberNames: [Bool]

    package init(_ schema: FeatureSchema) {
        self.schema = schema
        isNumeric = schema.isNumeric
        columns = Dictionary(
            schema.features.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        numberNames = schema.features.map { feature in
            if feature.kind == .date { return true }
            guard case .categorical(let categories) = feature.kind else { return false }
            return categories.contains { name in
                let text = Array(name.utf8)
                return name == "true" || name == "false" || parseDouble(text.span) != nil
            }
        }
        takesMatrix = schema.isNumeric && (schema.count == 1 || columns[Self.matrixName] == nil)
        categoryCodes = schema.features.map { feature in
            guard case .categorical(let categories) = feature.kind else { return [:] }
            return Dictionary(
                categories.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Whether a number or a truth value may stand for a category of the column, or a number for a date.
    package func acceptsNumbers(column: Int) -> Bool { numberNames[column] }

    /// The code of a category that is a number: whole ones go by their decimal text, others by the shortest.
    package func categoryCode(_ number: Double, column: Int) -> Double {
        if schema.features[column].kind == .date { return number }
        return categoryCode(Int64(exactly: number).map { String($0) } ?? "\(number)", column: column)
    }

    /// Stores what `text` means to a column that is not numeric: a category's code, a date's seconds, or the
    /// text itself. False for what is no date, which leaves the cell as it was.
    package func store(_ text: String, into rows: inout RowBlock, row: Int, column: Int) -> Bool {
        switch schema.features[column].kind {
        case .numeric, .categorical: rows.set(categoryCode(text, column: column), row: row, column: column)
        case .text: rows.setText(text, row: row, column: column)
        case .date:
            guard let seconds = DateText.parse(text) else { return false }
            rows.set(seconds, row: row, column: column)
        }
        return true
    }

    /// What a reader says of a text that `store` refused.
    package static let dateExpected = "expected a date such as 2024-05-31 or 2024-05-31T07:45:30Z"

    package func column(named name: String) -> Int? { columns[name] }

    /// The number that a category travels as; `FeatureKind.unseenCategory` for a name that training never
    /// saw.
    package func categoryCode(_ name: String, column: Int) -> Double {
        categoryCodes[column][name].map(Double.init) ?? FeatureKind.unseenCategory
    }
}
