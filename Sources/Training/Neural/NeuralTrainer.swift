// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinearAlgebra
import ModelFormat

/// Trains a multilayer perceptron on one thread: the same rows, settings and seed give the same bits on one
/// kind of CPU.
struct NeuralTrainer: Sendable {
    let settings: NeuralSettings
    let loss: NeuralLoss
    let seed: UInt64
    var checkpointer: Checkpointer?
    /// Passes to end after; the step's size falls as if all were made. Nil: all.
    var passes: Int?
    /// Put beside what is saved.
    var facts: [String: String] = [:]

    /// Rows, row-major, with their targets: values, or indices of classes; how much each counts, nil for all
    /// the same.
    struct Rows: Sendable {
        var features: [Float]
        var targets: [Float]
        var weights: [Float]?
        var width: Int

        var count: Int { targets.count }
        /// What a sum of losses is divided by.
        var weightSum: Double { weights?.reduce(0) { $0 + Double($1) } ?? Double(count) }
    }

    struct Result {
        var layers: [MultilayerPerceptron.Layer]
        /// Passes that the result has learned from.
        var epochs: Int
        var validationLoss: Double?
    }

    /// With `validation` rows it ends when they no longer gain, and keeps the best epoch.
    func fit(
        _ train: Rows, validation: Rows?,
        progress: (_ epoch: Int, _ loss: Double, _ validationLoss: Double?) -> Void
    ) throws(TrainingError) -> Result {
        var random = RandomSource(seed: seed)
        let layers = makeLayers(train.width, &random)
        var state = NeuralState(layers: layers, random: random, order: Array(0..<train.count))
        if let archive = try checkpointer?.state(of: .mlp) {
            state = try NeuralState(archive, layers: layers, rowCount: train.count)
        }
        let batchRows = settings.batchRows(of: train.count)
        let batches = (train.count + batchRows - 1) / batchRows
        let epochs = settings.epochs(of: train.count)
        let last = min(passes ?? epochs, epochs)
        let total = Double(epochs * batches)
        let weightSum = train.weightSum
        for epoch in stride(from: state.epoch + 1, through: last, by: 1) {
            state.random.shuffle(&state.order)
            var sum = 0.0
            for batch in 0..<batches {
                let rows = state.order[batch * batchRows..<min((batch + 1) * batchRows, train.count)]
                sum += learn(&state.layers, train, rows, &state.random)
                state.step += 1
                let step = state.step
                let rate = settings.learningRate * (1 + cos(.pi * Double(step - 1) / total)) / 2
                let meanScale = Float(1 / (1 - pow(0.9, Double(step))))
                let squareScale = Float(1 / (1 - pow(0.999, Double(step))))
                for layer in state.layers.indices {
                    state.layers[layer].step(
                        rate: Float(rate), meanScale: meanScale, squareScale: squareScale,
                        shrink: Float(1 - rate * settings.weightDecay))
                }
            }
            state.epoch = epoch
            if let validation {
                let finished = state.layers.map(\.finished)
                let value = meanLoss(finished, validation)
                progress(epoch, sum / weightSum, value)
                if value < state.best?.loss ?? .infinity {
                    state.best = NeuralState.Best(layers: finished, epoch: epoch, loss: value)
                }
                if epoch - (state.best?.epoch ?? 0) >= settings.patience { break }
            } else {
                progress(epoch, sum / weightSum, nil)
            }
            if epoch < last {
                try checkpointer?.pass(epoch, of: .mlp) {
                    var archive = state.archive
                    archive.facts.merge(facts) { $1 }
                    return archive
                }
            }
        }
        if let best = state.best {
            return Result(layers: best.layers, epochs: best.epoch, validationLoss: best.loss)
        }
        return Result(layers: state.layers.map(\.finished), epochs: last, validationLoss: nil)
    }

    private func makeLayers(_ width: Int, _ random: inout RandomSource) -> [NeuralLayer] {
        let sizes = [width] + settings.hidden + [loss.outputCount]
        return (1..<sizes.count).map { index in
            NeuralLayer(
                inputs: sizes[index - 1], outputs: sizes[index],
                activation: index == sizes.count - 1 ? nil : settings.activation,
                hasBatchNorm: settings.hasBatchNorm, random: &random)
        }
    }

    /// The gradients of a batch; returns the sum of its losses before the step.
    private func learn(
        _ layers: inout [NeuralLayer], _ train: Rows, _ rows: ArraySlice<Int>, _ random: inout RandomSource
    ) -> Double {
        let count = rows.count
        let input = gather(train, rows)
        let targets = rows.map { train.targets[$0] }
        for layer in layers.indices {
            layers[layer].forward(
                layer == 0 ? input : layers[layer - 1].answers, rows: count, dropout: settings.dropout,
                random: &random)
        }
        var slopes = layers[layers.count - 1].answers
        let weights = train.weights.map { weights in rows.map { weights[$0] } }
        let loss = loss.evaluate(&slopes, targets[...], weights: weights.map { $0[...] })
        for layer in layers.indices.reversed() {
            slopes = layers[layer].backward(
                &slopes, input: layer == 0 ? input : layers[layer - 1].answers, rows: count,
                isFirst: layer == 0, dropout: settings.dropout)
        }
        return loss
    }

    private func gather(_ train: Rows, _ rows: ArraySlice<Int>) -> [Float] {
        let width = train.width
        // Safe because each row has `width` numbers, and all are written.
        return unsafe [Float](unsafeUninitializedCapacity: rows.count * width) { target, count in
            count = rows.count * width
            // Safe because each row of the matrix has `width` numbers, and the target room for all.
            unsafe train.features.withUnsafeBufferPointer { source in
                guard let source = source.baseAddress, let target = target.baseAddress else { return }
                for (place, row) in rows.enumerated() {
                    unsafe (target + place * width).update(from: source + row * width, count: width)
                }
            }
        }
    }

    /// The mean loss of the finished layers on rows, in blocks.
    private func meanLoss(_ layers: [MultilayerPerceptron.Layer], _ rows: Rows) -> Double {
        let matrices = layers.map { layer in
            WeightMatrix(
                layer.weights, inputCount: layer.inputCount, outputCount: layer.outputCount,
                bias: layer.biases)
        }
        var sum = 0.0
        var first = 0
        while first < rows.count {
            let count = min(512, rows.count - first)
            var values = Array(rows.features[first * rows.width..<(first + count) * rows.width])
            for (layer, matrix) in zip(layers, matrices) {
                let padded = matrix.paddedRows(count)
                values += [Float](repeating: 0, count: padded * layer.inputCount - values.count)
                var answers = [Float](repeating: 0, count: padded * layer.outputCount)
                var target = answers.mutableSpan
                matrix.multiply(values.span, rowCount: padded, into: &target)
                switch layer.activation {
                case .identity: break
                case .relu: for index in answers.indices { answers[index] = max(answers[index], 0) }
                case .tanh: for index in answers.indices { answers[index] = tanhf(answers[index]) }
                case .logistic:
                    for index in answers.indices { answers[index] = 1 / (1 + expf(-answers[index])) }
                }
                values = answers
            }
            values.removeLast(values.count - count * loss.outputCount)
            sum += loss.evaluate(
                &values, rows.targets[first..<first + count],
                weights: rows.weights.map { $0[first..<first + count] })
            first += count
        }
        return sum / max(rows.weightSum, .leastNormalMagnitude)
    }
}
