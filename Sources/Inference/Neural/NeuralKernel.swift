// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import LinearAlgebra
internal import ModelFormat

/// A multilayer perceptron over blocks of rows; activations stay in two memories that swap roles.
struct NeuralKernel: Sendable {
    let inputCount: Int
    let outputCount: Int
    private let layers: [Layer]
    /// Activations of the widest layer.
    private let widthMax: Int

    private struct Layer: Sendable {
        var weights: WeightMatrix
        var biases: [Float]
        var activation: MultilayerPerceptron.Activation
    }

    /// Rows that go through all layers together: a multiple of what BLAS gets at a time.
    static let blockRows = 8 * WeightMatrix.blockRows

    init(
        _ network: MultilayerPerceptron, inputCount: Int, provider: WeightMatrix.Provider = .automatic
    ) throws(InferenceError) {
        guard network.outputCount > 0, inputCount > 0 else { throw .noOutputs }
        var width = inputCount
        var widthMax = inputCount
        var layers: [Layer] = []
        for (index, layer) in network.layers.enumerated() {
            let (expected, overflow) = layer.outputCount.multipliedReportingOverflow(by: width)
            guard !overflow, layer.outputCount > 0, layer.weights.count == expected else {
                throw .layerShape(layer: index)
            }
            let weights = WeightMatrix(
                layer.weights, inputCount: width, outputCount: layer.outputCount, provider: provider)
            layers.append(Layer(weights: weights, biases: layer.biases, activation: layer.activation))
            width = layer.outputCount
            widthMax = max(widthMax, width)
        }
        self.layers = layers
        self.inputCount = inputCount
        self.widthMax = widthMax
        outputCount = width
    }

    /// `rows` has shape [rowCount, inputCount], `margins` [rowCount, outputCount]; the other two are memory
    /// to work in.
    func run(
        _ rows: Span<Float>, rowCount: Int, into margins: inout MutableSpan<Float>,
        current: inout [Float], next: inout [Float]
    ) {
        let needed = Self.blockRows * widthMax
        if current.count < needed { current = Array(repeating: 0, count: needed) }
        if next.count < needed { next = Array(repeating: 0, count: needed) }
        var first = 0
        while first < rowCount {
            let count = min(Self.blockRows, rowCount - first)
            var inputs = current.mutableSpan
            for index in 0..<count * inputCount { inputs[index] = rows[first * inputCount + index] }
            for layer in layers {
                apply(layer, rowCount: count, current: &current, next: &next)
                swap(&current, &next)
            }
            for index in 0..<count * outputCount { margins[first * outputCount + index] = current[index] }
            first += count
        }
    }

    /// next = activation(current · weightsᵀ + biases), of which the first `rowCount` rows count.
    private func apply(_ layer: Layer, rowCount: Int, current: inout [Float], next: inout [Float]) {
        let weights = layer.weights
        let padded = weights.paddedRows(rowCount)
        let inputs = weights.inputCount
        let outputs = weights.outputCount
        if padded > rowCount {
            // What is left there from other rows would not change these, but may be slow to compute with.
            for index in rowCount * inputs..<padded * inputs { current[index] = 0 }
        }
        var target = next.mutableSpan
        var products = target._mutatingExtracting(0..<padded * outputs)
        weights.multiply(
            current.span.extracting(0..<padded * inputs), rowCount: padded, into: &products)
        let biases = layer.biases.span
        for row in 0..<rowCount {
            let base = row * outputs
            switch layer.activation {
            case .identity:
                for output in 0..<outputs { products[base + output] += biases[output] }
            case .relu:
                for output in 0..<outputs {
                    let sum = products[base + output] + biases[output]
                    products[base + output] = sum < 0 ? 0 : sum
                }
            case .tanh:
                for output in 0..<outputs {
                    products[base + output] = tanhf(products[base + output] + biases[output])
                }
            case .logistic:
                for output in 0..<outputs {
                    products[base + output] = 1 / (1 + expf(-(products[base + output] + biases[output])))
                }
            }
        }
    }
}
