// SPDX-License-Identifier: Apache-2.0

/// How well the rows of one class are told from the rest, at every threshold: what plots are drawn from.
package struct ClassCurves: Sendable, Equatable {
    package var label: String
    /// From (0, 0) to (1, 1).
    package var roc: [Point]
    package var areaUnderROC: Double
    /// Recall and precision, by falling threshold.
    package var precisionRecall: [Point]
    package var averagePrecision: Double
    /// The part of the rows that are of the class: what precision is without a model.
    package var prevalence: Double
    package var reliability: ReliabilityCurve
    /// For each tenth of the rows from the highest scores down: the class's rows in it, relative to what
    /// chance would have put there.
    package var lift: [Double]

    package struct Point: Sendable, Equatable {
        package var x: Double
        package var y: Double
        package var threshold: Double
    }

    /// So many points say all that an eye sees.
    private static let pointMax = 200

    /// Nil when the rows are all of the class, or none is.
    init?(_ answers: Answers, class index: Int, label: String) {
        let scores = answers.column(index)
        let isPositive = answers.truth.map { Int($0) == index }
        let order = ThresholdCurve.order(scores)
        let curve = ThresholdCurve(scores: scores, isPositive: isPositive, order: order)
        guard let area = curve.areaUnderROC, let average = curve.averagePrecision else { return nil }
        self.label = label
        areaUnderROC = area
        averagePrecision = average
        prevalence = curve.positiveWeight / (curve.positiveWeight + curve.negativeWeight)
        let roc = curve.corners.map {
            Point(x: curve.falsePositiveRate($0), y: curve.recall($0), threshold: curve.thresholds[$0])
        }
        self.roc = [Point(x: 0, y: 0, threshold: .infinity)] + ClassCurves.thinned(roc)
        precisionRecall = ClassCurves.thinned(
            curve.thresholds.indices.map {
                Point(x: curve.recall($0), y: curve.precision($0), threshold: curve.thresholds[$0])
            })
        reliability = ReliabilityCurve(probabilities: scores, isPositive: isPositive)
        lift = ClassCurves.lift(order, isPositive, curve.positiveWeight)
    }

    /// At most `pointMax` of the points, the last among them.
    private static func thinned(_ points: [Point]) -> [Point] {
        guard points.count > pointMax else { return points }
        return (0..<pointMax).map { points[$0 * (points.count - 1) / (pointMax - 1)] }
    }

    private static func lift(_ order: [Int], _ isPositive: [Bool], _ positives: Double) -> [Double] {
        guard order.count >= 10 else { return [] }
        return (0..<10).map { tenth in
            let range = tenth * order.count / 10..<(tenth + 1) * order.count / 10
            let found = order[range].count { isPositive[$0] }
            return Double(found) / Double(range.count) * Double(order.count) / positives
        }
    }
}
