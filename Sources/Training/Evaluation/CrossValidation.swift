// SPDX-License-Identifier: Apache-2.0

/// The metrics of models that were each fitted without a part of the rows, on that part.
package struct CrossValidation: Sendable, Equatable {
    /// One list a fold.
    package var folds: [[Metric]]

    /// The mean and the standard deviation over the folds of each metric that all of them have.
    package var summary: [(name: String, mean: Double, deviation: Double)] {
        (folds.first ?? []).compactMap { metric in
            let values = folds.compactMap { fold in fold.first { $0.name == metric.name }?.value }
            guard values.count == folds.count else { return nil }
            let (mean, variance) = FittedStages.moments(values)
            return (metric.name, mean, variance.squareRoot())
        }
    }
}
