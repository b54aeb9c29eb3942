// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A measured quality, by the name that scikit-learn gives it.
package struct Metric: Sendable, Equatable {
    package var name: String
    package var value: Double

    package init(_ name: String, _ value: Double) {
        self.name = name
        self.value = value
    }
}

/// Measures of predictions against what was true, defined as in scikit-learn.
enum Metrics {
    /// `probabilities` is row-major [rows, classCount]; `smallest` is the least probability that counts.
    static func classification(
        probabilities: [Double], truth: [Int], classCount: Int, smallest: Double
    ) -> [Metric] {
        var correct = 0
        var loss = 0.0
        for (row, label) in truth.enumerated() {
            let first = row * classCount
            var best = 0
            for index in 1..<classCount where probabilities[first + index] > probabilities[first + best] {
                best = index
            }
            if best == label { correct += 1 }
            loss -= log(min(max(probabilities[first + label], smallest), 1 - smallest))
        }
        let count = Double(truth.count)
        var metrics = [Metric("accuracy", Double(correct) / count), Metric("log_loss", loss / count)]
        if let area = areaUnderCurve(probabilities, truth, classCount) {
            metrics.append(Metric("roc_auc", area))
        }
        return metrics
    }

    static func regression(predictions: [Double], truth: [Double]) -> [Metric] {
        let count = Double(truth.count)
        let mean = truth.reduce(0, +) / count
        var squares = 0.0
        var absolute = 0.0
        var total = 0.0
        for (prediction, value) in zip(predictions, truth) {
            squares += (prediction - value) * (prediction - value)
            absolute += abs(prediction - value)
            total += (value - mean) * (value - mean)
        }
        var metrics = [Metric("rmse", (squares / count).squareRoot()), Metric("mae", absolute / count)]
        if total > 0 { metrics.append(Metric("r2", 1 - squares / total)) }
        return metrics
    }

    /// Of the second class for two; else the mean over the classes, each against the rest. Nil when a class
    /// has no row, or all.
    private static func areaUnderCurve(_ probabilities: [Double], _ truth: [Int], _ classCount: Int)
        -> Double?
    {
        var sum = 0.0
        let classes = classCount == 2 ? [1] : Array(0..<classCount)
        for label in classes {
            let scores = truth.indices.map { probabilities[$0 * classCount + label] }
            guard let area = areaUnderCurve(scores, truth.map { $0 == label }) else { return nil }
            sum += area
        }
        return sum / Double(classes.count)
    }

    /// The chance that a positive row scores above a negative one, ties counting half.
    static func areaUnderCurve(_ scores: [Double], _ isPositive: [Bool]) -> Double? {
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        let positiveCount = isPositive.count { $0 }
        let negativeCount = isPositive.count - positiveCount
        guard positiveCount > 0, negativeCount > 0 else { return nil }
        var rankSum = 0.0
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
            let rank = Double(start + 1 + end) / 2
            for index in start..<end where isPositive[order[index]] { rankSum += rank }
            start = end
        }
        let least = Double(positiveCount) * Double(positiveCount + 1) / 2
        return (rankSum - least) / (Double(positiveCount) * Double(negativeCount))
    }
}
