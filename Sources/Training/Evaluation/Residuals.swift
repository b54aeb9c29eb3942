// SPDX-License-Identifier: Apache-2.0

/// By how much predictions of numbers are off: truth minus prediction.
package struct Residuals: Sendable, Equatable {
    /// Evenly drawn from the rows, in their order.
    package var sample: [Pair]
    /// Rows in bins of equal width between the 0.5 % and 99.5 % quantiles; those beyond are in the outermost.
    package var histogram: ValueHistogram
    /// At 5, 25, 50, 75 and 95 %.
    package var quantiles: [Double]

    package struct Pair: Sendable, Equatable {
        package var prediction: Double
        package var truth: Double
    }

    private static let sampleMax = 500

    init?(_ answers: Answers) {
        guard answers.rowCount > 0 else { return nil }
        let step = max(1, answers.rowCount / Residuals.sampleMax)
        sample = stride(from: 0, to: answers.rowCount, by: step).prefix(Residuals.sampleMax).map {
            Pair(prediction: answers.values[$0], truth: answers.truth[$0])
        }
        let errors = zip(answers.truth, answers.values).map { $0 - $1 }
        let sorted = errors.sorted()
        quantiles = [0.05, 0.25, 0.5, 0.75, 0.95].map { Bootstrap.quantile(sorted, $0) }
        histogram = ValueHistogram(sorted, binCount: 24)
    }
}
