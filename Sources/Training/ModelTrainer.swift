// SPDX-License-Identifier: Apache-2.0
import Inference
import ModelFormat
import Preprocess
import Tabular

/// What happens while a model is trained, for whoever shows it.
package enum TrainingEvent: Sendable, Equatable {
    /// An algorithm was tried on folds of the training rows: its mean log loss or root mean squared error.
    case candidate(Algorithm, metric: Metric)
    /// Done so far, of at most `total`; `validationLoss` with validation rows only.
    case progress(Algorithm, step: Int, total: Int, loss: Double, validationLoss: Double?)
}

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
    package var linear = LinearTrainer.Settings()
    package var boosting = BoostingSettings()
    package var seed: UInt64 = 0
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
        let chosen: Algorithm
        if let algorithm { chosen = algorithm } else { chosen = try choose(report) }
        guard Algorithm.candidates(for: target.task).contains(chosen) else {
            let instead = Algorithm.candidates(for: target.task).map(\.rawValue).joined(separator: " or ")
            throw .algorithmForTask(
                algorithm: chosen.rawValue, task: target.task.rawValue, instead: instead)
        }
        var (graph, settings) = try fit(chosen, split, report)
        let samples = split.test.isEmpty ? split.train : split.test
        graph.goldenSamples = try GoldenSamples.make(graph, table, rows: samples)
        graph.statistics = ColumnStatistics.describe(table, split.train, graph.schema)
        let evaluator = try evaluator(graph)
        settings.append(("algorithm", chosen.rawValue))
        return TrainedModel(
            graph: graph, algorithm: chosen, trainMetrics: evaluator.metrics(split.train, target),
            testMetrics: evaluator.metrics(split.test, target), settings: settings)
    }

    private func evaluator(_ graph: ModelGraph) throws(TrainingError) -> Evaluator {
        do { return try Evaluator(graph, table) } catch { throw .notReproduced(error.description) }
    }

    /// Rows above which one fold is enough to tell the algorithms apart.
    private static let manyRows = 20_000

    /// The algorithm with the least loss on rows of the training part that it was not fitted to.
    private func choose(_ report: (TrainingEvent) -> Void) throws(TrainingError) -> Algorithm {
        let candidates = Algorithm.candidates(for: target.task)
        // Too few rows to divide: the simpler one.
        guard split.train.count >= 20 else { return candidates[0] }
        let folds = Split.folds(split.train, count: 5, target: target, seed: seed)
        let used = split.train.count > ModelTrainer.manyRows ? Array(folds.prefix(1)) : folds
        let name = target.task == .classification ? "log_loss" : "rmse"
        var best: (algorithm: Algorithm, loss: Double)?
        for candidate in candidates {
            var sum = 0.0
            for fold in used where !fold.test.isEmpty {
                let (graph, _) = try fit(candidate, fold) { _ in }
                let metrics = try evaluator(graph).metrics(fold.test, target)
                sum += metrics.first { $0.name == name }?.value ?? 0
            }
            let loss = sum / Double(used.count)
            report(.candidate(candidate, metric: Metric(name, loss)))
            if loss < best?.loss ?? .infinity { best = (candidate, loss) }
        }
        return best?.algorithm ?? candidates[0]
    }

    private func fit(
        _ algorithm: Algorithm, _ split: Split, _ report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> (ModelGraph, [(name: String, value: String)]) {
        guard let schema = table.schema(of: features, rows: split.train) else { throw .noFeatures }
        switch algorithm {
        case .logistic, .linear: return try fitLinear(algorithm, split, schema, report)
        case .gbdt: return try fitTrees(split, schema, report)
        }
    }

    private func plan(
        _ stages: [PreprocessingStage], _ schema: FeatureSchema
    ) throws(TrainingError) -> PreprocessingPlan {
        do {
            return try PreprocessingPlan(stages, inputWidth: schema.count)
        } catch {
            throw .notReproduced(error.description)
        }
    }

    private func output(_ transform: OutputTransform) -> OutputDescription {
        OutputDescription(transform: transform, labels: target.labels)
    }

    private func fitLinear(
        _ algorithm: Algorithm, _ split: Split, _ schema: FeatureSchema, _ report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> (ModelGraph, [(name: String, value: String)]) {
        let stages = FittedStages.forLinear(table, split.train, schema)
        let plan = try plan(stages, schema)
        let matrix = FeatureMatrix.rowMajor(table, split.train, schema, plan)
        let trainer = LinearTrainer(linear)
        let model: LinearModel
        let transform: OutputTransform
        if target.task == .regression {
            model = try trainer.fitRegressor(
                features: matrix, targets: split.train.map { target.values[$0] },
                featureCount: plan.outputWidth)
            transform = .identity
        } else {
            model = try trainer.fitClassifier(
                features: matrix, classes: split.train.map { Int(target.values[$0]) },
                classCount: target.classCount, featureCount: plan.outputWidth
            ) { iteration, loss in
                report(
                    .progress(
                        algorithm, step: iteration, total: linear.iterationsMax, loss: loss,
                        validationLoss: nil))
            }
            transform = target.classCount == 2 ? .logistic : .softmax
        }
        let graph = ModelGraph(
            schema: schema, stages: stages, estimator: .linear(model), output: output(transform))
        return (graph, [("l2", linear.l2.description)])
    }

    private func fitTrees(
        _ split: Split, _ schema: FeatureSchema, _ report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> (ModelGraph, [(name: String, value: String)]) {
        let stages = FittedStages.forTrees(schema)
        let plan = try plan(stages, schema)
        let trainer = BoostingTrainer(boosting, threadCount: threadCount)
        let loss: BoostingLoss =
            switch (target.task, target.classCount) {
            case (.regression, _): .squaredError
            case (.classification, 2): .logistic
            case (.classification, let count): .softmax(classCount: count)
            }
        let rows = try boostingRows(split.train, schema, plan)
        let validation = split.validation.isEmpty ? nil : try boostingRows(split.validation, schema, plan)
        let result = try trainer.fit(
            rows, featureCount: plan.outputWidth, loss: loss, validation: validation
        ) { round, loss, validationLoss in
            report(
                .progress(
                    .gbdt, step: round, total: boosting.rounds, loss: loss, validationLoss: validationLoss))
        }
        let transform: OutputTransform =
            switch loss {
            case .squaredError: .identity
            case .logistic: .logistic
            case .softmax: .softmax
            }
        let graph = ModelGraph(
            schema: schema, stages: stages, estimator: .treeEnsemble(result.ensemble),
            output: output(transform))
        return (graph, settings(result))
    }

    private func settings(_ result: BoostingTrainer.Result) -> [(name: String, value: String)] {
        [
            ("rounds", "\(result.rounds)"), ("learning_rate", boosting.learningRate.description),
            ("max_leaves", "\(boosting.leavesMax)"), ("max_depth", "\(boosting.depthMax)"),
            ("l2", boosting.l2.description), ("min_child_weight", boosting.childWeightMin.description),
            ("min_leaf_rows", "\(boosting.leafRowsMin)"), ("max_bins", "\(boosting.binsMax)"),
        ]
    }

    private func boostingRows(
        _ rows: [Int], _ schema: FeatureSchema, _ plan: PreprocessingPlan
    ) throws(TrainingError) -> BoostingTrainer.Rows {
        let columns = FeatureMatrix.columnMajor(table, rows, schema, plan)
        for (index, value) in columns.enumerated() where value.isInfinite {
            let (column, row) = (index / rows.count, rows[index % rows.count])
            guard case .numeric(let values) = table[features[column]] else { continue }
            throw .infiniteFeature(column: features[column], value: values[row])
        }
        let targets = rows.map { target.values[$0] }
        if targets.contains(where: { !Float($0).isFinite }) { throw .targetBeyondFloat(column: target.name) }
        return BoostingTrainer.Rows(columns: columns, targets: targets)
    }
}
