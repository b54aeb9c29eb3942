// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// The settings of multilayer perceptrons.
struct NeuralOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "mlp: units of the hidden layers, separated by commas. (default: 64)", valueName: "counts"))
    var hidden: UnitCounts = UnitCounts(counts: NeuralSettings().hidden)

    @Option(help: ArgumentHelp("mlp: what hidden units do.", valueName: "relu|tanh|logistic"))
    var activation = NeuralSettings().activation

    @Option(
        help: ArgumentHelp(
            "mlp: passes over the rows at most. (default: 200, or as many as make 2200 steps)",
            valueName: "count"))
    var epochs: Int?

    @Option(
        help: ArgumentHelp("mlp: rows a step. (default: 32 to 256, by the rows)", valueName: "count"))
    var batchRows: Int?

    @Option(help: ArgumentHelp("mlp: pulls weights towards zero.", valueName: "number"))
    var weightDecay = NeuralSettings().weightDecay

    @Option(help: ArgumentHelp("mlp: the part of units left out at each step.", valueName: "part"))
    var dropout = NeuralSettings().dropout

    @Flag(help: "mlp: normalise the sums of each hidden layer over the batch.")
    var batchNorm = false

    func learner(_ shared: SharedOptions) -> any Learner {
        var settings = NeuralSettings()
        settings.hidden = hidden.counts
        settings.activation = activation
        settings.epochs = epochs
        settings.batchRows = batchRows
        settings.learningRate = shared.learningRate ?? settings.learningRate
        settings.weightDecay = weightDecay
        settings.dropout = dropout
        settings.hasBatchNorm = batchNorm
        settings.patience = shared.patience
        return NeuralLearner(settings)
    }
}

extension NeuralSettings.Activation: ExpressibleByArgument {}

/// "128,64".
struct UnitCounts: ExpressibleByArgument {
    var counts: [Int]

    init(counts: [Int]) { self.counts = counts }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard !parts.contains(nil) else { return nil }
        counts = parts.compactMap { $0 }
    }

    var defaultValueDescription: String { counts.map(String.init).joined(separator: ",") }
}
