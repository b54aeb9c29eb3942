// SPDX-License-Identifier: Apache-2.0
import Glibc
import ModelFormat

/// What a network minimises over its margins.
enum NeuralLoss: Sendable, Equatable {
    case squaredError
    /// One margin, of the second class.
    case logistic
    case softmax(classCount: Int)

    /// What suits the target.
    init(for target: Target) {
        switch (target.task, target.classCount) {
        case (.classification, 2): self = .logistic
        case (.classification, let count): self = .softmax(classCount: count)
        default: self = .squaredError
        }
    }

    var outputCount: Int { if case .softmax(let count) = self { count } else { 1 } }

    /// From margins to predictions.
    var transform: OutputTransform {
        switch self {
        case .squaredError: .identity
        case .logistic: .logistic
        case .softmax: .softmax
        }
    }

    /// The sum of the rows' losses, each times its weight; leaves the slopes of their mean, the sum over
    /// that of the weights, in place of the margins, [rows, outputs]. Rows that weigh nothing have no
    /// slope.
    func evaluate(
        _ margins: inout [Float], _ targets: ArraySlice<Float>, weights: ArraySlice<Float>? = nil
    ) -> Double {
        guard let weights else {
            return evaluate(&margins, targets, 1 / Float(max(targets.count, 1))) { _ in 1 }
        }
        let sum = weights.reduce(0, +)
        return evaluate(&margins, targets, sum > 0 ? 1 / sum : 0) { weights[weights.startIndex + $0] }
    }

    /// - Parameter share: what a row of weight 1 is of the mean.
    @inline(__always)
    private func evaluate(
        _ margins: inout [Float], _ targets: ArraySlice<Float>, _ share: Float, _ weight: (Int) -> Float
    ) -> Double {
        var loss = 0.0
        switch self {
        case .squaredError:
            for (row, target) in targets.enumerated() {
                let (error, weight) = (margins[row] - target, weight(row))
                loss += Double(weight * (error * error)) / 2
                margins[row] = error * (weight * share)
            }
        case .logistic:
            for (row, target) in targets.enumerated() {
                let (margin, weight) = (margins[row], weight(row))
                let decay = expf(-abs(margin))
                loss += Double(weight * (log1pf(decay) + max(target > 0.5 ? -margin : margin, 0)))
                let probability = margin >= 0 ? 1 / (1 + decay) : decay / (1 + decay)
                margins[row] = (probability - target) * (weight * share)
            }
        case .softmax(let count):
            for (row, target) in targets.enumerated() {
                let (first, weight) = (row * count, weight(row))
                var largest = margins[first]
                for index in first..<first + count { largest = max(largest, margins[index]) }
                var sum: Float = 0
                let own = margins[first + Int(target)] - largest
                for index in first..<first + count {
                    margins[index] = expf(margins[index] - largest)
                    sum += margins[index]
                }
                loss += Double(weight * (logf(sum) - own))
                for index in first..<first + count { margins[index] *= weight * share / sum }
                margins[first + Int(target)] -= weight * share
            }
        }
        return loss
    }
}
