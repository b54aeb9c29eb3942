// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat

/// A multilayer perceptron, checked.
struct NeuralKernel: Sendable {
    let network: MultilayerPerceptron
    let inputCount: Int
    let outputCount: Int

    init(_ network: MultilayerPerceptron, inputCount: Int) throws(InferenceError) {
        guard network.outputCount > 0 else { throw .noOutputs }
        var width = inputCount
        for (index, layer) in network.layers.enumerated() {
            let (expected, overflow) = layer.outputCount.multipliedReportingOverflow(by: width)
            guard !overflow, layer.outputCount > 0, layer.weights.count == expected else {
                throw .layerShape(layer: index)
            }
            width = layer.outputCount
        }
        self.network = network
        self.inputCount = inputCount
        outputCount = width
    }

    func run(_ rows: Span<Float>, rowCount: Int, into margins: inout MutableSpan<Float>) {
        for row in 0..<rowCount {
            var values: [Float] = []
            for column in 0..<inputCount { values.append(rows[row * inputCount + column]) }
            for (output, value) in referenceMargins(network, row: values).enumerated() {
                margins[row * outputCount + output] = value
            }
        }
    }
}
