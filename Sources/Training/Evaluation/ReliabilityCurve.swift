// SPDX-License-Identifier: Apache-2.0

/// How often what is said to happen with a probability does: rows in bins of equal width by probability.
package struct ReliabilityCurve: Sendable, Equatable {
    /// Of the bins that have rows: the mean probability, the part of positives, and the weight.
    package private(set) var means: [Double] = []
    package private(set) var fractions: [Double] = []
    package private(set) var weights: [Double] = []

    package init(probabilities: [Double], isPositive: [Bool], weights: [Double]? = nil, binCount: Int = 10) {
        var sums = [(probability: Double, positive: Double, weight: Double)](
            repeating: (0, 0, 0), count: binCount)
        for (row, probability) in probabilities.enumerated() {
            // A probability on an edge belongs to the bin below it.
            var bin = Int((probability * Double(binCount)).rounded(.up)) - 1
            bin = min(max(bin, 0), binCount - 1)
            let weight = weights?[row] ?? 1
            sums[bin].probability += weight * probability
            sums[bin].positive += isPositive[row] ? weight : 0
            sums[bin].weight += weight
        }
        for sum in sums where sum.weight > 0 {
            means.append(sum.probability / sum.weight)
            fractions.append(sum.positive / sum.weight)
            self.weights.append(sum.weight)
        }
    }

    /// The expected calibration error: the mean distance between both, weighted by the rows.
    package var error: Double {
        let total = weights.reduce(0, +)
        guard total > 0 else { return 0 }
        return means.indices.reduce(0) { $0 + weights[$1] * abs(means[$1] - fractions[$1]) } / total
    }
}
