// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A logistic curve through margins, with targets that are kept off 0 and 1 as Platt has them.
struct PlattScaling {
    var slope: Double
    var offset: Double

    /// Newton's method on the two numbers (Lin, Lin, Weng 2007).
    init(margins: [Double], isPositive: [Bool]) {
        let positives = Double(isPositive.count { $0 })
        let negatives = Double(isPositive.count) - positives
        let (high, low) = ((positives + 1) / (positives + 2), 1 / (negatives + 2))
        (slope, offset) = (0, log((positives + 1) / (negatives + 1)))
        // The same scale for all models, so that one damping fits.
        let size = max(margins.reduce(0) { max($0, abs($1)) }, 1e-300)
        var (factor, shift) = (0.0, offset)
        func loss(_ factor: Double, _ shift: Double) -> Double {
            var sum = 0.0
            for (row, margin) in margins.enumerated() {
                let score = factor * margin / size + shift
                let target = isPositive[row] ? high : low
                sum += log1p(exp(-abs(score))) + max(score, 0) - target * score
            }
            return sum
        }
        var value = loss(factor, shift)
        for _ in 0..<100 {
            var (a, b, c) = (1e-12, 0.0, 1e-12)
            var (first, second) = (0.0, 0.0)
            for (row, margin) in margins.enumerated() {
                let x = margin / size
                let probability = 1 / (1 + exp(-(factor * x + shift)))
                let error = probability - (isPositive[row] ? high : low)
                let bend = probability * (1 - probability)
                first += error * x
                second += error
                a += bend * x * x
                b += bend * x
                c += bend
            }
            if max(abs(first), abs(second)) < 1e-10 { break }
            let determinant = a * c - b * b
            let steps = (-(c * first - b * second) / determinant, -(a * second - b * first) / determinant)
            var length = 1.0
            var next = loss(factor + steps.0, shift + steps.1)
            while !(next <= value), length > 1e-10 {
                length /= 2
                next = loss(factor + length * steps.0, shift + length * steps.1)
            }
            guard next <= value else { break }
            (factor, shift, value) = (factor + length * steps.0, shift + length * steps.1, next)
        }
        (slope, offset) = (factor / size, shift)
    }
}
