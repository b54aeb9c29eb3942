// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Reads the weights of a small network that PyTorch or another library saved as safetensors, together with a
/// description of its layers: docs/reference/safetensors.md.
///
/// The weights alone do not say what is computed with them. The description is JSON, in the file's own
/// metadata under `architecture` or in `architecture.json` beside the file.
enum SafetensorsImporter {
    static let metadataKey = "architecture"

    /// The graph of the model in `bytes`, validated.
    ///
    /// - Parameter architecture: the text of `architecture.json`, if there is one; it outweighs the metadata.
    static func read(_ bytes: Span<UInt8>, architecture: [UInt8]?) throws(FormatError) -> ModelGraph {
        let file = try SafetensorsFile(bytes)
        guard let text = architecture ?? file.metadata[metadataKey].map({ Array($0.utf8) }) else {
            throw .missingPart(
                "the description of the layers (architecture.json, or \"architecture\" in the metadata: "
                    + "docs/reference/safetensors.md)")
        }
        let description = try NetworkDescription(text.span)
        var layers: [MultilayerPerceptron.Layer] = []
        var transform = OutputTransform.identity
        for (index, layer) in description.layers.enumerated() {
            let isLast = index + 1 == description.layers.count
            switch layer {
            case .linear(let name): layers.append(try linear(name, file))
            case .activation(let activation):
                // An activation belongs to the layer before it, which must not have one yet.
                guard let last = layers.indices.last, layers[last].activation == .identity else {
                    throw .invalidValue(
                        part: "architecture.layers[\(index)]", reason: "it does not follow a linear layer")
                }
                if isLast && activation == .logistic {
                    transform = .logistic
                } else {
                    layers[last].activation = activation
                }
            case .softmax:
                if !isLast {
                    throw .unsupported(
                        part: "architecture.layers[\(index)]: softmax between layers",
                        advice: "export to ONNX")
                }
                transform = .softmax
            }
        }
        let graph = try ModelGraph(
            schema: description.schema(width: layers.first?.inputCount ?? 0),
            estimator: .multilayerPerceptron(MultilayerPerceptron(layers: layers)),
            output: OutputDescription(transform: transform, labels: description.labels),
            lineage: Lineage(facts: ["producer": "safetensors", "algorithm": "multilayer perceptron"]))
        try graph.validate()
        return graph
    }

    /// `NAME.weight`, shape [outputs, inputs], and `NAME.bias`, which may be missing.
    private static func linear(
        _ name: String, _ file: borrowing SafetensorsFile
    ) throws(FormatError) -> MultilayerPerceptron.Layer {
        guard let weight = try file.floats("\(name).weight") else {
            throw .missingPart("tensor \"\(name).weight\"")
        }
        guard weight.shape.count == 2 else {
            throw .wrongShape(
                part: "tensor \"\(name).weight\"", expected: "[outputs, inputs]", found: "\(weight.shape)")
        }
        var biases = [Float](repeating: 0, count: weight.shape[0])
        if let bias = try file.floats("\(name).bias") {
            if bias.numbers.count != weight.shape[0] {
                throw .wrongShape(
                    part: "tensor \"\(name).bias\"", expected: "[\(weight.shape[0])]", found: "\(bias.shape)")
            }
            biases = bias.numbers
        }
        return MultilayerPerceptron.Layer(weights: weight.numbers, biases: biases, activation: .identity)
    }
}
