// SPDX-License-Identifier: Apache-2.0
import ModelFormat

/// An algorithm with its settings: fits an estimator, and the preprocessing that it wants, to training rows.
package protocol Learner: Sendable {
    var algorithm: Algorithm { get }
    /// Whether it stops and goes on by `TrainingData.checkpointer`.
    var takesSteps: Bool { get }
    /// Whether it goes on from `TrainingData.start`.
    var continuesModels: Bool { get }

    /// Fits to `data.split.train`; `data.split.validation` may end it early, the test rows are not looked at.
    /// Rows count by `data.weights`. The same data and settings give the same model, whatever
    /// `data.threadCount` is.
    func fit(
        _ data: TrainingData, report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> FittedModel
}

extension Learner {
    package var takesSteps: Bool { false }
    package var continuesModels: Bool { false }
}

/// What a learner came to: the parts of a model that depend on the algorithm.
package struct FittedModel: Sendable {
    package var stages: [PreprocessingStage]
    package var estimator: Estimator
    package var transform: OutputTransform
    /// What was used and found, by name: rounds, leaves, penalty. Written into the model's lineage.
    package var settings: [(name: String, value: String)]

    package init(
        stages: [PreprocessingStage], estimator: Estimator, transform: OutputTransform,
        settings: [(name: String, value: String)]
    ) {
        self.stages = stages
        self.estimator = estimator
        self.transform = transform
        self.settings = settings
    }
}
