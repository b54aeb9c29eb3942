// SPDX-License-Identifier: Apache-2.0

/// How the interval around a regressor's predictions is made (split conformal prediction: Vovk, Gammerman,
/// Shafer 2005; Lei et al. 2018; Romano, Patterson, Candès 2019).
package struct IntervalSettings: Sendable, Equatable {
    /// The probability that the truth lies in it, above 0 and below 1.
    package var level: Double
    package var method: Method

    /// What the interval lies around.
    package enum Method: String, Sendable, CaseIterable {
        /// As wide everywhere: by the magnitude of the residuals of rows that were held out.
        case residual
        /// As wide as the row needs: a pair of quantiles is learned too, and widened as held-out rows ask.
        case quantiles
    }

    package init(level: Double, method: Method = .residual) {
        self.level = level
        self.method = method
    }

    /// The least radius that holds the part `level` of rows like those of `scores`, one more among them: the
    /// score of rank ⌈(n + 1)·level⌉.
    ///
    /// - Throws: `emptyPart` when so few scores cannot vouch for the level.
    func radius(_ scores: [Double]) throws(TrainingError) -> Double {
        // As close to a whole number as rounding takes it is one.
        let place = Double(scores.count + 1) * level
        let rank = Int((place - 1e-9).rounded(.up))
        guard rank >= 1, rank <= scores.count else {
            let needed = Int((level / (1 - level)).rounded(.up))
            throw .emptyPart(
                part: "interval",
                reason:
                    "--interval \(level) needs \(needed) held-out rows, a fifth of the training rows, and "
                    + "there are \(scores.count)")
        }
        return scores.sorted()[rank - 1]
    }
}
