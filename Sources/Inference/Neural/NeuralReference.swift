// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat

/// The slow, obvious network that `NeuralKernel` is compared with (in Float64, hence within a tolerance).
func referenceMargins(_ network: MultilayerPerceptron, row: [Float]) -> [Float] {
    var values = row.map(Double.init)
    for layer in network.layers {
        values = layer.biases.enumerated().map { output, bias in
            var sum = Double(bias)
            for (input, value) in values.enumerated() {
                sum += value * Double(layer.weights[output * values.count + input])
            }
            return switch layer.activation {
            case .identity: sum
            case .relu: sum > 0 || sum.isNaN ? sum : 0
            case .tanh: tanh(sum)
            case .logistic: 1 / (1 + exp(-sum))
            }
        }
    }
    return values.map { Float($0) }
}
