// SPDX-License-Identifier: Apache-2.0
import Inference
import ModelFormat
import Tabular

/// A model with how good it is.
package struct TrainedModel: Sendable {
    package var graph: ModelGraph
    package var algorithm: Algorithm
    /// On the training rows and, where there are any, on the test rows.
    package var trainMetrics: [Metric]
    package var testMetrics: [Metric]
    /// What the algorithm came to, by name: rounds, leaves, penalty.
    package var settings: [(name: String, value: String)]
}

/// Trains a model on a table: fits the preprocessing and the algorithm to the training rows, measures on the
/// test rows with the serving kernels, and puts golden samples and statistics beside it.
package struct ModelTrainer {
    package let table: Table
    package let target: Target
    package let split: Split
    /// Columns that are neither target nor split.
    package let features: [String]
    /// Learners with settings of their own; other algorithms are fitted with their defaults.
    package var learners: [any Learner] = []
    /// How much the rows of each class count; nil: all the same.
    package var classWeights: ClassWeights?
    /// How training rows are divided further.
    package var folding: Folding = .chance
    /// The preprocessing before the algorithm's own.
    package var recipe = PreparationRecipe()
    /// How a classifier's probabilities are calibrated; nil: not at all.
    package var calibration: CalibrationMethod?
    /// The interval around a regressor's predictions; nil: none.
    package var interval: IntervalSettings?
    package var seed: UInt64 = 0
    /// A model that the training goes on from; the trainer's features are its.
    package var start: ModelGraph?
    /// For the model that is kept, not for those of folds.
    package var checkpointer: Checkpointer?
    package var threadCount: Int?

    package init(
        _ table: Table, target: Target, split: Split, excluding: Set<String> = []
    ) throws(TrainingError) {
        self.table = table
        self.target = target
        self.split = split
        features = table.names.filter { $0 != target.name && !excluding.contains($0) }
        guard !features.isEmpty else { throw .noFeatures }
        try checkTrainingRows()
    }

    private func checkTrainingRows() throws(TrainingError) {
        for name in features {
            guard let column = table[name] else { continue }
            if split.train.allSatisfy({ column.isMissing(row: $0) }) { throw .emptyFeature(column: name) }
        }
        if target.task == .classification, let first = split.train.first,
            split.train.allSatisfy({ target.values[$0] == target.values[first] })
        {
            throw .oneClass(column: target.name, label: target.label(Int(target.values[first])))
        }
    }

    /// Trains with `algorithm`, or with the one that does best on folds of the training rows when it is nil.
    package func train(
        _ algorithm: Algorithm?, report: (TrainingEvent) -> Void = { _ in }
    ) throws(TrainingError) -> TrainedModel {
        // Before the work, so that what cannot be is no surprise at its end.
        try checkCertainty()
        let chosen: Algorithm
        if let algorithm {
            chosen = algorithm
        } else if start != nil {
            chosen = .gbdt
        } else {
            chosen = try choose(report)
        }
        guard chosen.tasks.contains(target.task) else {
            let instead = Algorithm.all(for: target.task).map(\.name).joined(separator: " or ")
            throw .algorithmForTask(algorithm: chosen.name, task: target.task.rawValue, instead: instead)
        }
        var (graph, settings) =
            if let interval {
                try fitWithInterval(chosen, interval, report)
            } else {
                try fit(chosen, split, report, checkpointer)
            }
        if let calibration { settings += try calibrate(&graph, chosen, calibration) }
        let samples = split.test.isEmpty ? split.train : split.test
        graph.goldenSamples = try GoldenSamples.make(graph, table, rows: samples)
        graph.statistics = ColumnStatistics.describe(table, split.train, graph.schema)
        let evaluator = try evaluator(graph)
        graph.statistics?.predictions = ColumnStatistics.describe(
            evaluator, samples, labelCount: target.classCount)
        if let classWeights { settings.append(("class_weight", classWeights.description)) }
        settings.append(("algorithm", chosen.name))
        return TrainedModel(
            graph: graph, algorithm: chosen, trainMetrics: evaluator.metrics(split.train, target),
            testMetrics: evaluator.metrics(split.test, target), settings: settings)
    }

    private func checkCertainty() throws(TrainingError) {
        if let calibration, target.task != .classification {
            throw .setting(
                name: "--calibrate", value: calibration.rawValue,
                allowed: "left out: only classes have probabilities")
        }
        guard let interval else { return }
        guard interval.level > 0, interval.level < 1 else {
            throw .setting(name: "--interval", value: "\(interval.level)", allowed: "above 0 and below 1")
        }
        guard target.task == .regression else {
            throw .setting(
                name: "--interval", value: "\(interval.level)",
                allowed: "left out: only numbers have intervals; classes have probabilities (--calibrate)")
        }
    }

    func evaluator(_ graph: ModelGraph) throws(TrainingError) -> Evaluator {
        do { return try Evaluator(graph, table) } catch { throw .notReproduced(error.description) }
    }

    /// Rows above which one fold is enough to tell the algorithms apart.
    static let manyRows = 20_000

    /// The algorithm with the least loss on rows of the training part that it was not fitted to.
    private func choose(_ report: (TrainingEvent) -> Void) throws(TrainingError) -> Algorithm {
        let candidates = Algorithm.candidates(for: target.task)
        // Too few rows to divide: the simpler one.
        guard split.train.count >= 20 else { return candidates[0] }
        let used =
            split.train.count > ModelTrainer.manyRows
            ? [try folding.holdOut(split.train, parts: 5, target: target, seed: seed)]
            : try folding.folds(split.train, count: 5, target: target, seed: seed)
        let name = Answers.lossName(target.task)
        var best: (algorithm: Algorithm, loss: Double)?
        for candidate in candidates {
            var sum = 0.0
            for fold in used where !fold.test.isEmpty {
                let (graph, _) = try fit(candidate, fold) { _ in }
                sum += try evaluator(graph).answers(fold.test, target).loss
            }
            let loss = sum / Double(used.count)
            report(.candidate(candidate, metric: Metric(name, loss)))
            if loss < best?.loss ?? .infinity { best = (candidate, loss) }
        }
        return best?.algorithm ?? candidates[0]
    }

    private func fit(
        _ learner: any Learner, _ data: TrainingData, _ report: (TrainingEvent) -> Void,
        _ checkpointer: Checkpointer?
    ) throws(TrainingError) -> FittedModel {
        guard let checkpointer, learner.takesSteps else { return try learner.fit(data, report: report) }
        var data = data
        data.checkpointer = checkpointer
        checkpointer.setActive(true)
        defer { checkpointer.setActive(false) }
        return try learner.fit(data, report: report)
    }

    func fit(
        _ algorithm: Algorithm, _ split: Split, _ report: (TrainingEvent) -> Void,
        _ checkpointer: Checkpointer? = nil
    ) throws(TrainingError) -> (ModelGraph, [(name: String, value: String)]) {
        guard var schema = table.schema(of: features, rows: split.train) else { throw .noFeatures }
        if let start {
            if let obstacle = Evaluator.obstacle(start, table) { throw .cannotContinue(obstacle) }
            schema = start.schema
        }
        let learner = learners.first { $0.algorithm == algorithm } ?? algorithm.learner()
        let prepared = try recipe.fit(table, schema: schema, target: target, split: split, seed: seed)
        var data = TrainingData(
            table: prepared.table, target: target, split: split, schema: prepared.schema, seed: seed,
            threadCount: threadCount)
        data.folding = folding
        if target.weights != nil || classWeights != nil {
            data.classWeights = try classWeights?.values(target, split.train)
            guard data.weights(split.train)?.contains(where: { $0 > 0 }) == true else {
                throw .emptyPart(part: "training", reason: "all its rows have the weight 0")
            }
        }
        if let start {
            guard learner.continuesModels else {
                throw .setting(
                    name: "--continue-from", value: "given",
                    allowed: "left out with \(algorithm.name); only "
                        + "gbdt goes on from a model")
            }
            guard recipe.steps.isEmpty else {
                throw .cannotContinue("preprocessing is fitted anew; leave --preprocess out")
            }
            data.start = start
        }
        let fitted = try fit(learner, data, report, checkpointer)
        let graph = ModelGraph(
            schema: schema, stages: prepared.stages + fitted.stages, estimator: fitted.estimator,
            output: OutputDescription(transform: fitted.transform, labels: target.labels))
        return (graph, fitted.settings)
    }
}
