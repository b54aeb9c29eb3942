// SPDX-License-Identifier: Apache-2.0
import LinearAlgebra
import ModelFormat
import Testing

@testable import Inference

struct NeuralKernelTests {
    private func randomNetwork(
        _ widths: [Int], _ activation: MultilayerPerceptron.Activation, _ random: inout RandomSource
    ) -> MultilayerPerceptron {
        MultilayerPerceptron(
            layers: zip(widths, widths.dropFirst()).enumerated().map { index, pair in
                let scale = 1 / Float(pair.0).squareRoot()
                return MultilayerPerceptron.Layer(
                    weights: (0..<pair.0 * pair.1).map { _ in random.float() * scale },
                    biases: (0..<pair.1).map { _ in random.float() },
                    activation: index == widths.count - 2 ? .identity : activation)
            })
    }

    private func margins(
        _ kernel: NeuralKernel, _ rows: [[Float]], batch: Int, _ memory: inout LayerMemory
    ) -> [Float] {
        var margins: [Float] = []
        for first in stride(from: 0, to: rows.count, by: batch) {
            let part = Array(rows[first..<min(first + batch, rows.count)])
            let flat = part.flatMap(\.self)
            var output = Array(repeating: Float(0), count: part.count * kernel.outputCount)
            var target = output.mutableSpan
            kernel.run(flat.span, rowCount: part.count, into: &target, memory: &memory)
            margins += output
        }
        return margins
    }

    @Test(
        arguments: [[1, 1], [28, 64, 33, 2], [5, 7, 3, 9, 4], [70, 40, 1]],
        MultilayerPerceptron.Activation.allCases)
    func everyNetwork_answersAsTheReferenceWhateverTheBatch(
        widths: [Int], activation: MultilayerPerceptron.Activation
    ) throws {
        var random = RandomSource(seed: UInt64(widths.count))
        let network = randomNetwork(widths, activation, &random)
        let rows = (0..<70).map { _ in (0..<widths[0]).map { _ in random.float() } }
        let expected = rows.flatMap { referenceMargins(network, row: $0) }
        var providers: [WeightMatrix.Provider] = [.plain, .fused(.fused), .fused(.wide)]
        if let library = BLASLibrary.shared { providers.append(.blas(library)) }
        for provider in providers {
            let kernel = try NeuralKernel(network, inputCount: widths[0], provider: provider)
            var scratch = LayerMemory()
            let got = margins(kernel, rows, batch: 70, &scratch)
            for (got, expected) in zip(got, expected) {
                #expect(abs(got - expected) <= 1e-5 * max(abs(expected), 0.1))
            }
            for batch in [1, 3, 16, 64] {
                // What other rows left in the memory must not show.
                scratch.even = scratch.even.map { _ in .nan }
                scratch.odd = scratch.odd.map { _ in .nan }
                let again = margins(kernel, rows, batch: batch, &scratch)
                #expect(again.map(\.bitPattern) == got.map(\.bitPattern), "batch \(batch)")
            }
        }
    }

    @Test func missingNumbers_stayMissing() throws {
        let network = MultilayerPerceptron(layers: [
            .init(weights: [1, 1], biases: [0], activation: .relu)
        ])
        let kernel = try NeuralKernel(network, inputCount: 2)
        var scratch = LayerMemory()
        let got = margins(kernel, [[.nan, 1], [1, 1], [-3, 1]], batch: 3, &scratch)
        #expect(got[0].isNaN)
        #expect(got[1...] == [2, 0])
    }

    @Test func layersThatDoNotFit_areRefused() {
        let layer = MultilayerPerceptron.Layer(weights: [1, 2, 3], biases: [0], activation: .tanh)
        #expect(throws: InferenceError.layerShape(layer: 0)) {
            try NeuralKernel(MultilayerPerceptron(layers: [layer]), inputCount: 2)
        }
        #expect(throws: InferenceError.layerShape(layer: 1)) {
            try NeuralKernel(MultilayerPerceptron(layers: [layer, layer]), inputCount: 3)
        }
        #expect(throws: InferenceError.noOutputs) {
            try NeuralKernel(MultilayerPerceptron(layers: []), inputCount: 3)
        }
    }
}
