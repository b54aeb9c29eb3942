// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Measures of predicted values against true ones, defined as in scikit-learn; means are weighted.
package struct RegressionMeasures {
    private let predictions: [Double]
    private let truth: [Double]
    private let weights: [Double]?
    private let total: Double

    /// One of each a row; `weights` nil for 1 each. At least one row.
    package init(predictions: [Double], truth: [Double], weights: [Double]? = nil) {
        self.predictions = predictions
        self.truth = truth
        self.weights = weights
        total = weights?.reduce(0, +) ?? Double(truth.count)
    }

    /// The weighted mean of `measure` over the rows.
    private func mean(_ measure: (_ prediction: Double, _ truth: Double) -> Double) -> Double {
        var sum = 0.0
        for row in truth.indices { sum += (weights?[row] ?? 1) * measure(predictions[row], truth[row]) }
        return sum / total
    }

    package var meanSquaredError: Double { mean { ($0 - $1) * ($0 - $1) } }
    package var meanAbsoluteError: Double { mean { abs($0 - $1) } }
    package var meanSquaredLogError: Double {
        mean { (log1p($0) - log1p($1)) * (log1p($0) - log1p($1)) }
    }

    /// Relative to the true value; where that is 0, to the smallest step of numbers near 1.
    package var meanAbsolutePercentageError: Double { mean { abs($0 - $1) / max(abs($1), .ulpOfOne) } }

    /// The error that half of the rows, by weight, do not exceed; the mean of two when it lies between them.
    package var medianAbsoluteError: Double {
        let errors = zip(predictions, truth).map { abs($0 - $1) }
        let order = errors.indices.filter { weights?[$0] ?? 1 > 0 }.sorted { errors[$0] < errors[$1] }
        var sum = 0.0
        for (place, row) in order.enumerated() {
            sum += weights?[row] ?? 1
            if sum > total / 2 { return errors[row] }
            if sum == total / 2, place + 1 < order.count {
                return (errors[row] + errors[order[place + 1]]) / 2
            }
        }
        return order.last.map { errors[$0] } ?? .nan
    }

    package var maxError: Double { zip(predictions, truth).reduce(0) { max($0, abs($1.0 - $1.1)) } }

    /// The part of the variance of the truth that is explained; nil when the truth does not vary.
    package var r2: Double? {
        let centre = mean { $1 }
        let spread = mean { ($1 - centre) * ($1 - centre) }
        return spread > 0 ? 1 - meanSquaredError / spread : nil
    }

    /// As `r2`, but an error that is the same in all rows is forgiven.
    package var explainedVariance: Double? {
        let centre = mean { $1 }
        let spread = mean { ($1 - centre) * ($1 - centre) }
        let bias = mean { $1 - $0 }
        return spread > 0 ? 1 - mean { ($1 - $0 - bias) * ($1 - $0 - bias) } / spread : nil
    }

    /// Twice the log likelihood that predictions of counts lose (Poisson); nil where a prediction is not
    /// above 0 or a value is below it.
    package var poissonDeviance: Double? {
        guard predictions.allSatisfy({ $0 > 0 }), truth.allSatisfy({ $0 >= 0 }) else { return nil }
        return mean { 2 * (($1 > 0 ? $1 * log($1 / $0) : 0) - $1 + $0) }
    }

    /// Likewise of amounts whose deviation grows with their mean (Gamma); nil where one of them is not above
    /// 0.
    package var gammaDeviance: Double? {
        guard predictions.allSatisfy({ $0 > 0 }), truth.allSatisfy({ $0 > 0 }) else { return nil }
        return mean { 2 * (log($0 / $1) + $1 / $0 - 1) }
    }
}
