// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Training

/// The metrics are those of scikit-learn 1.9.1, to the twelfth digit.
@Suite struct MetricsTests {
    private struct Case {
        let values: [String: Any]
        let expected: [String: Any]

        init(_ name: String) throws {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: Baselines.path("metrics.json")))
            let all = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
            let cases = try #require(all["cases"] as? [String: [String: Any]])
            values = try #require(cases[name])
            expected = try #require(values["expected"] as? [String: Any])
        }

        func numbers(_ name: String) throws -> [Double] { try #require(values[name] as? [Double]) }

        func classes(_ name: String) throws -> [Int] { try #require(values[name] as? [Int]) }

        var weights: [Double]? { values["weight"] as? [Double] }

        func expect(_ name: String, _ value: Double?, _ location: SourceLocation = #_sourceLocation) throws {
            let expected = try #require(expected[name] as? Double, "\(name)")
            let value = try #require(value, "\(name)")
            #expect(
                abs(value - expected) <= 1e-12 * max(1, abs(expected)), "\(name): \(value), not \(expected)",
                sourceLocation: location)
        }

        func expect(_ name: String, _ member: String, _ values: [Double]) throws {
            let curve = try #require(expected[name] as? [String: Any])
            let expected = try #require(curve[member] as? [Any])
            try #require(values.count == expected.count, "\(name) \(member)")
            for (value, expected) in zip(values, expected) {
                // The first threshold of scikit-learn's ROC curve is infinity, null in the file.
                guard let expected = expected as? Double else {
                    #expect(value == .infinity)
                    continue
                }
                #expect(abs(value - expected) <= 1e-12, "\(name) \(member)")
            }
        }
    }

    @Test(arguments: ["binary", "binary_weighted"])
    func ofTwoClasses(name: String) throws {
        let oracle = try Case(name)
        let truth = try oracle.classes("y")
        let scores = try oracle.numbers("score")
        let metrics = Metrics.classification(
            probabilities: scores.flatMap { [1 - $0, $0] }, truth: truth, classCount: 2,
            weights: oracle.weights)
        for metric in ["accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc", "kappa"]
            + ["roc_auc", "average_precision", "log_loss", "brier"]
        {
            try oracle.expect(metric, metrics.first { $0.name == metric }?.value)
        }
        let matrix = ConfusionMatrix(
            probabilities: scores.flatMap { [1 - $0, $0] }, truth: truth, classCount: 2,
            rowWeights: oracle.weights)
        #expect(
            oracle.expected["confusion"] as? [[Double]] == [
                [matrix[0, 0], matrix[0, 1]], [matrix[1, 0], matrix[1, 1]],
            ])
    }

    @Test(arguments: ["binary", "binary_weighted"])
    func curves(name: String) throws {
        let oracle = try Case(name)
        let scores = try oracle.numbers("score")
        let isPositive = try oracle.classes("y").map { $0 == 1 }
        let curve = ThresholdCurve(scores: scores, isPositive: isPositive, weights: oracle.weights)
        let points = curve.thresholds.indices
        let corners = curve.corners
        try oracle.expect("roc_curve", "thresholds", [.infinity] + corners.map { curve.thresholds[$0] })
        try oracle.expect("roc_curve", "fpr", [0] + corners.map(curve.falsePositiveRate))
        try oracle.expect("roc_curve", "tpr", [0] + corners.map(curve.recall))
        try oracle.expect("pr_curve", "precision", points.reversed().map(curve.precision) + [1])
        try oracle.expect("pr_curve", "recall", points.reversed().map(curve.recall) + [0])
        guard oracle.weights == nil else { return }
        let reliability = ReliabilityCurve(probabilities: scores, isPositive: isPositive, binCount: 5)
        try oracle.expect("calibration_curve_5_uniform", "fraction", reliability.fractions)
        try oracle.expect("calibration_curve_5_uniform", "mean", reliability.means)
    }

    @Test func ofManyClasses() throws {
        let oracle = try Case("multiclass")
        let truth = try oracle.classes("y")
        let rows = try #require(oracle.values["proba"] as? [[Double]])
        let (probabilities, count) = (rows.flatMap { $0 }, rows[0].count)
        let metrics = Metrics.classification(probabilities: probabilities, truth: truth, classCount: count)
        for name in ["accuracy", "log_loss", "precision_macro", "recall_macro", "f1_macro", "f1_weighted"]
            + ["mcc", "kappa"]
        {
            try oracle.expect(name, metrics.first { $0.name == name }?.value)
        }
        try oracle.expect("roc_auc_ovr_macro", metrics.first { $0.name == "roc_auc" }?.value)
        let matrix = ConfusionMatrix(probabilities: probabilities, truth: truth, classCount: count)
        try oracle.expect("precision_weighted", matrix.weighted(matrix.precision))
        try oracle.expect("recall_weighted", matrix.weighted(matrix.recall))
        for name in ["precision_micro", "recall_micro", "f1_micro"] {
            try oracle.expect(name, matrix.accuracy)
        }
        let expected = try #require(oracle.expected["confusion"] as? [[Double]])
        #expect(expected.flatMap { $0 } == matrix.weights)
    }

    @Test(arguments: ["regression", "regression_weighted"])
    func ofNumbers(name: String) throws {
        let oracle = try Case(name)
        let (predictions, truth) = (try oracle.numbers("prediction"), try oracle.numbers("y"))
        let metrics = Metrics.regression(predictions: predictions, truth: truth, weights: oracle.weights)
        for name in ["rmse", "mae", "r2", "median_ae", "max_error", "explained_variance", "mape", "msle"]
            + ["poisson_deviance", "gamma_deviance"]
        {
            try oracle.expect(name, metrics.first { $0.name == name }?.value)
        }
        let measures = RegressionMeasures(predictions: predictions, truth: truth, weights: oracle.weights)
        try oracle.expect("mse", measures.meanSquaredError)
    }

    @Test func weightsOfWholeNumbers_areRepeatedRows() {
        let truth = [0, 1, 1, 0, 2]
        let probabilities = [0.5, 0.3, 0.2, 0.1, 0.6, 0.3, 0.4, 0.3, 0.3, 0.7, 0.2, 0.1, 0.2, 0.2, 0.6]
        let counts = [1, 3, 2, 1, 2]
        let rows = counts.indices.flatMap { [Int](repeating: $0, count: counts[$0]) }
        let weighted = Metrics.classification(
            probabilities: probabilities, truth: truth, classCount: 3, weights: counts.map(Double.init))
        let repeated = Metrics.classification(
            probabilities: rows.flatMap { probabilities[3 * $0..<3 * $0 + 3] }, truth: rows.map { truth[$0] },
            classCount: 3)
        #expect(weighted.map(\.name) == repeated.map(\.name))
        for (left, right) in zip(weighted, repeated) { #expect(abs(left.value - right.value) < 1e-14) }
    }

    @Test func whatTheRowsDoNotDetermine_isLeftOut() {
        let metrics = Metrics.classification(
            probabilities: [0.5, 0.5, 0.2, 0.8], truth: [1, 1], classCount: 2)
        #expect(!metrics.contains { $0.name == "roc_auc" })
        #expect(!Metrics.regression(predictions: [1, 2], truth: [3, 3]).contains { $0.name == "r2" })
        #expect(RegressionMeasures(predictions: [1], truth: [-1]).poissonDeviance == nil)
    }

    @Test func lossesAreBetterSmall() {
        for name in ["rmse", "log_loss", "poisson_deviance", "median_ae", "mae", "brier"] {
            #expect(!Metric(name, 0).isBetterLarge)
        }
        for name in ["r2", "accuracy", "roc_auc", "f1_macro"] { #expect(Metric(name, 0).isBetterLarge) }
    }
}
