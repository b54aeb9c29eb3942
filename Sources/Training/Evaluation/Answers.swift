// SPDX-License-Identifier: Apache-2.0

/// What a model said of some rows, and what is true of them.
package struct Answers: Sendable {
    /// Row-major: the probabilities of all classes, or the value.
    package var values: [Double]
    /// Values, or indices of classes.
    package var truth: [Double]
    package var task: Task
    package var classCount: Int
    /// The least probability that counts in the log loss: the answers' type has none below it.
    package var smallest: Double
    /// How much each row counts; nil: all the same.
    package var weights: [Double]?

    package var rowCount: Int { truth.count }
    package var width: Int { max(classCount, 1) }

    /// Appends a row's predictions; a binary classifier's, the probability of its second class, become two.
    static func append(_ predictions: [Double], of target: Target, to values: inout [Double]) {
        if target.classCount == 2 && predictions.count == 1 { values.append(1 - predictions[0]) }
        values += predictions
    }

    package var classes: [Int] { truth.map { Int($0) } }

    /// The probabilities of one class, or with regression the values.
    package func column(_ index: Int) -> [Double] {
        (0..<rowCount).map { values[$0 * width + index] }
    }

    /// All metrics of the task; `times`, one a row, is how often each row counts.
    package func metrics(_ times: [Double]? = nil) -> [Metric] {
        var weights = weights
        if let times { weights = weights.map { zip($0, times).map(*) } ?? times }
        if let weights, !weights.contains(where: { $0 > 0 }) { return [] }
        switch task {
        case .classification:
            return Metrics.classification(
                probabilities: values, truth: classes, classCount: classCount, smallest: smallest,
                weights: weights)
        case .regression: return Metrics.regression(predictions: values, truth: truth, weights: weights)
        case .clustering: return []
        }
    }

    /// The loss that models are chosen by.
    package static func lossName(_ task: Task) -> String { task == .classification ? "log_loss" : "rmse" }

    /// That loss alone, cheaper than all metrics.
    package var loss: Double {
        switch task {
        case .classification: Metrics.logLoss(values, classes, classCount, smallest, weights)
        case .regression:
            RegressionMeasures(predictions: values, truth: truth, weights: weights).meanSquaredError
                .squareRoot()
        case .clustering: 0
        }
    }

    /// The rows of `indices`, each a place among these answers.
    package func rows(_ indices: [Int]) -> Answers {
        var part = self
        part.values = indices.flatMap { values[$0 * width..<($0 + 1) * width] }
        part.truth = indices.map { truth[$0] }
        part.weights = weights.map { weights in indices.map { weights[$0] } }
        return part
    }
}
