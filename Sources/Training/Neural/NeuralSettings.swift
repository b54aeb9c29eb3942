// SPDX-License-Identifier: Apache-2.0

/// How a multilayer perceptron is trained.
package struct NeuralSettings: CheckedSettings, Sendable, Equatable {
    /// Units of the hidden layers, from the inputs on.
    package var hidden = [64]
    package var activation = Activation.relu
    /// Passes over the rows at most; nil: 200, or as many as make `stepsMin` steps.
    package var epochs: Int?
    /// Rows a step; nil: 32, 128 or 256 by the number of rows.
    package var batchRows: Int?
    /// Adam's step, which falls to nothing along half a cosine.
    package var learningRate = 0.001
    /// Pulls weights towards zero, apart from the gradient (AdamW).
    package var weightDecay = 0.0001
    /// The part of hidden units that is left out, by chance, at each step.
    package var dropout = 0.0
    /// Whether the sums of each hidden layer are normalised over the batch; folded into the weights at the
    /// end.
    package var hasBatchNorm = false
    /// Epochs without an improvement on held-out rows after which it ends.
    package var patience = 20

    /// What the sums of hidden layers go through.
    package enum Activation: String, Sendable, CaseIterable {
        case relu, tanh, logistic
    }

    package init() {}

    /// Fewer steps leave small tables half learned.
    private static let stepsMin = 2_200

    func epochs(of rowCount: Int) -> Int {
        let batches = (rowCount + batchRows(of: rowCount) - 1) / batchRows(of: rowCount)
        return epochs ?? max(200, Self.stepsMin / max(batches, 1))
    }

    func batchRows(of rowCount: Int) -> Int {
        min(batchRows ?? (rowCount < 5_000 ? 32 : rowCount < 100_000 ? 128 : 256), max(rowCount, 1))
    }

    package func validate() throws(TrainingError) {
        let sizes = hidden.map(String.init).joined(separator: ",")
        try require(
            hidden.count <= 16 && hidden.allSatisfy { $0 >= 1 && $0 <= 65_536 }, "--hidden", sizes,
            "at most 16 numbers from 1 to 65536")
        if let epochs {
            try require(epochs >= 1 && epochs <= 1_000_000, "--epochs", "\(epochs)", "from 1 to 1000000")
        }
        if let batchRows { try require(batchRows >= 1, "--batch-rows", "\(batchRows)", "1 or more") }
        try requirePart(learningRate, "--learning-rate")
        try requireNotNegative(weightDecay, "--weight-decay")
        try require(dropout >= 0 && dropout < 1, "--dropout", "\(dropout)", "from 0 up to, not including, 1")
        try require(patience >= 1, "--patience", "\(patience)", "1 or more")
    }
}
