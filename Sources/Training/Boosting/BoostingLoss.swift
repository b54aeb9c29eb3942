// SPDX-License-Identifier: Apache-2.0
import Glibc

/// First and second derivative of the loss by the margin.
struct GradientPair {
    var gradient: Float
    var hessian: Float
}

/// What the trees minimise. Margins are Float32, summed as the serving kernel sums them.
enum BoostingLoss: Equatable {
    case squaredError
    case logistic
    /// One margin a class.
    case softmax(classCount: Int)

    var outputCount: Int {
        switch self {
        case .squaredError, .logistic: 1
        case .softmax(let classCount): classCount
        }
    }

    /// The margins that fit `targets` best without any feature; classes are indices.
    func baseMargins(_ targets: [Double]) -> [Float] {
        let count = Double(targets.count)
        switch self {
        case .squaredError:
            return [Float(targets.reduce(0, +) / count)]
        case .logistic:
            // A fold may have rows of one class only; then the odds stay finite.
            let positive = min(max(targets.reduce(0, +), 0.5), count - 0.5)
            return [Float(log(positive / (count - positive)))]
        case .softmax(let classCount):
            var counts = [Double](repeating: 0, count: classCount)
            for target in targets { counts[Int(target)] += 1 }
            // A class without a training row (it may occur among the test rows) starts as if it had half a
            // one.
            return counts.map { Float(log(max($0, 0.5) / count)) }
        }
    }

    /// Fills `pairs` [outputs, rows] at `margins` [rows, outputs].
    func derivatives(_ margins: [Float], _ targets: [Double], into pairs: inout [GradientPair]) {
        let rowCount = targets.count
        switch self {
        case .squaredError:
            for row in 0..<rowCount {
                pairs[row] = GradientPair(gradient: Float(Double(margins[row]) - targets[row]), hessian: 1)
            }
        case .logistic:
            for row in 0..<rowCount {
                let probability = 1 / (1 + exp(-Double(margins[row])))
                pairs[row] = GradientPair(
                    gradient: Float(probability - targets[row]),
                    hessian: Float(max(probability * (1 - probability), 1e-16)))
            }
        case .softmax(let classCount):
            var probabilities = [Double](repeating: 0, count: classCount)
            for row in 0..<rowCount {
                BoostingLoss.softmax(margins, row, into: &probabilities)
                for output in 0..<classCount {
                    let probability = probabilities[output]
                    pairs[output * rowCount + row] = GradientPair(
                        gradient: Float(probability - (Int(targets[row]) == output ? 1 : 0)),
                        hessian: Float(max(2 * probability * (1 - probability), 1e-16)))
                }
            }
        }
    }

    /// The mean loss: log loss, or the root of the mean squared error.
    func value(_ margins: [Float], _ targets: [Double]) -> Double {
        guard !targets.isEmpty else { return 0 }
        var sum = 0.0
        switch self {
        case .squaredError:
            for (margin, target) in zip(margins, targets) {
                sum += (Double(margin) - target) * (Double(margin) - target)
            }
            return (sum / Double(targets.count)).squareRoot()
        case .logistic:
            for (margin, target) in zip(margins, targets) {
                let margin = Double(target == 1 ? margin : -margin)
                sum += log1p(exp(-abs(margin))) + max(-margin, 0)
            }
        case .softmax(let classCount):
            var probabilities = [Double](repeating: 0, count: classCount)
            for row in targets.indices {
                BoostingLoss.softmax(margins, row, into: &probabilities)
                sum -= log(max(probabilities[Int(targets[row])], 1e-300))
            }
        }
        return sum / Double(targets.count)
    }

    private static func softmax(_ margins: [Float], _ row: Int, into probabilities: inout [Double]) {
        let first = row * probabilities.count
        var largest = margins[first]
        for output in probabilities.indices { largest = max(largest, margins[first + output]) }
        var sum = 0.0
        for output in probabilities.indices {
            probabilities[output] = exp(Double(margins[first + output] - largest))
            sum += probabilities[output]
        }
        for output in probabilities.indices { probabilities[output] /= sum }
    }
}
