// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
package import Tabular

/// An input that a request may have beside the features: margins for its rows to start from, such as the
/// answers of another model or the logarithm of an exposure.
package struct RowMarginInput: Sendable, Equatable {
    /// What the library calls it: `base_margin`, `baseline`.
    package let name: String
    /// Margins a row.
    package let width: Int
    package let numberType: NumberType
    /// What is replaced, one a margin; zeros where the row's margins are added.
    let replaced: [Double]

    init(kind: TreeRules.RowMargins, baseMargins: [Double], numberType: NumberType) {
        name = kind.rawValue
        width = baseMargins.count
        self.numberType = numberType
        replaced = kind == .baseMargin ? baseMargins : baseMargins.map { _ in 0 }
    }
}

/// The margins of a request in the type of its model's sums; both empty when it has none.
struct RowMargins: ~Escapable {
    let float32: Span<Float>
    let float64: Span<Double>

    @_lifetime(immortal)
    init() {
        float32 = Span()
        float64 = Span()
    }

    @_lifetime(borrow block)
    init(_ block: borrowing RowBlock) {
        switch block.numberType {
        case .float32:
            float32 = block.float32
            float64 = Span()
        case .float64:
            float32 = Span()
            float64 = block.float64
        }
    }
}

extension CompiledModel {
    /// Answers all of `rows`, which start from `rowMargins`, of shape [rows, `rowMarginInput.width`] and of
    /// its type. Only for models that have such an input.
    package func predict(
        _ rows: borrowing RowBlock, startingFrom rowMargins: borrowing RowBlock,
        into predictions: inout Predictions, scratch: inout InferenceScratch
    ) {
        check(rowMargins, rowCount: rows.rowCount)
        answer(
            rows, 0..<rows.rowCount, RowMargins(rowMargins), into: &predictions, scratch: &scratch)
    }

    /// Makes the contributions of `explain` those of rows that start from `rowMargins`: what is expected of a
    /// row nothing is known of begins with them.
    package func addToContributions(
        _ rowMargins: borrowing RowBlock, _ predictions: inout Predictions
    ) {
        let rowCount = predictions.contributions.rowCount
        let input = check(rowMargins, rowCount: rowCount)
        for row in 0..<rowCount {
            for output in 0..<input.width {
                let place = output * (schema.count + 1) + schema.count
                let expected = predictions.contributions.value(row: row, column: place)
                let change =
                    Double(Float(rowMargins.value(row: row, column: output))) - input.replaced[output]
                predictions.contributions.set(expected + change, row: row, column: place)
            }
        }
    }

    @discardableResult
    private func check(_ rowMargins: borrowing RowBlock, rowCount: Int) -> RowMarginInput {
        guard let input = rowMarginInput else {
            preconditionFailure("the model takes no margins for its rows")
        }
        precondition(
            rowMargins.rowCount == rowCount && rowMargins.columnCount == input.width
                && rowMargins.numberType == input.numberType, "margins of another shape or type")
        return input
    }
}
