// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The measures of a task by name, defined as in scikit-learn; what a set of rows does not determine is left
/// out.
package enum Metrics {
    /// `probabilities` is row-major [rows, classCount]; `smallest` is the least probability that counts in
    /// the log loss. At least one row of weight above 0. With two classes precision, recall and the curves
    /// are those of the second; with more, means over the classes.
    package static func classification(
        probabilities: [Double], truth: [Int], classCount: Int, smallest: Double = .ulpOfOne,
        weights: [Double]? = nil
    ) -> [Metric] {
        let matrix = ConfusionMatrix(
            probabilities: probabilities, truth: truth, classCount: classCount, rowWeights: weights)
        var metrics = [
            Metric("accuracy", matrix.accuracy),
            Metric("log_loss", logLoss(probabilities, truth, classCount, smallest, weights)),
        ]
        if classCount == 2 {
            let scores = truth.indices.map { probabilities[2 * $0 + 1] }
            let isPositive = truth.map { $0 == 1 }
            let curve = ThresholdCurve(scores: scores, isPositive: isPositive, weights: weights)
            if let area = curve.areaUnderROC { metrics.append(Metric("roc_auc", area)) }
            if let precision = curve.averagePrecision {
                metrics.append(Metric("average_precision", precision))
            }
            metrics.append(Metric("brier", brier(scores, isPositive, weights)))
            metrics.append(
                Metric(
                    "calibration_error",
                    ReliabilityCurve(probabilities: scores, isPositive: isPositive, weights: weights).error))
            metrics += [
                Metric("precision", matrix.precision(1)), Metric("recall", matrix.recall(1)),
                Metric("f1", matrix.f1(1)),
            ]
        } else {
            if let area = areaOneVersusRest(probabilities, truth, classCount, weights) {
                metrics.append(Metric("roc_auc", area))
            }
            metrics += [
                Metric("precision_macro", matrix.macro(matrix.precision)),
                Metric("recall_macro", matrix.macro(matrix.recall)),
                Metric("f1_macro", matrix.macro(matrix.f1)),
                Metric("f1_weighted", matrix.weighted(matrix.f1)),
            ]
        }
        return metrics + [
            Metric("balanced_accuracy", matrix.balancedAccuracy), Metric("mcc", matrix.matthewsCorrelation),
            Metric("kappa", matrix.kappa),
        ]
    }

    /// At least one row of weight above 0.
    package static func regression(
        predictions: [Double], truth: [Double], weights: [Double]? = nil
    ) -> [Metric] {
        let measures = RegressionMeasures(predictions: predictions, truth: truth, weights: weights)
        var metrics = [
            Metric("rmse", measures.meanSquaredError.squareRoot()), Metric("mae", measures.meanAbsoluteError),
        ]
        if let r2 = measures.r2 { metrics.append(Metric("r2", r2)) }
        metrics += [
            Metric("median_ae", measures.medianAbsoluteError), Metric("max_error", measures.maxError),
        ]
        if let explained = measures.explainedVariance {
            metrics.append(Metric("explained_variance", explained))
        }
        let isPositive = truth.allSatisfy { $0 > 0 }
        if isPositive { metrics.append(Metric("mape", measures.meanAbsolutePercentageError)) }
        if truth.allSatisfy({ $0 > -1 }), predictions.allSatisfy({ $0 > -1 }) {
            metrics.append(Metric("msle", measures.meanSquaredLogError))
        }
        if let deviance = measures.poissonDeviance { metrics.append(Metric("poisson_deviance", deviance)) }
        if let deviance = measures.gammaDeviance { metrics.append(Metric("gamma_deviance", deviance)) }
        return metrics
    }

    /// The weighted mean of -log(probability of the true class), each probability brought to `smallest` …
    /// 1 - `smallest`. `probabilities` is row-major [rows, classCount].
    package static func logLoss(
        _ probabilities: [Double], _ truth: [Int], _ classCount: Int, _ smallest: Double,
        _ weights: [Double]? = nil
    ) -> Double {
        var (loss, total) = (0.0, 0.0)
        for (row, label) in truth.enumerated() {
            let weight = weights?[row] ?? 1
            let probability = probabilities[row * classCount + label]
            loss -= weight * log(min(max(probability, smallest), 1 - smallest))
            total += weight
        }
        return loss / total
    }

    /// The weighted mean of the squared differences between probability and truth, 1 or 0.
    package static func brier(_ probabilities: [Double], _ isPositive: [Bool], _ weights: [Double]? = nil)
        -> Double
    {
        var (sum, total) = (0.0, 0.0)
        for (row, probability) in probabilities.enumerated() {
            let weight = weights?[row] ?? 1
            let error = probability - (isPositive[row] ? 1 : 0)
            sum += weight * error * error
            total += weight
        }
        return sum / total
    }

    /// The mean over the classes of the area under each one's ROC curve against the rest. Nil when a class
    /// has no row, or all.
    private static func areaOneVersusRest(
        _ probabilities: [Double], _ truth: [Int], _ classCount: Int, _ weights: [Double]?
    ) -> Double? {
        var sum = 0.0
        for label in 0..<classCount {
            let curve = ThresholdCurve(
                scores: truth.indices.map { probabilities[$0 * classCount + label] },
                isPositive: truth.map { $0 == label }, weights: weights)
            guard let area = curve.areaUnderROC else { return nil }
            sum += area
        }
        return sum / Double(classCount)
    }
}
