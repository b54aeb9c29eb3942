// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinearAlgebra
import ModelFormat

/// A layer while it is trained: weights, what it answered to the last batch, and the slopes of the loss.
struct NeuralLayer: Sendable {
    let inputCount: Int
    let outputCount: Int
    /// Nil for the last layer, whose answers are the margins.
    let activation: NeuralSettings.Activation?
    /// Row-major [inputs, outputs].
    var weights: AdamParameters
    var biases: AdamParameters
    var normalization: BatchNormalization?
    /// The answers to the last batch, row-major [rows, outputs], after activation and dropout.
    private(set) var answers: [Float] = []
    /// By answer: 0 for those that were left out, else 1/(1 − dropout); empty without dropout.
    private var mask: [Float] = []

    init(
        inputs: Int, outputs: Int, activation: NeuralSettings.Activation?, hasBatchNorm: Bool,
        random: inout RandomSource
    ) {
        inputCount = inputs
        outputCount = outputs
        self.activation = activation
        // He's width for units that cut half of their sums away, Glorot's for the others.
        let limit =
            activation == .relu
            ? (6 / Float(max(inputs, 1))).squareRoot() : (6 / Float(inputs + outputs)).squareRoot()
        weights = AdamParameters((0..<inputs * outputs).map { _ in random.uniform(below: limit) })
        biases = AdamParameters([Float](repeating: 0, count: outputs))
        normalization = hasBatchNorm && activation != nil ? BatchNormalization(width: outputs) : nil
    }

    /// `input` is row-major [rows, inputs].
    mutating func forward(_ input: [Float], rows: Int, dropout: Double, random: inout RandomSource) {
        answers = sums(input, rows)
        normalization?.forward(&answers, rows: rows)
        activate()
        guard dropout > 0, activation != nil else { return }
        let kept = 1 / Float(1 - dropout)
        if mask.count != answers.count { mask = [Float](repeating: 0, count: answers.count) }
        for index in mask.indices {
            mask[index] = random.unit() < dropout ? 0 : kept
            answers[index] *= mask[index]
        }
    }

    private func sums(_ input: [Float], _ rows: Int) -> [Float] {
        var sums = [Float](repeating: 0, count: rows * outputCount)
        var target = sums.mutableSpan
        multiplyMatrices(
            input.span, weights.values.span, into: &target, rows: rows, inner: inputCount,
            columns: outputCount)
        let terms = biases.values.span
        for row in 0..<rows {
            let first = row &* outputCount
            for unit in 0..<outputCount { target[first &+ unit] += terms[unit] }
        }
        return sums
    }

    private mutating func activate() {
        switch activation {
        case nil: break
        case .relu: for index in answers.indices { answers[index] = max(answers[index], 0) }
        case .tanh: for index in answers.indices { answers[index] = tanhf(answers[index]) }
        case .logistic: for index in answers.indices { answers[index] = 1 / (1 + expf(-answers[index])) }
        }
    }

    /// From the slopes by this layer's answers, which it uses up, to the gradients, and where the layer is
    /// not the first the slopes by its inputs.
    mutating func backward(
        _ slopes: inout [Float], input: [Float], rows: Int, isFirst: Bool, dropout: Double
    ) -> [Float] {
        if dropout > 0, activation != nil {
            for index in slopes.indices { slopes[index] *= mask[index] }
        }
        differentiate(&slopes, dropout)
        normalization?.backward(&slopes, rows: rows)
        accumulateBiases(slopes, rows)
        let transposed = transpose(input, rows: rows, columns: inputCount)
        let (inputs, outputs) = (inputCount, outputCount)
        var gradients = weights.gradients.mutableSpan
        multiplyMatrices(
            transposed.span, slopes.span, into: &gradients, rows: inputs, inner: rows, columns: outputs)
        guard !isFirst else { return [] }
        let turned = transpose(weights.values, rows: inputCount, columns: outputCount)
        var result = [Float](repeating: 0, count: rows * inputCount)
        var target = result.mutableSpan
        multiplyMatrices(
            slopes.span, turned.span, into: &target, rows: rows, inner: outputCount, columns: inputCount)
        return result
    }

    /// By the answers, which tell the activation's slope: with dropout the answers were scaled.
    private func differentiate(_ slopes: inout [Float], _ dropout: Double) {
        let kept = dropout > 0 ? 1 - Float(dropout) : 1
        let values = answers.span
        switch activation {
        case nil: break
        case .relu:
            // Without a branch: which units are on is chance to the processor, and a wrong guess costs more
            // than the rest of the pass.
            var target = slopes.mutableSpan
            for index in target.indices { target[index] = values[index] > 0 ? target[index] : 0 }
        case .tanh:
            for index in slopes.indices {
                let value = values[index] * kept
                slopes[index] *= 1 - value * value
            }
        case .logistic:
            for index in slopes.indices {
                let value = values[index] * kept
                slopes[index] *= value * (1 - value)
            }
        }
    }

    private mutating func accumulateBiases(_ slopes: [Float], _ rows: Int) {
        let values = slopes.span
        let outputCount = outputCount
        var sums = biases.gradients.mutableSpan
        for unit in 0..<outputCount { sums[unit] = 0 }
        for row in 0..<rows {
            let first = row &* outputCount
            for unit in 0..<outputCount { sums[unit] += values[first &+ unit] }
        }
    }

    mutating func step(rate: Float, meanScale: Float, squareScale: Float, shrink: Float) {
        weights.step(rate: rate, meanScale: meanScale, squareScale: squareScale, shrink: shrink)
        biases.step(rate: rate, meanScale: meanScale, squareScale: squareScale, shrink: 1)
        normalization?.scales.step(rate: rate, meanScale: meanScale, squareScale: squareScale, shrink: 1)
        normalization?.shifts.step(rate: rate, meanScale: meanScale, squareScale: squareScale, shrink: 1)
    }

    /// The layer as a model has it: weights [outputs, inputs], what normalises folded into them.
    var finished: MultilayerPerceptron.Layer {
        var turned = transpose(weights.values, rows: inputCount, columns: outputCount)
        var terms = biases.values
        if let normalization {
            for unit in 0..<outputCount {
                let (factor, addend) = normalization.folded(unit)
                for input in 0..<inputCount { turned[unit * inputCount + input] *= factor }
                terms[unit] = terms[unit] * factor + addend
            }
        }
        let kind: MultilayerPerceptron.Activation =
            switch activation {
            case nil: .identity
            case .relu: .relu
            case .tanh: .tanh
            case .logistic: .logistic
            }
        return MultilayerPerceptron.Layer(weights: turned, biases: terms, activation: kind)
    }
}

/// Row-major [rows, columns] to [columns, rows].
func transpose(_ matrix: [Float], rows: Int, columns: Int) -> [Float] {
    // Safe because both matrices have rows * columns numbers, and all are written.
    unsafe [Float](unsafeUninitializedCapacity: rows * columns) { target, count in
        count = rows * columns
        // Safe because both have rows * columns numbers.
        unsafe matrix.withUnsafeBufferPointer { source in
            guard let source = source.baseAddress, let target = target.baseAddress else { return }
            for row in 0..<rows {
                for column in 0..<columns {
                    unsafe target[column &* rows &+ row] = source[row &* columns &+ column]
                }
            }
        }
    }
}
