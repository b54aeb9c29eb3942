// SPDX-License-Identifier: Apache-2.0
package import Tabular

/// Decides for one request which columns of the row block each of its inputs fills, and whether all are
/// filled.
///
/// A request sends either one matrix named `input` (models whose features are all numeric, and none of
/// several is called `input` itself) or one entry a column, in any order.
package struct InputBinder {
    /// Where the values of one input go.
    package struct Target: Equatable {
        package var firstColumn: Int
        package var columnCount: Int
        /// The values are category names of that column.
        package var isCategorical: Bool
    }

    /// The name of the input that carries all features at once.
    package static let matrixName = SchemaIndex.matrixName

    private let index: SchemaIndex
    private let modelName: String
    private var isMatrixBound = false
    private var boundCount = 0
    /// One a column, allocated with the first named column.
    private var isColumnBound: [Bool] = []

    package init(index: SchemaIndex, modelName: String) {
        self.index = index
        self.modelName = modelName
    }

    private var schema: FeatureSchema { index.schema }

    /// Whether a model takes all its features as one matrix, which its metadata then lists as its only input.
    package static func takesMatrix(_ index: SchemaIndex) -> Bool { index.takesMatrix }

    /// The columns that the input `name` fills.
    ///
    /// - Throws: `unexpectedInput`, `repeatedInput`.
    package mutating func bind(_ name: String) throws(PredictError) -> Target {
        // A model whose only feature is called as the matrix is, is bound to it, with the same meaning.
        guard name == Self.matrixName, index.takesMatrix else {
            guard let column = index.column(named: name) else {
                throw .unexpectedInput(name, model: modelName, expected: takenNames)
            }
            return try bindColumn(column, name: name)
        }
        guard !isMatrixBound else { throw .repeatedInput(name) }
        guard boundCount == 0 else {
            throw .unexpectedInput(name, model: modelName, expected: schema.features.map(\.name))
        }
        isMatrixBound = true
        return Target(firstColumn: 0, columnCount: schema.count, isCategorical: false)
    }

    private mutating func bindColumn(_ column: Int, name: String) throws(PredictError) -> Target {
        guard !isMatrixBound else {
            throw .unexpectedInput(name, model: modelName, expected: [Self.matrixName])
        }
        if isColumnBound.isEmpty { isColumnBound = Array(repeating: false, count: schema.count) }
        guard !isColumnBound[column] else { throw .repeatedInput(name) }
        isColumnBound[column] = true
        boundCount += 1
        return Target(
            firstColumn: column, columnCount: 1, isCategorical: schema.features[column].kind != .numeric)
    }

    /// Every column has got its values.
    ///
    /// - Throws: `missingInputs`.
    package func requireAll() throws(PredictError) {
        guard !isMatrixBound && boundCount < schema.count else { return }
        let missing =
            isColumnBound.isEmpty
            ? expectedNames : zip(schema.features, isColumnBound).filter { !$0.1 }.map(\.0.name)
        throw .missingInputs(missing, model: modelName)
    }

    /// Every name that an input may have.
    private var takenNames: [String] {
        (Self.takesMatrix(index) ? [Self.matrixName] : []) + schema.features.map(\.name)
    }

    /// What the model's metadata lists.
    private var expectedNames: [String] {
        Self.takesMatrix(index) ? [Self.matrixName] : schema.features.map(\.name)
    }
}
