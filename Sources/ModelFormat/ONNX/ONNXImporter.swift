// SPDX-License-Identifier: Apache-2.0
package import Tabular

/// ONNX files as models: the graph, and what of it can be seen as rows of features.
enum ONNXImporter {
    static func read(
        _ bytes: Span<UInt8>, external: any ExternalTensorData
    ) throws(FormatError) -> ModelGraph {
        let graph = model(try ONNXReader.read(bytes, external: external))
        try graph.validate()
        return graph
    }

    /// The model as its caller sees it, with a graph that has no nodes: for an engine that reads the file
    /// itself.
    static func readInterface(_ bytes: Span<UInt8>) throws(FormatError) -> ModelGraph {
        model(try ONNXReader.readInterface(bytes))
    }

    private static func model(_ file: ONNXReader.File) -> ModelGraph {
        var facts = file.metadata.filter { !$0.key.isEmpty }
        if !file.producer.isEmpty { facts["producer"] = file.producer }
        facts["onnx.ir_version"] = "\(file.irVersion)"
        return ModelGraph(
            schema: file.graph.rowSchema, estimator: .operatorGraph(file.graph),
            output: OutputDescription(transform: .identity), lineage: Lineage(facts: facts))
    }
}

extension OperatorGraph {
    /// The widest row that is taken apart into features.
    private static let columnsMax = 1 << 20

    /// Elements of one row of an input: its shape behind the first axis. Nil where the file leaves a size
    /// open, or there is no first axis.
    package static func rowShape(of value: GraphValue) -> [Int]? {
        guard case .tensor(_, let shape?) = value.kind, !shape.isEmpty else { return nil }
        var sizes: [Int] = []
        var product = 1
        for dimension in shape.dropFirst() {
            guard case .fixed(let size) = dimension, size > 0, product <= columnsMax / size else {
                return nil
            }
            sizes.append(size)
            product *= size
        }
        return sizes
    }

    /// One feature a number of a row, in the order of the inputs: `x` for a single one, else `x.0`, `x.1` …
    /// An input whose rows have no fixed size is one feature, which rows cannot carry.
    var rowSchema: FeatureSchema {
        var features: [Feature] = []
        var names: Set<String> = []
        for input in inputs {
            let width = OperatorGraph.rowShape(of: input).map { $0.reduce(1, *) } ?? 1
            for column in 0..<width {
                let name = width == 1 ? input.name : "\(input.name).\(column)"
                // Inputs may be called "x" and "x.0"; features have one name each.
                features.append(
                    Feature(
                        name: names.insert(name).inserted ? name : "\(name)#\(features.count)", kind: .numeric
                    ))
            }
        }
        // A graph of constants alone takes nothing; a schema has at least one feature.
        return FeatureSchema(features: features.isEmpty ? [Feature(name: "none", kind: .numeric)] : features)
    }

    /// The type of a block of rows: Float32 where every input is, else Float64, which holds what the others
    /// have up to 53 bits.
    package var blockType: NumberType {
        inputs.allSatisfy { if case .tensor(.float32, _) = $0.kind { true } else { false } }
            ? .float32 : .float64
    }
}
