// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

@testable import Training

/// Lasso, elastic net and generalised linear models are the exact optima.
@Suite struct ConvexLearnerTests {
    private func learner(_ algorithm: Algorithm, alpha: Double?) -> any Learner {
        switch algorithm {
        case .lasso, .elasticNet:
            var settings = ElasticNetLearner.Settings()
            settings.alpha = alpha
            return ElasticNetLearner(algorithm, settings)
        default: return GeneralizedLinearLearner(algorithm)
        }
    }

    @Test(arguments: [
        (Algorithm.lasso, "lasso_alpha1", 1.0), (.lasso, "lasso_alpha10", 10.0),
        (.elasticNet, "elastic_net_alpha1_ratio0.5", 1.0), (.poisson, "poisson_l2_1", 1),
        (.gamma, "gamma_l2_1", 1), (.tweedie, "tweedie_power1.5_l2_1", 1),
    ])
    func coefficients_areTheExactOptimum(algorithm: Algorithm, oracle: String, alpha: Double) throws {
        var trainer = try Baselines.trainer("diabetes")
        trainer.learners = [learner(algorithm, alpha: alpha)]
        let graph = try trainer.train(algorithm).graph
        guard case .linear(let model) = graph.estimator else { throw Wrong() }
        let expected = try Optima.coefficients(oracle)
        let found = model.coefficients + model.intercepts
        try #require(found.count == expected.count)
        for (value, expected) in zip(found, expected) {
            #expect(abs(value - expected) < 1e-6 * max(1, abs(expected)))
        }
        let isLogarithmic = [.poisson, .gamma, .tweedie].contains(algorithm)
        #expect(graph.output.transform == (isLogarithmic ? .exponential : .identity))
    }

    @Test func aLassoWithoutAPenalty_findsAGoodOne() throws {
        let trained = try Baselines.trainer("diabetes").train(.lasso)
        let rmse = try #require(trained.testMetrics.first { $0.name == "rmse" }?.value)
        #expect(try rmse < Baselines.metric("diabetes", "ridge", "rmse") + 1)
        #expect(trained.settings.contains { $0.name == "alpha" })
    }

    @Test func aStrongLasso_leavesAllFeaturesOut() throws {
        var trainer = try Baselines.trainer("diabetes")
        trainer.learners = [learner(.lasso, alpha: 1_000)]
        guard case .linear(let model) = try trainer.train(.lasso).graph.estimator else { throw Wrong() }
        #expect(model.coefficients.allSatisfy { $0 == 0 })
        let targets = trainer.split.train.map { trainer.target.values[$0] }
        #expect(abs(model.intercepts[0] - targets.reduce(0, +) / Double(targets.count)) < 1e-10)
    }

    @Test func theGradient_isThatOfTheValue() {
        var random = RandomSource(seed: 3)
        let (rows, count) = (50, 3)
        let features = (0..<rows * count).map { _ in 2 * random.unit() - 1 }
        let targets = (0..<rows).map { _ in random.unit() * 3 }
        for loss in [MarginLoss.tweedie(power: 1), .tweedie(power: 1.3), .tweedie(power: 2)] {
            var objective = MarginObjective(
                DesignMatrix(features, featureCount: count), targets: targets, loss: loss, penalty: 0.1)
            let point = [0.3, -0.2, 0.1, 0.4]
            var (gradient, other) = ([0.0, 0, 0, 0], [0.0, 0, 0, 0])
            for index in point.indices {
                var (above, below) = (point, point)
                above[index] += 1e-6
                below[index] -= 1e-6
                let difference =
                    objective.evaluate(above, gradient: &other) - objective.evaluate(below, gradient: &other)
                _ = objective.evaluate(point, gradient: &gradient)
                #expect(abs(difference / 2e-6 - gradient[index]) < 1e-7)
            }
            // The Hessian as a matrix and as products is the same.
            let hessian = objective.hessian()
            for index in point.indices {
                var (unit, product) = ([0.0, 0, 0, 0], [0.0, 0, 0, 0])
                unit[index] = 1
                objective.curvature(along: unit, into: &product)
                for line in index..<4 { #expect(abs(product[line] - hessian[line * 4 + index]) < 1e-12) }
            }
        }
    }

    @Test func theNumberOfThreads_changesNothing() {
        var random = RandomSource(seed: 4)
        let (rows, count) = (9_000, 5)
        let features = (0..<rows * count).map { _ in 2 * random.unit() - 1 }
        let targets = (0..<rows).map { features[$0 * count] + random.unit() > 0.5 ? 1.0 : 0 }
        let points = [1, 2, 3].map { threads in
            var objective = MarginObjective(
                DesignMatrix(features, featureCount: count, threadCount: threads), targets: targets,
                loss: .logistic, penalty: 1e-4)
            return objective.minimum(iterationsMax: 100) { _, _ in }
        }
        #expect(points[0] == points[1] && points[1] == points[2])
    }

    @Test(arguments: [
        (Algorithm.gamma, [1.0, 2, 0, 3]), (.poisson, [1, -1, 2, 3]), (.tweedie, [0.5, 1, -0.1, 2]),
        (.poisson, [0, 0, 0, 0]),
    ])
    func targetsThatTheDistributionDoesNotAllow_areRefused(algorithm: Algorithm, targets: [Double]) throws {
        let table = Table(names: ["x", "y"], columns: [.numeric([1, 2, 3, 4]), .numeric(targets)])
        let trainer = try ModelTrainer(
            table, target: try Target("y", in: table, task: .regression),
            split: Split(train: [0, 1, 2, 3], test: []))
        let error = #expect(throws: TrainingError.self) { try trainer.train(algorithm) }
        #expect(error?.code == "target_range")
        #expect(error?.description.contains("\"y\"") == true)
    }

    @Test(arguments: [
        (Algorithm.lasso, -1.0, "--alpha"), (.elasticNet, .nan, "--alpha"),
    ])
    func settingsOutOfRange_areRefused(algorithm: Algorithm, alpha: Double, name: String) throws {
        var trainer = try Baselines.trainer("diabetes")
        trainer.learners = [learner(algorithm, alpha: alpha)]
        let error = #expect(throws: TrainingError.self) { try trainer.train(algorithm) }
        #expect(error?.description.contains(name) == true)
    }

    private struct Wrong: Error {}
}
