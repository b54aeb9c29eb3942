// SPDX-License-Identifier: Apache-2.0
import ModelFormat

/// A new model beside the one that is live, both measured on the same rows.
package struct ModelComparison: Sendable, Equatable {
    /// What the live one is called, for instance `churn/3`.
    package var live: String
    /// Of the live model; empty when it cannot answer these rows.
    package var metrics: [Metric]
    /// Why it cannot.
    package var obstacle: String?
    /// The interval of new minus live, over bootstrap samples of the rows.
    package var differences: [Bootstrap.Interval]

    package init(
        live: String, metrics: [Metric] = [], obstacle: String? = nil,
        differences: [Bootstrap.Interval] = []
    ) {
        self.live = live
        self.metrics = metrics
        self.obstacle = obstacle
        self.differences = differences
    }

    /// Both models' answers to the same rows.
    package init(live: String, liveAnswers: Answers, newAnswers: Answers, bootstrap: Bootstrap) {
        self.live = live
        metrics = liveAnswers.metrics()
        differences = bootstrap.intervals(rowCount: newAnswers.rowCount) { weights in
            let before = liveAnswers.metrics(weights)
            return newAnswers.metrics(weights).compactMap { metric in
                before.first { $0.name == metric.name }
                    .map { Metric(metric.name, metric.value - $0.value) }
            }
        }
    }
}

extension ModelTrainer {
    /// Measures `live` and `new` on the same rows: the test rows, or the training rows without any.
    package func compare(
        _ new: ModelGraph, withLive live: ModelGraph, named name: String, _ settings: Evaluation.Settings
    ) throws(TrainingError) -> ModelComparison {
        if let obstacle = Evaluator.obstacle(live, table) {
            return ModelComparison(live: name, obstacle: obstacle)
        }
        guard live.output.labels == target.labels, !live.output.predictsLabels else {
            return ModelComparison(live: name, obstacle: "its answers are not of the same classes")
        }
        let rows = split.test.isEmpty ? split.train : split.test
        let before = try evaluator(live).answers(rows, target)
        guard before.values.count == rows.count * before.width else {
            return ModelComparison(live: name, obstacle: "its answers have another shape")
        }
        return ModelComparison(
            live: name, liveAnswers: before, newAnswers: try evaluator(new).answers(rows, target),
            bootstrap: settings.bootstrap(rowCount: rows.count))
    }
}
