// SPDX-License-Identifier: Apache-2.0
import Glibc
import ModelFormat
import Testing

@testable import Training

@Suite struct LinearTrainerTests {
    /// Objectives of scikit-learn 1.9.1 minimised to the last digit; C = 1/l2.
    @Test(arguments: [
        ("breast_cancer", "logreg_exact_C1.0", 1.0), ("breast_cancer", "logreg_exact_C0.1", 10.0),
        ("wine", "logreg_exact_C1.0", 1.0), ("wine", "logreg_exact_C0.1", 10.0),
        ("iris", "logreg_exact_C1.0", 1.0), ("iris", "logreg_exact_C0.1", 10.0),
        ("diabetes", "ridge_exact_alpha1", 1.0),
    ])
    func coefficients_areTheExactOptimum(data: String, baseline: String, l2: Double) throws {
        var trainer = try Baselines.trainer(data)
        var settings = LinearTrainer.Settings()
        settings.l2 = l2
        trainer.learners = [LinearLearner(.logistic, settings), LinearLearner(.linear, settings)]
        let graph = try trainer.train(trainer.target.task == .regression ? .linear : .logistic).graph
        guard case .linear(let model) = graph.estimator else { throw Wrong() }
        let expected = try Baselines.optimum(data, baseline)
        #expect(largestDifference(model.coefficients, expected.coefficients) < 1e-6)
        // Only differences between the intercepts of a softmax are determined.
        let shift = mean(model.intercepts) - mean(expected.intercepts)
        let intercepts = model.intercepts.map { expected.intercepts.count > 1 ? $0 - shift : $0 }
        // At the point of the file (wine, C = 1) the gradient is still 2e-6: it is that far from the optimum.
        #expect(largestDifference(intercepts, expected.intercepts) < 5e-6)
    }

    /// So many rows that the way to the optimum goes by samples of them; the optimum is that of all.
    @Test func theOptimumOfManyRows_isExact() throws {
        var random = RandomSource(seed: 3)
        let (rows, count) = (60_000, 4)
        let features = (0..<rows * count).map { _ in random.unit() * 2 - 1 }
        let classes = (0..<rows).map { row in
            random.unit() < 1 / (1 + exp(-3 * features[row * count] + features[row * count + 1])) ? 1 : 0
        }
        var losses: [Double] = []
        let model = try LinearTrainer().fitClassifier(
            features: features, classes: classes, classCount: 2, featureCount: count
        ) { losses.append($1) }
        var slopes = model.coefficients + [0]
        for row in 0..<rows {
            var margin = model.intercepts[0]
            for index in 0..<count { margin += model.coefficients[index] * features[row * count + index] }
            let error = 1 / (1 + exp(-margin)) - Double(classes[row])
            for index in 0..<count { slopes[index] += error * features[row * count + index] }
            slopes[count] += error
        }
        #expect(slopes.allSatisfy { abs($0) / Double(rows) < 1e-10 })
        #expect(losses.count < 20)
    }

    /// The sample that the way begins with, each so many-th row, has one class only.
    @Test func aSampleOfOneClass_leadsNobodyAstray() throws {
        let rows = 40_000
        let features = (0..<rows).map { Double($0 % 8) }
        // Of 40,000 rows and 2 parameters each 50th is in the sample.
        let classes = (0..<rows).map { $0 % 50 == 0 || $0 % 3 == 0 ? 0 : 1 }
        let model = try LinearTrainer().fitClassifier(
            features: features, classes: classes, classCount: 2, featureCount: 1)
        var slopes = (model.coefficients[0], 0.0)
        for row in 0..<rows {
            let margin = model.intercepts[0] + model.coefficients[0] * features[row]
            let error = 1 / (1 + exp(-margin)) - Double(classes[row])
            slopes.0 += error * features[row]
            slopes.1 += error
        }
        #expect(abs(slopes.0) / Double(rows) < 1e-10 && abs(slopes.1) / Double(rows) < 1e-10)
    }

    @Test func ridge_endsWhereTheGradientVanishes() throws {
        var random = RandomSource(seed: 1)
        let (rows, count) = (40, 5)
        let features = (0..<rows * count).map { _ in Double.random(in: -1...1, using: &random) }
        let targets = (0..<rows).map { _ in Double.random(in: -1...1, using: &random) }
        let exact = try Ridge.fit(features: features, targets: targets, featureCount: count, penalty: 0.5)
        // The gradient of the objective vanishes at the solution.
        for column in 0..<count {
            var slope = 0.5 * exact.coefficients[column]
            for row in 0..<rows {
                var prediction = exact.intercept
                for index in 0..<count {
                    prediction += exact.coefficients[index] * features[row * count + index]
                }
                slope += (prediction - targets[row]) * features[row * count + column]
            }
            #expect(abs(slope) < 1e-10)
        }
    }

    @Test func dependentColumnsWithoutAPenalty_areRefused() {
        let features: [Double] = [1, 2, 2, 4, 3, 6]
        let error = #expect(throws: TrainingError.self) {
            try Ridge.fit(features: features, targets: [1, 2, 3], featureCount: 2, penalty: 0)
        }
        #expect(error == .singular)
    }

    @Test func separableClasses_haveAFiniteOptimum() throws {
        let model = try LinearTrainer().fitClassifier(
            features: [-2, -1, 1, 2], classes: [0, 0, 1, 1], classCount: 2, featureCount: 1)
        #expect(model.coefficients[0] > 0 && model.coefficients[0] < 5)
        #expect(abs(model.intercepts[0]) < 1e-9)
    }

    @Test(arguments: [0.0, -1, .nan, .infinity])
    func aClassifierWithoutAPenalty_isRefused(l2: Double) {
        var settings = LinearTrainer.Settings()
        settings.l2 = l2
        let error = #expect(throws: TrainingError.self) {
            try LinearTrainer(settings).fitClassifier(
                features: [0, 1], classes: [0, 1], classCount: 2, featureCount: 1)
        }
        #expect(error?.code == "setting")
    }

    private struct Wrong: Error {}

    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    private func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
    }
}
