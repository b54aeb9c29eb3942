// SPDX-License-Identifier: Apache-2.0
import Glibc

extension BoostingLoss {
    /// The name of `value`.
    package var measure: String {
        switch self {
        case .squaredError: "rmse"
        case .absoluteError: "mae"
        case .quantile: "pinball_loss"
        case .huber: "huber_loss"
        case .poisson: "poisson_deviance"
        case .gamma: "gamma_deviance"
        case .tweedie: "tweedie_deviance"
        case .logistic, .softmax: "log_loss"
        case .lambdaRank: "1 - ndcg"
        }
    }

    /// The mean loss of the rows, which falls as the model gets better; 0 for no rows.
    func value(_ rows: LossRows, _ pool: WorkerPool) -> Double {
        if case .lambdaRank(let truncation) = self {
            return 1 - LambdaRank(truncation: truncation).ndcg(rows)
        }
        let blockCount = GradientBlocks.blockCount(rows.count)
        let sums = NumberMemory<Double>(count: 2 * max(blockCount, 1), repeating: 0)
        pool.run(blockCount) { _, block in
            var (sum, all) = (0.0, 0.0)
            var probabilities = [Double](repeating: 0, count: outputCount)
            for row in GradientBlocks.rows(block, of: rows.count) {
                let weight = Double(rows.weight(row))
                sum += weight * loss(rows, row, &probabilities)
                all += weight
            }
            sums[2 * block] = sum
            sums[2 * block + 1] = all
        }
        var (sum, all) = (0.0, 0.0)
        for block in 0..<blockCount {
            sum += sums[2 * block]
            all += sums[2 * block + 1]
        }
        guard all > 0 else { return 0 }
        return self == .squaredError ? (sum / all).squareRoot() : sum / all
    }

    private func loss(_ rows: LossRows, _ row: Int, _ probabilities: inout [Double]) -> Double {
        let target = rows.targets[row]
        let margin = Double(rows.margin(row))
        let difference = target - margin
        switch self {
        case .squaredError: return difference * difference
        case .absoluteError: return abs(difference)
        case .quantile(let level): return difference >= 0 ? level * difference : (level - 1) * difference
        case .huber(let delta):
            let size = abs(difference)
            return size <= delta ? size * size / 2 : delta * (size - delta / 2)
        case .poisson:
            let ratio = target > 0 ? target * (log(target) - margin) : 0
            return 2 * (ratio - target + exp(margin))
        case .gamma: return 2 * (target * exp(-margin) - 1 - log(target) + margin)
        case .tweedie(let power):
            let start = pow(target, 2 - power) / ((1 - power) * (2 - power))
            return 2
                * (start - target * exp((1 - power) * margin) / (1 - power)
                    + exp((2 - power) * margin) / (2 - power))
        case .logistic:
            let own = target == 1 ? margin : -margin
            return log1p(exp(-abs(own))) + max(-own, 0)
        case .softmax:
            BoostingLoss.softmax(rows, row, into: &probabilities)
            return -log(max(probabilities[Int(target)], 1e-300))
        case .lambdaRank: preconditionFailure("has a measure of its own")
        }
    }
}
