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
    /// One a feature: some of its categories are numbers, or true and false, written as text.
    private let numberNames: [Bool]

    package init(_ schema: FeatureSchema) {
        self.schema = schema
        isNumeric = schema.isNumeric
        columns = Dictionary(
            schema.features.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        numberNames = schema.features.map { feature in
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

    /// Whether a number or a truth value may stand for a category of the column.
    package func acceptsNumbers(column: Int) -> Bool { numberNames[column] }

    /// The code of a category that is a number: whole ones go by their decimal text, others by the shortest.
    package func categoryCode(_ number: Double, column: Int) -> Double {
        categoryCode(Int64(exactly: number).map { String($0) } ?? "\(number)", column: column)
    }

    package func column(named name: String) -> Int? { columns[name] }

    /// The number that a category travels as; `FeatureKind.unseenCategory` for a name that training never
    /// saw.
    package func categoryCode(_ name: String, column: Int) -> Double {
        categoryCodes[column][name].map(Double.init) ?? FeatureKind.unseenCategory
    }
}
