// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The number that all margins are divided by so that the log loss is least.
enum TemperatureScaling {
    /// `margins` is row-major [rows, outputs]: one output for two classes, else one a class.
    static func fit(margins: [Double], classes: [Int]) -> Double {
        let outputs = max(1, margins.count / max(classes.count, 1))
        func loss(_ logTemperature: Double) -> Double {
            let scale = exp(-logTemperature)
            var sum = 0.0
            for (row, label) in classes.enumerated() {
                if outputs == 1 {
                    let score = margins[row] * scale * (label == 1 ? 1 : -1)
                    sum += log1p(exp(-abs(score))) + max(-score, 0)
                } else {
                    let own = row * outputs..<(row + 1) * outputs
                    let largest = margins[own].max() ?? 0
                    let total = margins[own].reduce(0) { $0 + exp(($1 - largest) * scale) }
                    sum += log(total) - (margins[row * outputs + label] - largest) * scale
                }
            }
            return sum
        }
        // The loss is convex in the inverse, so it has one minimum along its logarithm.
        let ratio = (5.0.squareRoot() - 1) / 2
        var (low, high) = (-6.0, 6.0)
        var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
        var (leftLoss, rightLoss) = (loss(left), loss(right))
        for _ in 0..<60 {
            if leftLoss <= rightLoss {
                (high, right, rightLoss) = (right, left, leftLoss)
                left = high - ratio * (high - low)
                leftLoss = loss(left)
            } else {
                (low, left, leftLoss) = (left, right, rightLoss)
                right = low + ratio * (high - low)
                rightLoss = loss(right)
            }
        }
        return exp((low + high) / 2)
    }
}
