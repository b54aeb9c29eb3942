// SPDX-License-Identifier: Apache-2.0
internal import LinearAlgebra
internal import ModelFormat

/// A multilayer perceptron over blocks of rows: a chain of dense layers.
struct NeuralKernel: Sendable {
    let inputCount: Int
    let outputCount: Int
    private let plan: LayerPlan

    init(
        _ network: consuming MultilayerPerceptron, inputCount: Int,
        provider: WeightMatrix.Provider = .automatic
    ) throws(InferenceError) {
        guard network.outputCount > 0, inputCount > 0 else { throw .noOutputs }
        var width = inputCount
        var chain: LayerChain?
        var layers = network.layers
        network.layers = []
        for index in layers.indices {
            // Gone once it is laid out, where nobody else holds it.
            let layer = layers[index]
            layers[index].weights = []
            let (expected, overflow) = layer.outputCount.multipliedReportingOverflow(by: width)
            guard !overflow, layer.outputCount > 0, layer.weights.count == expected else {
                throw .layerShape(layer: index)
            }
            let dense = LayerChain.Layer.dense(
                WeightMatrix(
                    layer.weights, inputCount: width, outputCount: layer.outputCount, bias: layer.biases,
                    provider: provider))
            chain = chain.map { $0.appending(dense) } ?? LayerChain(dense)
            if let function = UnaryFunction(layer.activation) {
                chain = chain?.appending(.function(function))
            }
            width = layer.outputCount
        }
        guard let chain, let plan = try? LayerPlan(chain, rowShape: Shape(inputCount)) else {
            throw .noOutputs
        }
        self.plan = plan
        self.inputCount = inputCount
        outputCount = width
    }

    /// `rows` has shape [rowCount, inputCount], `margins` [rowCount, outputCount].
    func run(
        _ rows: Span<Float>, rowCount: Int, into margins: inout MutableSpan<Float>,
        memory: inout LayerMemory
    ) {
        plan.run(rows, rowCount: rowCount, into: &margins, memory: &memory)
    }
}

extension UnaryFunction {
    /// Nil for a layer that answers its sums.
    fileprivate init?(_ activation: MultilayerPerceptron.Activation) {
        switch activation {
        case .identity: return nil
        case .relu: self.init(name: .relu)
        case .tanh: self.init(name: .tanh)
        case .logistic: self.init(name: .sigmoid)
        }
    }
}
