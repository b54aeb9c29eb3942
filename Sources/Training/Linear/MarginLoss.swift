// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A loss of one margin a row, convex in it: what a generalised linear model minimises.
package enum MarginLoss: Sendable, Equatable {
    /// −log likelihood of classes 0 and 1, margin = log odds.
    case logistic
    /// Half the deviance with a logarithmic link, but for what does not depend on the margin. The power is of
    /// the mean that the variance grows with: 1 Poisson, 2 Gamma, between them compound Poisson.
    case tweedie(power: Double)

    /// Value, first and second derivative by the margin.
    @inline(__always) func evaluate(
        _ margin: Double, _ target: Double
    ) -> (value: Double, slope: Double, curvature: Double) {
        switch self {
        case .logistic:
            // log(1 + exp(-|s|)) never overflows, and exp(-|s|) serves the probability too.
            let decay = exp(-abs(margin))
            let share = 1 / (1 + decay)
            let probability = margin >= 0 ? share : decay * share
            let isPositive = target > 0.5
            let slope =
                isPositive ? (margin >= 0 ? -decay * share : -share) : probability
            let value = log1p(decay) + max(isPositive ? -margin : margin, 0)
            return (value, slope, decay * share * share)
        case .tweedie(let power):
            if power == 1 {
                let mean = exp(margin)
                return (mean - target * margin, mean - target, mean)
            }
            if power == 2 {
                let ratio = target * exp(-margin)
                return (ratio + margin, 1 - ratio, ratio)
            }
            let own = exp((2 - power) * margin)
            let cross = target * exp((1 - power) * margin)
            return (
                own / (2 - power) - cross / (1 - power), own - cross,
                (2 - power) * own - (1 - power) * cross
            )
        }
    }

    /// The margin that is best without any feature.
    func start(mean: Double) -> Double {
        switch self {
        case .logistic: mean > 0 && mean < 1 ? log(mean / (1 - mean)) : 0
        case .tweedie: mean > 0 ? log(mean) : 0
        }
    }
}
