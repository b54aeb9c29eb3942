// SPDX-License-Identifier: Apache-2.0
import Foundation
import ModelFormat
import Tabular
import Testing

@testable import Training

/// Weights mean what they mean in scikit-learn, where row i of a data set weighs i % 4.
@Suite struct WeightParityTests {
    private func trainer(_ name: String, hasTarget: Bool) throws -> ModelTrainer {
        let data = try Baselines.table(name)
        let table = Table(
            names: data.names + ["weight"],
            columns: data.names.compactMap { data[$0] }
                + [.numeric((0..<data.rowCount).map { Double($0 % 4) })])
        var target =
            hasTarget
            ? try Target("target", in: table, task: nil) : .none(rowCount: table.rowCount, task: .clustering)
        try target.weigh(by: "weight", in: table)
        let split = try Split(.column("split"), table: table, target: target)
        return try ModelTrainer(
            table, target: target, split: split, excluding: ["split", "weight", "target"])
    }

    @Test(arguments: [
        (Algorithm.lasso, "lasso_alpha1"), (.elasticNet, "elastic_net_alpha1_ratio0.5"),
    ])
    func weightedLassoAndElasticNet_areTheExactOptimum(algorithm: Algorithm, oracle: String) throws {
        var trainer = try trainer("diabetes", hasTarget: true)
        var settings = ElasticNetLearner.Settings()
        settings.alpha = 1
        trainer.learners = [ElasticNetLearner(algorithm, settings)]
        guard case .linear(let model) = try trainer.train(algorithm).graph.estimator else { throw Wrong() }
        let expected = try Optima.coefficients(oracle, from: "weights.json")
        let found = model.coefficients + model.intercepts
        try #require(found.count == expected.count)
        for (value, expected) in zip(found, expected) {
            #expect(abs(value - expected) < 1e-6 * max(1, abs(expected)))
        }
        let unweighted = try Optima.coefficients(oracle)
        #expect(zip(found, unweighted).contains { abs($0 - $1) > 0.1 })
    }

    @Test func weightedGroups_areThoseOfScikitLearn() throws {
        var trainer = try trainer("wine", hasTarget: false)
        var settings = KMeansLearner.Settings()
        settings.clusters = 3
        settings.starts = 20
        trainer.learners = [KMeansLearner(settings)]
        let trained = try trainer.train(.kmeans)
        let oracle = try Optima.read("kmeans_wine_3", from: "weights.json")
        let expected = try #require(oracle["inertia"] as? Double)
        let inertia = try #require(
            trained.settings.first { $0.name == "inertia" }.flatMap { Double($0.value) })
        #expect(abs(inertia - expected) < 1e-3 * expected, "\(inertia), \(expected)")
        guard case .linear(let model) = trained.graph.estimator else { throw Wrong() }
        let centres = try #require(oracle["centres"] as? [[Double]])
        let width = try #require(centres.first?.count)
        let found = (0..<3).map { Array(model.coefficients[$0 * width..<($0 + 1) * width]) }
            .sorted { $0[0] < $1[0] }
        for (centre, expected) in zip(found, centres) {
            for (value, expected) in zip(centre, expected) { #expect(abs(value - expected) < 0.05) }
        }
    }

    /// Two draws of 2,000 trees differ by about a hundredth in a row, and hardly in the mean.
    @Test func weightedIsolation_scoresAsScikitLearnDoes() throws {
        let trainer = try trainer("wine", hasTarget: false)
        func scores(weighted: Bool) throws -> [Double] {
            var trainer = trainer
            if !weighted {
                trainer = try ModelTrainer(
                    trainer.table, target: .none(rowCount: trainer.table.rowCount, task: .clustering),
                    split: trainer.split, excluding: ["split", "weight", "target"])
            }
            var settings = IsolationForest.Settings()
            (settings.treeCount, settings.sampleRows) = (2_000, 64)
            trainer.learners = [IsolationLearner(settings)]
            let graph = try trainer.train(.isolationForest).graph
            var scores: [Double] = []
            try Evaluator(graph, trainer.table).forEachRow(trainer.split.train) { _, values, _ in
                scores.append(values[0])
            }
            return scores
        }
        let oracle = try Optima.read("isolation_wine", from: "weights.json")
        let expected = try #require(oracle["scores"] as? [Double])
        func difference(_ scores: [Double]) -> Double {
            zip(scores, expected).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(expected.count)
        }
        let (own, other) = (try difference(scores(weighted: true)), try difference(scores(weighted: false)))
        #expect(own < 0.004, "\(own)")
        #expect(other > 1.5 * own, "\(other)")
    }

    @Test(arguments: [
        (NeuralLoss.squaredError, [Float(0.3), -1.2, 2], [Float(1), 0.5, -1]),
        (.logistic, [0.3, -1.2, 2], [1, 0, 0]),
        (.softmax(classCount: 3), [0.3, -1, 2, 0.1, 0.2, 0.3, -1, 0, 1], [0, 2, 1]),
    ])
    func aWeightedLoss_isThatOfRowsRepeated(loss: NeuralLoss, margins: [Float], targets: [Float]) {
        let (weights, width): ([Float], Int) = ([2, 0, 3], loss.outputCount)
        var weighted = margins
        let sum = loss.evaluate(&weighted, targets[...], weights: weights[...])
        let rows = [0, 0, 2, 2, 2]
        var repeated = rows.flatMap { margins[$0 * width..<($0 + 1) * width] }
        let expected = loss.evaluate(&repeated, rows.map { targets[$0] }[...])
        #expect(abs(sum - expected) < 1e-5 * abs(expected))
        for row in 0..<3 {
            for column in 0..<width {
                let slopes = rows.indices.filter { rows[$0] == row }.map { repeated[$0 * width + column] }
                #expect(abs(weighted[row * width + column] - slopes.reduce(0, +)) < 1e-6)
            }
        }
        var none = margins
        #expect(loss.evaluate(&none, targets[...], weights: [0, 0, 0]) == 0)
        #expect(none.allSatisfy { $0 == 0 })
    }

    private struct Wrong: Error {}
}
