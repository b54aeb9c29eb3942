// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// All that is found out about a trained model: what the report shows.
package struct Evaluation: Sendable {
    package var task: Task
    package var target: String
    package var labels: [String]
    package var trainRowCount: Int
    package var testRowCount: Int
    package var trainMetrics: [Metric]
    /// On rows that the model was not fitted to; on the training rows when there are no others.
    package var testMetrics: [Metric]
    package var intervals: [Bootstrap.Interval] = []
    package var confusion: ConfusionMatrix?
    /// Of the second class for two; else of each, up to ten.
    package var curves: [ClassCurves] = []
    package var residuals: Residuals?
    package var slices: [Slice] = []
    package var importances: [FeatureImportance] = []
    package var dependences: [PartialDependence] = []
    package var profile: [ColumnProfile] = []
    package var progress: [ProgressPoint] = []
    package var crossValidation: CrossValidation?
    package var comparison: ModelComparison?
    package var verdicts: [PromotionGate.Verdict] = []

    package struct ProgressPoint: Sendable, Equatable {
        package var step: Int
        package var loss: Double
        package var validationLoss: Double?

        package init(step: Int, loss: Double, validationLoss: Double?) {
            self.step = step
            self.loss = loss
            self.validationLoss = validationLoss
        }
    }

    /// How much work an evaluation may be.
    package struct Settings: Sendable {
        package var bootstrapSamples = 200
        /// Bootstrap samples times rows; above it, fewer samples are drawn.
        package var bootstrapRowsMax = 20_000_000
        package var permutationRepeats = 5
        /// Rows that features are shuffled and varied in.
        package var probeRows = 2_000
        /// The features, by importance, whose dependence is shown.
        package var dependenceCount = 6
        package var seed: UInt64 = 0

        package init() {}

        /// The bootstrap that these settings allow for so many rows.
        package func bootstrap(rowCount: Int) -> Bootstrap {
            var bootstrap = Bootstrap(seed: seed)
            bootstrap.sampleCount = min(bootstrapSamples, max(bootstrapRowsMax / max(rowCount, 1), 20))
            return bootstrap
        }
    }
}

extension ModelTrainer {
    /// Measures `trained` from all sides.
    package func evaluate(
        _ trained: TrainedModel, _ settings: Evaluation.Settings
    ) throws(TrainingError) -> Evaluation {
        let evaluator = try evaluator(trained.graph)
        let rows = split.test.isEmpty ? split.train : split.test
        let answers = evaluator.answers(rows, target)
        var evaluation = Evaluation(
            task: target.task, target: target.name, labels: (0..<target.classCount).map(target.label),
            trainRowCount: split.train.count, testRowCount: split.test.count,
            trainMetrics: trained.trainMetrics,
            testMetrics: split.test.isEmpty ? trained.trainMetrics : trained.testMetrics)
        evaluation.intervals = settings.bootstrap(rowCount: rows.count)
            .intervals(rowCount: rows.count) { answers.metrics($0) }
        if target.task == .classification {
            evaluation.confusion = ConfusionMatrix(
                probabilities: answers.values, truth: answers.classes, classCount: target.classCount)
            let shown = target.classCount == 2 ? [1] : Array((0..<target.classCount).prefix(10))
            evaluation.curves = shown.compactMap {
                ClassCurves(answers, class: $0, label: target.label($0))
            }
        } else {
            evaluation.residuals = Residuals(answers)
        }
        evaluation.slices = Slice.slices(table, features, rows, answers)
        let step = max(1, rows.count / settings.probeRows)
        let sample = stride(from: 0, to: rows.count, by: step).prefix(settings.probeRows).map { rows[$0] }
        var probe = ModelProbe(evaluator, table, rows: sample, target: target)
        evaluation.importances = probe.importances(
            repeats: settings.permutationRepeats, seed: settings.seed)
        for importance in evaluation.importances.prefix(settings.dependenceCount) {
            if let dependence = probe.dependence(of: importance.feature) {
                evaluation.dependences.append(dependence)
            }
        }
        evaluation.profile = ([target.name] + features).compactMap {
            ColumnProfile($0, table, train: split.train, test: split.test)
        }
        return evaluation
    }

    /// Fits `algorithm` anew without each of `folds` parts of all rows that are not for the test, and
    /// measures it on that part; by time, to what comes before each part.
    package func crossValidate(
        _ algorithm: Algorithm, folds: Int
    ) throws(TrainingError) -> CrossValidation {
        let rows = (split.train + split.validation).sorted()
        guard folds >= 2, folds <= rows.count else {
            throw .setting(name: "--folds", value: "\(folds)", allowed: "from 2 to the number of rows")
        }
        var results: [[Metric]] = []
        for fold in try folding.folds(rows, count: folds, target: target, seed: seed) {
            let (graph, _) = try fit(algorithm, fold) { _ in }
            results.append(try evaluator(graph).metrics(fold.test, target))
        }
        return CrossValidation(folds: results)
    }
}
