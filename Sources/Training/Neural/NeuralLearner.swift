// SPDX-License-Identifier: Apache-2.0
import ModelFormat

extension Algorithm {
    package static let mlp: Algorithm = Algorithm(
        name: "mlp", tasks: [.classification, .regression], summary: "neural network of full layers",
        isCandidate: false
    ) { NeuralLearner() }
}

/// Multilayer perceptrons.
package struct NeuralLearner: Learner {
    package var settings: NeuralSettings

    /// Without validation rows, a tenth of so many training rows or more says when to end.
    private static let heldOutRowsMin = 500
    /// Of fewer training rows that tenth is worth learning from: all of them are then learned from anew,
    /// for as many epochs.
    private static let heldOutRowsMax = 20_000
    /// The fact of a checkpoint that this has begun: how many epochs.
    private static let passesFact = "all_rows_epochs"

    package init(_ settings: NeuralSettings = NeuralSettings()) { self.settings = settings }

    package var algorithm: Algorithm { .mlp }
    package var takesSteps: Bool { true }

    package func fit(
        _ data: TrainingData, report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> FittedModel {
        try settings.validate()
        let preparation = try data.preparation(.scaled)
        let (train, validation) = try divide(data)
        let loss = NeuralLoss(for: data.target)
        // Of the rows learned from, so that the layers start at the right size.
        let scale =
            loss == .squaredError
            ? TargetScale(data.targets(train), weights: data.weights(train)) : TargetScale()
        let source = RowSource(data: data, preparation: preparation, scale: scale)
        let result = try learn(source, loss, train, validation, report)
        var layers = result.layers
        scale.unfold(&layers[layers.count - 1])
        guard layers.allSatisfy({ $0.weights.allSatisfy(\.isFinite) && $0.biases.allSatisfy(\.isFinite) })
        else { throw .diverged(algorithm: "mlp", advice: "use a smaller --learning-rate") }
        return FittedModel(
            stages: preparation.stages,
            estimator: .multilayerPerceptron(MultilayerPerceptron(layers: layers)),
            transform: loss.transform, settings: described(result, train.count))
    }

    /// Learns from `train` until `validation` says when to end; where these rows were held out for that, and
    /// all are few, then anew from all, for as many epochs.
    private func learn(
        _ source: RowSource, _ loss: NeuralLoss, _ train: [Int], _ validation: [Int],
        _ report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> NeuralTrainer.Result {
        let data = source.data
        let total = settings.epochs(of: train.count)
        var trainer = NeuralTrainer(
            settings: settings, loss: loss, seed: data.seed, checkpointer: data.checkpointer)
        trainer.passes = data.checkpointer?.resumed?.facts[Self.passesFact].flatMap { Int($0) }
        if trainer.passes == nil {
            let first = try trainer.fit(
                try source.rows(train), validation: validation.isEmpty ? nil : try source.rows(validation)
            ) { epoch, loss, validationLoss in
                report(
                    .progress(
                        .mlp, step: epoch, total: total, loss: loss, validationLoss: validationLoss))
            }
            let isHeldOut = train.count < data.split.train.count
            guard isHeldOut && data.split.train.count < Self.heldOutRowsMax else { return first }
            trainer.passes = first.epochs
            trainer.checkpointer?.resumed = nil
        }
        if let passes = trainer.passes { trainer.facts[Self.passesFact] = "\(passes)" }
        return try trainer.fit(try source.rows(data.split.train), validation: nil) { _, _, _ in }
    }

    /// The rows to learn from, and those that say when to end.
    private func divide(
        _ data: TrainingData
    ) throws(TrainingError) -> (train: [Int], validation: [Int]) {
        let rows = data.split.train
        guard data.split.validation.isEmpty, rows.count >= NeuralLearner.heldOutRowsMin else {
            return (rows, data.split.validation)
        }
        let fold = try data.folding.holdOut(rows, parts: 10, target: data.target, seed: data.seed)
        return (fold.train, fold.test)
    }

    private func described(_ result: NeuralTrainer.Result, _ rowCount: Int) -> [(
        name: String, value: String
    )] {
        [
            ("hidden", settings.hidden.map(String.init).joined(separator: ",")),
            ("activation", settings.activation.rawValue), ("epochs", "\(result.epochs)"),
            ("batch_rows", "\(settings.batchRows(of: rowCount))"),
            ("learning_rate", settings.learningRate.description),
            ("weight_decay", settings.weightDecay.description), ("dropout", settings.dropout.description),
            ("batch_norm", "\(settings.hasBatchNorm)"),
        ]
    }
}

/// Where the network's rows come from.
private struct RowSource {
    let data: TrainingData
    let preparation: TrainingData.Preparation
    let scale: TargetScale

    func rows(_ rows: [Int]) throws(TrainingError) -> NeuralTrainer.Rows {
        let matrix = try data.scaledRows(rows, preparation)
        return NeuralTrainer.Rows(
            features: matrix.map { Float($0) },
            targets: try data.floatTargets(rows).map { Float(($0 - scale.mean) / scale.deviation) },
            weights: data.weights(rows).map { $0.map { Float($0) } }, width: preparation.width)
    }
}

/// Numbers to be predicted are learned with mean 0 and deviation 1; the last layer gives them their size
/// back.
private struct TargetScale {
    var mean = 0.0
    var deviation = 1.0

    init() {}

    init(_ targets: [Double], weights: [Double]?) {
        let (mean, variance) = FittedStages.moments(targets, weights: weights)
        self.mean = mean
        if variance > 0 { deviation = variance.squareRoot() }
    }

    func unfold(_ layer: inout MultilayerPerceptron.Layer) {
        for index in layer.weights.indices {
            layer.weights[index] = Float(Double(layer.weights[index]) * deviation)
        }
        for index in layer.biases.indices {
            layer.biases[index] = Float(Double(layer.biases[index]) * deviation + mean)
        }
    }
}
