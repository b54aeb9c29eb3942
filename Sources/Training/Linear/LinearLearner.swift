// SPDX-License-Identifier: Apache-2.0
import ModelFormat

extension Algorithm {
    package static let logistic: Algorithm = Algorithm(
        name: "logistic", tasks: [.classification], summary: "logistic and softmax regression",
        isCandidate: true
    ) { LinearLearner(.logistic) }

    package static let linear: Algorithm = Algorithm(
        name: "linear", tasks: [.regression], summary: "ridge regression", isCandidate: true
    ) { LinearLearner(.linear) }
}

/// Logistic, softmax and ridge regression.
package struct LinearLearner: Learner {
    package let algorithm: Algorithm
    package var settings: LinearTrainer.Settings
    /// `algorithm` is `logistic` or `linear`.
    package init(_ algorithm: Algorithm, _ settings: LinearTrainer.Settings = .init()) {
        self.algorithm = algorithm
        self.settings = settings
    }

    package func fit(
        _ data: TrainingData, report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> FittedModel {
        let preparation = try data.preparation(.scaled)
        let matrix = try data.scaledRows(data.split.train, preparation)
        let targets = data.targets(data.split.train)
        let weights = data.weights(data.split.train)
        let trainer = LinearTrainer(settings, threadCount: data.threads)
        let model: LinearModel
        let transform: OutputTransform
        if data.target.task == .regression {
            model = try trainer.fitRegressor(
                features: matrix, targets: targets, weights: weights, featureCount: preparation.width)
            transform = .identity
        } else {
            model = try trainer.fitClassifier(
                features: matrix, classes: targets.map { Int($0) }, weights: weights,
                classCount: data.target.classCount, featureCount: preparation.width
            ) { iteration, loss in
                report(
                    .progress(
                        algorithm, step: iteration, total: settings.iterationsMax, loss: loss,
                        validationLoss: nil))
            }
            transform = data.target.classCount == 2 ? .logistic : .softmax
        }
        return FittedModel(
            stages: preparation.stages, estimator: .linear(model), transform: transform,
            settings: [("l2", settings.l2.description)])
    }
}
