// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

@testable import Training

@Suite struct WeightTests {
    /// Rows with whole weights, and the same rows each as often as its weight says. The first `trainCount`
    /// rows are learned from, the others measured.
    private func tables(task: Task, classes: Int = 2) -> (
        weighted: Table, repeated: Table, split: Split, Split
    ) {
        var random = RandomSource(seed: 11)
        var weighted = [[Double]](repeating: [], count: 4)
        var repeated = weighted
        var (own, other) = (Split(train: [], test: []), Split(train: [], test: []))
        for row in 0..<240 {
            let (a, b) = (random.unit(), random.unit())
            let score = 2 * a - b + random.unit() - 0.5
            let y = task == .regression ? abs(score) : Double(min(Int(abs(score) * 1.5), classes - 1))
            let weight = row % 4
            let numbers = [a, b, y, Double(weight)]
            for column in 0..<4 { weighted[column].append(numbers[column]) }
            let isTest = row >= 180
            if isTest { own.test.append(row) } else { own.train.append(row) }
            for _ in 0..<weight {
                if isTest {
                    other.test.append(repeated[0].count)
                } else {
                    other.train.append(repeated[0].count)
                }
                for column in 0..<4 { repeated[column].append(column == 3 ? 1 : numbers[column]) }
            }
        }
        func table(_ columns: [[Double]]) -> Table {
            Table(names: ["a", "b", "y", "w"], columns: columns.map { .numeric($0) })
        }
        return (table(weighted), table(repeated), own, other)
    }

    private func trainer(_ table: Table, _ task: Task, _ split: Split) throws -> ModelTrainer {
        var target = try Target("y", in: table, task: task)
        try target.weigh(by: "w", in: table)
        return try ModelTrainer(table, target: target, split: split, excluding: ["w"])
    }

    /// Columns are centred and scaled by all rows alike, so only what is not penalised is the same.
    @Test(arguments: [
        (Algorithm.linear, Task.regression, 2), (.poisson, .regression, 2), (.logistic, .classification, 2),
        (.logistic, .classification, 3),
    ])
    func aRowOfWeightThree_isThreeRows(algorithm: Algorithm, task: Task, classes: Int) throws {
        let (weighted, repeated, own, other) = tables(task: task, classes: classes)
        var settings = LinearTrainer.Settings()
        settings.l2 = 1e-9
        var generalized = GeneralizedLinearLearner.Settings()
        generalized.l2 = 1e-9
        let learners: [any Learner] = [
            LinearLearner(.linear, settings), LinearLearner(.logistic, settings),
            GeneralizedLinearLearner(.poisson, generalized),
        ]
        var first = try trainer(weighted, task, own)
        var second = try trainer(repeated, task, other)
        (first.learners, second.learners) = (learners, learners)
        let (a, b) = (try first.train(algorithm), try second.train(algorithm))
        #expect(a.trainMetrics.map(\.name) == b.trainMetrics.map(\.name))
        for (metric, expected) in zip(a.trainMetrics + a.testMetrics, b.trainMetrics + b.testMetrics) {
            #expect(abs(metric.value - expected.value) < 1e-6 * max(1, abs(expected.value)), "\(metric.name)")
        }
    }

    @Test(arguments: [Algorithm.gbdt, .randomForest, .extraTrees, .logistic, .mlp])
    func rowsOfWeightZero_teachNothing(algorithm: Algorithm) throws {
        var random = RandomSource(seed: 5)
        var (xs, ys, weights) = ([Double](), [Double](), [Double]())
        for row in 0..<900 {
            let x = random.unit()
            let isWrong = row % 3 > 0
            xs.append(x)
            ys.append((x > 0.5) == isWrong ? 0 : 1)
            weights.append(isWrong ? 0 : 2)
        }
        let table = Table(names: ["x", "y", "w"], columns: [.numeric(xs), .numeric(ys), .numeric(weights)])
        var target = try Target("y", in: table, task: nil)
        try target.weigh(by: "w", in: table)
        let rule = Split.Rule.random(testFraction: 0.25, validationFraction: 0, seed: 7)
        let trained = try ModelTrainer(
            table, target: target, split: try Split(rule, table: table, target: target), excluding: ["w"]
        ).train(algorithm)
        // The test rows of weight 0 do not count either.
        #expect(try #require(trained.testMetrics.first { $0.name == "accuracy" }).value > 0.95)
    }

    @Test(arguments: [Algorithm.gbdt, .logistic])
    func balancedClasses_findMoreOfTheRareOne(algorithm: Algorithm) throws {
        var random = RandomSource(seed: 8)
        var (xs, ys) = ([Double](), [Double]())
        for _ in 0..<3_000 {
            let isRare = random.unit() < 0.05
            xs.append(random.unit() + random.unit() + (isRare ? 0.7 : 0))
            ys.append(isRare ? 1 : 0)
        }
        let table = Table(names: ["x", "y"], columns: [.numeric(xs), .numeric(ys)])
        let target = try Target("y", in: table, task: nil)
        let rule = Split.Rule.random(testFraction: 0.5, validationFraction: 0, seed: 7)
        var trainer = try ModelTrainer(
            table, target: target, split: try Split(rule, table: table, target: target))
        var settings = BoostingSettings()
        settings.rounds = 15
        trainer.learners = [BoostingLearner(settings)]
        func recall() throws -> Double {
            try #require(try trainer.train(algorithm).testMetrics.first { $0.name == "recall" }).value
        }
        let before = try recall()
        trainer.classWeights = .balanced
        let balanced = try recall()
        #expect(before < 0.3 && balanced > 0.5, "\(before), \(balanced)")
        trainer.classWeights = .given(["1": 19])
        #expect(abs(try recall() - balanced) < 0.15)
        trainer.classWeights = .given(["2": 19])
        let error = #expect(throws: TrainingError.self) { try trainer.train(algorithm) }
        #expect(error?.description.contains("0, 1") == true)
    }

    @Test func balancedWeights_areRowsOverClassesTimesCount() throws {
        let table = Table(names: ["y"], columns: [.numeric([0, 0, 0, 1])])
        let target = try Target("y", in: table, task: nil)
        #expect(try ClassWeights.balanced.values(target, [0, 1, 2, 3]) == [2.0 / 3, 2])
        #expect(try ClassWeights.balanced.values(target, [0, 1]) == [0.5, 1])
    }

    @Test(arguments: [-1.0, .nan, .infinity])
    func whatIsNoWeight_isNamedWithItsRow(weight: Double) throws {
        let table = Table(names: ["y", "w"], columns: [.numeric([0, 1]), .numeric([1, weight])])
        var target = try Target("y", in: table, task: nil)
        let error = #expect(throws: TrainingError.self) { try target.weigh(by: "w", in: table) }
        #expect(error?.description.contains("data row 1") == true)
        #expect(throws: TrainingError.self) { try target.weigh(by: "v", in: table) }
    }
}
