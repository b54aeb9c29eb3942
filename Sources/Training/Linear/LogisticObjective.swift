// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The weighted mean of the log loss over the rows plus `penalty`/2 times the squared weights; intercepts
/// are free.
///
/// With two classes there is one weight vector, for the second class; with more there is one a class
/// (softmax). Parameters: the weights, row-major [outputs, features], then the intercepts [outputs].
struct LogisticObjective: ConvexObjective {
    /// Row-major [rows, featureCount].
    private let features: [Double]
    private let classes: [Int]
    private let weights: [Double]?
    private let weightSum: Double
    private let featureCount: Int
    private let outputCount: Int
    private let penalty: Double
    /// Probabilities at the last evaluated point, [rows, outputs].
    private var probabilities: [Double]
    private var scores: [Double]

    init(
        features: [Double], classes: [Int], weights: [Double]? = nil, classCount: Int, featureCount: Int,
        penalty: Double
    ) {
        self.features = features
        self.classes = classes
        self.weights = weights
        weightSum = weights?.reduce(0, +) ?? Double(classes.count)
        self.featureCount = featureCount
        self.penalty = penalty
        outputCount = classCount == 2 ? 1 : classCount
        probabilities = [Double](repeating: 0, count: classes.count * outputCount)
        scores = [Double](repeating: 0, count: outputCount)
    }

    var parameterCount: Int { outputCount * (featureCount + 1) }

    mutating func evaluate(_ point: [Double], gradient: inout [Double]) -> Double {
        for index in gradient.indices { gradient[index] = 0 }
        var loss = 0.0
        for row in classes.indices {
            computeScores(row, point)
            loss += (weights?[row] ?? 1) * (outputCount == 1 ? binaryLoss(row) : softmaxLoss(row))
            accumulate(row, into: &gradient)
        }
        return finish(loss, point, &gradient)
    }

    mutating func curvature(along direction: [Double], into product: inout [Double]) {
        for index in product.indices { product[index] = 0 }
        for row in classes.indices {
            computeScores(row, direction)
            let first = row * outputCount
            if outputCount == 1 {
                let probability = probabilities[row]
                let score = scores[0]
                scores[0] = score * probability * (1 - probability)
            } else {
                var mean = 0.0
                for output in 0..<outputCount { mean += probabilities[first + output] * scores[output] }
                for output in 0..<outputCount {
                    let score = scores[output]
                    scores[output] = probabilities[first + output] * (score - mean)
                }
            }
            accumulate(row, into: &product)
        }
        _ = finish(0, direction, &product)
    }

    /// scores = weights · row + intercepts
    private mutating func computeScores(_ row: Int, _ point: [Double]) {
        let features = features
        let values = features.span
        let weights = point.span
        let start = row * featureCount
        for output in 0..<outputCount {
            let first = output * featureCount
            var sum = weights[outputCount * featureCount + output]
            for index in 0..<featureCount { sum += weights[first + index] * values[start + index] }
            scores[output] = sum
        }
    }

    /// The row's loss; leaves its derivative by the score in `scores`.
    private mutating func binaryLoss(_ row: Int) -> Double {
        let score = scores[0]
        let isPositive = classes[row] == 1
        // log(1 + exp(-|s|)) never overflows, and exp(-|s|) serves the probability too.
        let decay = exp(-abs(score))
        let probability = score >= 0 ? 1 / (1 + decay) : decay / (1 + decay)
        probabilities[row] = probability
        scores[0] = isPositive ? (score >= 0 ? -decay / (1 + decay) : -1 / (1 + decay)) : probability
        return log1p(decay) + max(isPositive ? -score : score, 0)
    }

    private mutating func softmaxLoss(_ row: Int) -> Double {
        var largest = scores[0]
        for score in scores { largest = max(largest, score) }
        var sum = 0.0
        for score in scores { sum += exp(score - largest) }
        let first = row * outputCount
        let loss = log(sum) + largest - scores[classes[row]]
        for output in 0..<outputCount {
            let probability = exp(scores[output] - largest) / sum
            probabilities[first + output] = probability
            scores[output] = output == classes[row] ? probability - 1 : probability
        }
        return loss
    }

    /// sums += weight · scores ⊗ (row, 1)
    private func accumulate(_ row: Int, into sums: inout [Double]) {
        let values = features.span
        var target = sums.mutableSpan
        let start = row * featureCount
        let weight = weights?[row] ?? 1
        for output in 0..<outputCount {
            let factor = weight * scores[output]
            let first = output * featureCount
            for index in 0..<featureCount { target[first + index] += factor * values[start + index] }
            target[outputCount * featureCount + output] += factor
        }
    }

    /// Divides by the weights and adds the penalty.
    private func finish(_ loss: Double, _ point: [Double], _ sums: inout [Double]) -> Double {
        let scale = 1 / weightSum
        let weightCount = outputCount * featureCount
        var squares = 0.0
        for index in sums.indices { sums[index] *= scale }
        for index in 0..<weightCount {
            sums[index] += penalty * point[index]
            squares += point[index] * point[index]
        }
        return loss * scale + penalty / 2 * squares
    }
}
