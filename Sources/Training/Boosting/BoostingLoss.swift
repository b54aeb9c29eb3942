// SPDX-License-Identifier: Apache-2.0
import Glibc
import ModelFormat

/// What the trees minimise. Margins are Float32, summed as the serving kernel sums them.
package enum BoostingLoss: Equatable, Sendable {
    case squaredError
    case absoluteError
    /// The pinball loss, whose optimum is the quantile at `level`.
    case quantile(level: Double)
    /// Squares up to `delta`, straight lines beyond.
    case huber(delta: Double)
    /// Counts; the margin is the logarithm of the mean, as for the next two.
    case poisson
    /// Positive amounts whose deviation grows with their mean.
    case gamma
    /// Amounts of which many are zero: the variance grows with the mean to the power of `power`.
    case tweedie(power: Double)
    case logistic
    /// One margin a class.
    case softmax(classCount: Int)
    /// Relevance within groups of rows: the order that NDCG rewards, looked at down to rank `truncation`.
    case lambdaRank(truncation: Int)

    package var outputCount: Int {
        if case .softmax(let classCount) = self { classCount } else { 1 }
    }

    /// From margins to predictions.
    package var transform: OutputTransform {
        switch self {
        case .squaredError, .absoluteError, .quantile, .huber, .lambdaRank: .identity
        case .poisson, .gamma, .tweedie: .exponential
        case .logistic: .logistic
        case .softmax: .softmax
        }
    }

    /// Whether all second derivatives are 1.
    var hasConstantHessian: Bool {
        switch self {
        case .squaredError, .absoluteError, .quantile, .huber: true
        default: false
        }
    }

    /// The quantile of the residuals that a leaf's value is set to: the derivatives say only on which side of
    /// a target the margin is, not how far.
    var leafQuantile: Double? {
        switch self {
        case .absoluteError: 0.5
        case .quantile(let level): level
        default: nil
        }
    }

    /// The margins that fit the targets best without any feature; classes are indices.
    func baseMargins(_ targets: [Double], _ weights: [Float]? = nil) -> [Float] {
        switch self {
        case .squaredError: return [Float(BoostingLoss.mean(targets, weights))]
        case .absoluteError, .huber: return [WeightedQuantile.of(targets, weights, level: 0.5)]
        case .quantile(let level): return [WeightedQuantile.of(targets, weights, level: level)]
        case .poisson, .gamma, .tweedie:
            return [Float(log(max(BoostingLoss.mean(targets, weights), 1e-30)))]
        case .lambdaRank: return [0]
        case .logistic:
            let sums = BoostingLoss.classSums(targets, weights, classCount: 2)
            let all = sums[0] + sums[1]
            // A fold may have rows of one class only; then the odds stay finite.
            let least = all / Double(2 * max(targets.count, 1))
            let positive = min(max(sums[1], least), all - least)
            return [Float(log(positive / (all - positive)))]
        case .softmax(let classCount):
            let sums = BoostingLoss.classSums(targets, weights, classCount: classCount)
            let all = sums.reduce(0, +)
            // A class without a training row (it may occur among the test rows) starts as if it had half a
            // one.
            let least = all / Double(2 * max(targets.count, 1))
            return sums.map { Float(log(max($0, least) / all)) }
        }
    }

    private static func mean(_ targets: [Double], _ weights: [Float]?) -> Double {
        guard let weights else { return targets.reduce(0, +) / Double(targets.count) }
        var (sum, all) = (0.0, 0.0)
        for (target, weight) in zip(targets, weights) {
            sum += target * Double(weight)
            all += Double(weight)
        }
        return sum / all
    }

    private static func classSums(_ targets: [Double], _ weights: [Float]?, classCount: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: classCount)
        for (row, target) in targets.enumerated() {
            sums[Int(target)] += weights.map { Double($0[row]) } ?? 1
        }
        return sums
    }

    /// What a target must be, when `target` is not.
    func refusal(of target: Double) -> String? {
        switch self {
        case .poisson, .tweedie: target >= 0 ? nil : "0 or more"
        case .gamma: target > 0 ? nil : "above 0"
        case .lambdaRank:
            target >= 0 && target <= 31 && target == target.rounded() ? nil : "a whole number from 0 to 31"
        default: nil
        }
    }
}

/// Quantiles of numbers with weights.
enum WeightedQuantile {
    /// The least number at or below which a part `level` of the weight lies; between two equally good ones
    /// the middle. 0 for no numbers.
    static func of(_ values: [Double], _ weights: [Float]?, level: Double) -> Float {
        guard let weights else { return Float(of(sorted: values.sorted(), level: level)) }
        let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        let all = order.reduce(0.0) { $0 + Double(weights[$1]) }
        var below = 0.0
        for (place, index) in order.enumerated() {
            below += Double(weights[index])
            if below > level * all || place == order.count - 1 { return Float(values[index]) }
            if below == level * all {
                return Float(values[index] / 2 + values[order[place + 1]] / 2)
            }
        }
        return 0
    }

    static func of<Number: BinaryFloatingPoint>(sorted: [Number], level: Double) -> Number {
        guard !sorted.isEmpty else { return 0 }
        let place = level * Double(sorted.count)
        let index = min(Int(place), sorted.count - 1)
        if Double(index) == place, index > 0 { return sorted[index - 1] / 2 + sorted[index] / 2 }
        return sorted[index]
    }
}
