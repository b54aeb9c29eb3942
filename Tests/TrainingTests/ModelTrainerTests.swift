// SPDX-License-Identifier: Apache-2.0
import Inference
import ModelFormat
import Tabular
import Testing

@testable import Training

@Suite struct ModelTrainerTests {
    /// 200 people: an age with gaps, a colour with gaps, a class that depends on both.
    private func table() -> Table {
        var random = RandomSource(seed: 11)
        var ages: [Double] = []
        var colours = Column.CategoryBuilder()
        var answers = Column.CategoryBuilder()
        for row in 0..<200 {
            let age = Double(Int.random(in: 18...80, using: &random))
            let colour = ["red", "green", "blue"][row % 3]
            ages.append(row % 17 == 0 ? .nan : age)
            if row % 23 == 0 { colours.appendMissing() } else { colours.append(colour) }
            answers.append((age > 50) == (colour == "red") ? "yes" : "no")
        }
        return Table(
            names: ["age", "colour", "answer"], columns: [.numeric(ages), colours.build(), answers.build()])
    }

    private func trainer(_ target: String = "answer", task: Training.Task? = nil) throws -> ModelTrainer {
        let table = table()
        let target = try Target(target, in: table, task: task)
        let rule = Split.Rule.random(testFraction: 0.25, validationFraction: 0, seed: 7)
        return try ModelTrainer(table, target: target, split: try Split(rule, table: table, target: target))
    }

    @Test(arguments: [Algorithm.logistic, .gbdt])
    func categoriesAndGaps_areLearnedFrom_andTheSamplesReproduced(algorithm: Algorithm) throws {
        let trained = try trainer().train(algorithm)
        try trained.graph.validate()
        let samples = trained.graph.goldenSamples
        #expect(samples.count == 8)
        #expect(samples.contains { $0.inputs.contains(.missing) })
        #expect(samples.contains { $0.inputs.contains(.category("unseen")) })
        #expect(samples.allSatisfy { $0.tolerance == 0 })
        #expect(try CompiledModel(trained.graph).verify(samples).isEmpty)
        #expect(trained.graph.output.labels == .strings(["no", "yes"]))
        #expect(trained.graph.statistics?.rowCount == 150)
        #expect(trained.graph.statistics?.features[1].categoryCounts.reduce(0, +) ?? 0 > 100)
        if algorithm == .gbdt { #expect(trained.testMetrics[0].value > 0.85) }
    }

    @Test(arguments: [Algorithm.logistic, .gbdt, .linear])
    func theAnswersToTheTestRows_areDescribed(algorithm: Algorithm) throws {
        let trainer = algorithm == .linear ? try Baselines.trainer("diabetes") : try trainer()
        let graph = try trainer.train(algorithm).graph
        let facts = try #require(graph.statistics?.predictions)
        var (answers, labels) = ([Double](), [0, 0])
        try Evaluator(graph, trainer.table).forEachRow(trainer.split.test) { _, predictions, label in
            answers.append(predictions[0])
            if let label { labels[label] += 1 }
        }
        answers.sort()
        let column = try #require(facts.columns.first)
        #expect(facts.rowCount == answers.count && facts.columns.count == 1)
        #expect(column.minimum == answers.first && column.maximum == answers.last)
        #expect(column.quantiles.count == 21 && column.quantiles == column.quantiles.sorted())
        #expect(abs(column.quantiles[10] - Bootstrap.quantile(answers, 0.5)) < 1e-12)
        #expect(facts.labelCounts == (algorithm == .linear ? [] : labels))
    }

    @Test func auto_choosesTheBetterOnFoldsOfTheTrainingRows() throws {
        var losses: [Algorithm: Double] = [:]
        let trained = try trainer().train(nil) { event in
            if case .candidate(let algorithm, let metric) = event { losses[algorithm] = metric.value }
        }
        #expect(losses.count == 2)
        #expect(trained.algorithm == losses.min { $0.value < $1.value }?.key)
    }

    @Test(arguments: [Algorithm.logistic, .gbdt])
    func theSameSeed_givesTheSameModel(algorithm: Algorithm) throws {
        #expect(try trainer().train(algorithm).graph == trainer().train(algorithm).graph)
    }

    @Test func numbers_areRegressedOn_withGapsInTheTargetRefused() throws {
        let error = #expect(throws: TrainingError.self) { try trainer("age") }
        #expect(error?.code == "missing_target")
        let text = #expect(throws: TrainingError.self) { try trainer("answer", task: .regression) }
        #expect(text?.code == "text_target")
    }

    @Test func anAlgorithmForAnotherTask_isRefusedWithTheRightOnes() throws {
        let error = #expect(throws: TrainingError.self) { try trainer().train(.linear) }
        #expect(
            error?.description == "algorithm linear does not do classification; use logistic or gbdt or "
                + "random_forest or extra_trees or mlp")
    }

