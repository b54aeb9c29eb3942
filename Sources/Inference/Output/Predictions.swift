// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
package import Tabular

/// The answers to a block of rows, in memory that is kept from one request to the next; one a thread.
///
/// `CompiledModel.predict` fills `margins` and `values`; probabilities and labels are derived when somebody
/// asks.
package struct Predictions: ~Copyable {
    /// The estimator's raw sums, shape [rows, outputs], of the model's type.
    package internal(set) var margins = RowBlock()
    /// The output `predictions`, shape [rows, width], of the same type.
    package internal(set) var values = RowBlock()
    /// Shape [rows, classes], after `deriveProbabilities`; of the same type.
    package private(set) var probabilities = RowBlock()
    /// Shape [rows, 2], lower and upper, after `deriveBounds`; of the same type.
    package private(set) var bounds = RowBlock()
    /// Shape [rows, outputs * (features + 1)], after `CompiledModel.explain`: for each output what each
    /// feature added to its margin, then the margin to be expected of a row nothing is known of. FP64.
    package internal(set) var contributions = RowBlock()
    /// Shape [rows, trees], after `CompiledModel.findLeaves`: the numbers of the leaves. FP64.
    package internal(set) var leaves = RowBlock()
    /// The answers of an operator graph, one an output.
    package internal(set) var tensors: [Tensor] = []
    private var rule = OutputRule(transform: .identity, marginCount: 1, classCount: 0, numberType: .float32)

    package init() {}

    package var rowCount: Int { values.rowCount }
    package var numberType: NumberType { values.numberType }
    /// Columns of `values`; with 1, the answer's shape is [rows].
    package var width: Int { values.columnCount }
    /// Classes of the classifier that answered; 0 when it was none.
    package var classCount: Int { rule.classCount }

    /// Makes room for the answers of `rows` rows.
    mutating func reset(rows: Int, rule: OutputRule) {
        self.rule = rule
        margins.reset(columnCount: rule.marginCount, numberType: rule.numberType)
        margins.appendRows(rows)
        values.reset(columnCount: rule.predictionWidth, numberType: rule.numberType)
        values.appendRows(rows)
    }

    /// Becomes the answers to the rows of `range` of a larger block.
    package mutating func assign(_ range: Range<Int>, of other: borrowing Predictions) {
        rule = other.rule
        margins.reset(columnCount: other.margins.columnCount, numberType: other.margins.numberType)
        margins.append(range, of: other.margins)
        values.reset(columnCount: other.values.columnCount, numberType: other.values.numberType)
        values.append(range, of: other.values)
    }

    /// Fills `values` from `margins`.
    mutating func applyTransform() { transformMargins(margins, rule: rule, into: &values) }

    /// Fills `probabilities`; the model must have the output of that name. A binary classifier's are [1 -
    /// p, p].
    package mutating func deriveProbabilities() {
        precondition(rule.hasProbabilities, "only a classifier with probabilities derives them")
        probabilities.reset(columnCount: rule.classCount, numberType: rule.numberType)
        probabilities.appendRows(rowCount)
        if rule.transform == .argmax {
            var softmax = rule
            softmax.transform = .softmax
            transformMargins(margins, rule: softmax, into: &probabilities)
        } else {
            spreadProbabilities(values, into: &probabilities)
        }
    }

    /// Fills `bounds`; the model must have the outputs `lower` and `upper`.
    package mutating func deriveBounds() {
        guard let interval = rule.interval else {
            preconditionFailure("only a model with an interval derives its bounds")
        }
        bounds.reset(columnCount: 2, numberType: rule.numberType)
        bounds.appendRows(rowCount)
        computeBounds(margins, values, interval, into: &bounds)
    }

    /// The index of the row's likeliest class: the first largest value; of two, the second when its
    /// probability is above 0.5. Only for classifiers.
    package func labelIndex(row: Int) -> Int {
        precondition(rule.classCount > 0, "only a classifier has labels")
        if rule.transform == .argmax { return Int(exactly: values.value(row: row, column: 0)) ?? 0 }
        if width == 1 {
            guard rule.classCount == 2 else { return 0 }
            let value = values.value(row: row, column: 0)
            return switch rule.transform {
            case .logistic, .probability, .hinge: value > 0.5 ? 1 : 0
            case .identity, .softmax, .argmax, .exponential, .softplus, .signedSquare, .meanAndVariance:
                value > 0 ? 1 : 0
            }
        }
        var best = 0
        var largest = values.value(row: row, column: 0)
        for column in 1..<width {
            let value = values.value(row: row, column: column)
            if value > largest || (largest.isNaN && !value.isNaN) {
                largest = value
                best = column
            }
        }
        return best
    }

    /// Gives memory beyond `cells` cells a block back; for an owner that goes idle after a large request.
    package mutating func releaseMemory(above cells: Int) {
        margins.reset(columnCount: 0, numberType: .float32)
        values.reset(columnCount: 0, numberType: .float32)
        probabilities.reset(columnCount: 0, numberType: .float32)
        contributions.reset(columnCount: 0, numberType: .float64)
        leaves.reset(columnCount: 0, numberType: .float64)
        bounds.reset(columnCount: 0, numberType: .float32)
        bounds.releaseMemory(above: cells)
        contributions.releaseMemory(above: cells)
        leaves.releaseMemory(above: cells)
        margins.releaseMemory(above: cells)
        values.releaseMemory(above: cells)
        probabilities.releaseMemory(above: cells)
    }
}
