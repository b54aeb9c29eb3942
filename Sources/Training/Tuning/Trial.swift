// SPDX-License-Identifier: Apache-2.0

/// One set of settings that is tried.
package struct TrialPoint: Sendable, Equatable {
    package var algorithm: Algorithm
    /// Settings by their options' names, in the order of the space; empty: the defaults.
    package var values: [(name: String, value: String)]

    package init(algorithm: Algorithm, values: [(name: String, value: String)] = []) {
        self.algorithm = algorithm
        self.values = values
    }

    package static func == (left: TrialPoint, right: TrialPoint) -> Bool {
        left.algorithm == right.algorithm && left.values.elementsEqual(right.values, by: ==)
    }
}

/// What came of a point.
package struct Trial: Sendable, Equatable {
    /// From 0 in the order in which points were made.
    package var number: Int
    package var point: TrialPoint
    /// The part of the training rows that it was tried on, above 0, at most 1.
    package var rowPart: Double
    /// The mean over the folds of the log loss or root mean squared error; infinite for one that failed.
    package var loss: Double
    /// The mean over more divisions into folds, that of `loss` among them; nil where it was not measured
    /// again.
    package var confirmedLoss: Double?
    /// Wall-clock seconds.
    package var seconds: Double
    /// What one row takes by the serving kernels, the median.
    package var latencyMicroseconds: Double
    /// Why it failed.
    package var failure: String?

    package init(
        number: Int, point: TrialPoint, rowPart: Double, loss: Double, seconds: Double,
        latencyMicroseconds: Double, failure: String? = nil
    ) {
        self.number = number
        self.point = point
        self.rowPart = rowPart
        self.loss = loss
        self.seconds = seconds
        self.latencyMicroseconds = latencyMicroseconds
        self.failure = failure
    }

    /// What it is ranked by: the loss that is known best.
    package var rankedLoss: Double { confirmedLoss ?? loss }

    /// The best first: of trials on all rows by their loss, then by their latency, then by their number.
    package static func leaderboard(_ trials: [Trial]) -> [Trial] {
        trials.filter { $0.rowPart == 1 && $0.rankedLoss.isFinite }.sorted {
            ($0.rankedLoss, $0.latencyMicroseconds, $0.number)
                < ($1.rankedLoss, $1.latencyMicroseconds, $1.number)
        }
    }
}