    @Test(arguments: [
        ([0.0, 1, 1, 0], Training.Task.classification), ([0, 1, 2, 2], .classification),
        ([1, 2, 3, 1], .classification),
        ([0.5, 1.5, 0.5, 1.5], .classification), ([0, 2, 4, 4], .regression),
        ([1.5, 2.5, 3.5, 1], .regression),
        ([10, 11, 12, 13], .regression),
    ])
    func theTask_isSeenInTheTarget(values: [Double], task: Training.Task) throws {
        #expect(try Target("y", in: Table(names: ["y"], columns: [.numeric(values)]), task: nil).task == task)
    }

    @Test func labels_stayWhatTheyWere() throws {
        func labels(_ values: [Double]) throws -> ClassLabels? {
            try Target("y", in: Table(names: ["y"], columns: [.numeric(values)]), task: .classification)
                .labels
        }
        #expect(try labels([3, -1, 3]) == .integers([-1, 3]))
        #expect(try labels([0.5, 1.5]) == .strings(["0.5", "1.5"]))
    }

    @Test func aRandomSplit_keepsTheProportionsOfTheClasses_andEveryRowOnce() throws {
        let values = (0..<1_000).map { $0 % 10 == 0 ? 1.0 : 0 }
        let table = Table(names: ["y"], columns: [.numeric(values)])
        let target = try Target("y", in: table, task: nil)
        func split(_ seed: UInt64) throws -> Split {
            try Split(
                .random(testFraction: 0.2, validationFraction: 0.1, seed: seed), table: table, target: target)
        }
        let first = try split(1)
        #expect((first.train.count, first.validation.count, first.test.count) == (700, 100, 200))
        #expect(first.test.count { values[$0] == 1 } == 20)
        #expect((first.train + first.validation + first.test).sorted() == Array(0..<1_000))
        #expect(try first == split(1))
        #expect(try first != split(2))
    }

    @Test func aSplitColumn_mustSayOneOfTheThreeWords() throws {
        var words = Column.CategoryBuilder()
        for word in ["train", "test", "Train"] { words.append(word) }
        let table = Table(names: ["y", "part"], columns: [.numeric([0, 1, 0]), words.build()])
        let target = try Target("y", in: table, task: nil)
        let error = #expect(throws: TrainingError.self) {
            try Split(.column("part"), table: table, target: target)
        }
        #expect(error == .splitValue(column: "part", value: "Train"))
    }

    @Test func oneClassAndEmptyColumns_areRefusedByName() throws {
        let table = Table(
            names: ["x", "gap", "y"],
            columns: [.numeric([1, 2, 3]), .numeric([.nan, .nan, 1]), .numeric([0, 0, 1])])
        let target = try Target("y", in: table, task: nil)
        let split = Split(train: [0, 1], test: [2])
        let empty = #expect(throws: TrainingError.self) {
            try ModelTrainer(table, target: target, split: split)
        }
        #expect(empty == .emptyFeature(column: "gap"))
        let one = #expect(throws: TrainingError.self) {
            try ModelTrainer(table, target: target, split: split, excluding: ["gap"])
        }
        #expect(one == .oneClass(column: "y", label: "0"))
    }

    @Test func valuesBeyondFloat32_areRefusedForTrees() throws {
        let table = Table(
            names: ["x", "y"], columns: [.numeric([1e300, 2, 3, 4]), .numeric([0.5, 2.5, 1.5, 3.5])])
        let target = try Target("y", in: table, task: .regression)
        let trainer = try ModelTrainer(table, target: target, split: Split(train: [0, 1, 2], test: [3]))
        let error = #expect(throws: TrainingError.self) { try trainer.train(.gbdt) }
        #expect(error == .infiniteFeature(column: "x", value: 1e300))
    }

    @Test func metrics_areScikitLearns() {
        // sklearn.metrics on y = [0, 1, 1, 0], p = [0.1, 0.8, 0.3, 0.3].
        let metrics = Metrics.classification(
            probabilities: [0.9, 0.1, 0.2, 0.8, 0.7, 0.3, 0.7, 0.3], truth: [0, 1, 1, 0], classCount: 2,
            smallest: 1e-15)
        #expect(metrics.prefix(3).map(\.name) == ["accuracy", "log_loss", "roc_auc"])
        #expect(metrics[0].value == 0.75)
        #expect(abs(metrics[1].value - 0.47228795380917615) < 1e-12)
        #expect(metrics[2].value == 0.875)
        let regression = Metrics.regression(predictions: [2.5, 0, 2, 8], truth: [3, -0.5, 2, 7])
        #expect(abs(regression[0].value - 0.6123724356957945) < 1e-12)
        #expect(regression[1].value == 0.5)
        #expect(abs(regression[2].value - 0.9486081370449679) < 1e-12)
    }
}
