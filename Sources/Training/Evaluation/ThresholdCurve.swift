// SPDX-License-Identifier: Apache-2.0

/// What a binary classifier does at each threshold that changes anything: the base of the ROC and
/// precision-recall curves.
package struct ThresholdCurve: Sendable, Equatable {
    /// The distinct scores, descending; a row is taken for positive when its score is at least the threshold.
    package private(set) var thresholds: [Double] = []
    /// The weight of the positive and of the negative rows taken for positive, at each threshold.
    package private(set) var truePositives: [Double] = []
    package private(set) var falsePositives: [Double] = []

    /// `order` lists the rows by descending score; nil sorts here. Rows of weight 0 count for nothing.
    package init(scores: [Double], isPositive: [Bool], weights: [Double]? = nil, order: [Int]? = nil) {
        let order = order ?? ThresholdCurve.order(scores)
        var (positives, negatives) = (0.0, 0.0)
        var start = 0
        while start < order.count {
            let score = scores[order[start]]
            var end = start
            var seen = 0.0
            while end < order.count, scores[order[end]] == score {
                let row = order[end]
                let weight = weights?[row] ?? 1
                if isPositive[row] { positives += weight } else { negatives += weight }
                seen += weight
                end += 1
            }
            if seen > 0 {
                thresholds.append(score)
                truePositives.append(positives)
                falsePositives.append(negatives)
            }
            start = end
        }
    }

    /// The rows by descending score; of equals the first row first.
    package static func order(_ scores: [Double]) -> [Int] {
        scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
    }

    package var positiveWeight: Double { truePositives.last ?? 0 }
    package var negativeWeight: Double { falsePositives.last ?? 0 }

    /// The area under the ROC curve: the chance that a positive row scores above a negative one, ties
    /// counting half. Nil without a row of both kinds.
    package var areaUnderROC: Double? {
        guard positiveWeight > 0, negativeWeight > 0 else { return nil }
        var area = 0.0
        var (positives, negatives) = (0.0, 0.0)
        for index in thresholds.indices {
            area += (falsePositives[index] - negatives) * (truePositives[index] + positives) / 2
            (positives, negatives) = (truePositives[index], falsePositives[index])
        }
        return area / (positiveWeight * negativeWeight)
    }

    /// The mean of the precisions, each weighted by the recall gained there. Nil without a positive row.
    package var averagePrecision: Double? {
        guard positiveWeight > 0 else { return nil }
        var sum = 0.0
        var positives = 0.0
        for index in thresholds.indices {
            sum += (truePositives[index] - positives) * precision(index)
            positives = truePositives[index]
        }
        return sum / positiveWeight
    }

    /// The thresholds where the ROC curve bends, in order: the others lie on a line between their neighbours.
    package var corners: [Int] {
        thresholds.indices.filter { index in
            guard index > 0, index + 1 < thresholds.count else { return true }
            let next = index + 1
            let previous = index - 1
            let isStraight =
                falsePositives[next] - falsePositives[index] == falsePositives[index]
                - falsePositives[previous]
                && truePositives[next] - truePositives[index] == truePositives[index]
                    - truePositives[previous]
            return !isStraight
        }
    }

    /// Of the weight at or above threshold `index`, the part that is positive.
    package func precision(_ index: Int) -> Double {
        truePositives[index] / (truePositives[index] + falsePositives[index])
    }

    /// Of the positive weight, the part at or above threshold `index`.
    package func recall(_ index: Int) -> Double { truePositives[index] / positiveWeight }

    /// Of the negative weight, the part at or above threshold `index`.
    package func falsePositiveRate(_ index: Int) -> Double { falsePositives[index] / negativeWeight }
}
