// SPDX-License-Identifier: Apache-2.0
import Tabular

/// A model with its preprocessing as an ONNX graph: docs/reference/cli.md, "modelctl convert".
///
/// Numbers are Float64 up to the estimator, as here. A model of numbers alone has one input, `input` [N,
/// features]; any other an input [N, 1] a feature, under its name: Float64 numbers, for a date its seconds
/// since 1970, and strings for categories, where the empty one is a missing one.
struct ONNXPipeline {
    var nodes = ONNXNodes()
    private var inputs: [ProtobufWriter] = []
    /// The columns while stages work on them by name: each a value [N, 1].
    var columns: [(name: String, value: String)] = []

    mutating func write(_ graph: ModelGraph) throws(FormatError) -> [UInt8] {
        try readInputs(graph.schema)
        var frame = ColumnFrame(graph.schema)
        let named = graph.stages.prefix { $0.isNamed }
        for stage in named {
            guard case .columns(let columnStage) = stage else { continue }
            let kinds = columnStage.inputs.map { frame[$0]?.kind }
            try frame.apply(columnStage, part: "stages")
            try apply(columnStage, kinds)
        }
        var matrix = nodes.joined(columns.map(\.value))
        var width = columns.count
        for stage in graph.stages.dropFirst(named.count) {
            matrix = try apply(stage, matrix, width)
            width = stage.outputWidth(from: width) ?? width
        }
        let isDouble = try finish(graph, matrix, width)
        return file(graph, isDouble: isDouble)
    }

    private mutating func readInputs(_ schema: FeatureSchema) throws(FormatError) {
        if schema.isNumeric {
            inputs.append(tensor("input", .double, schema.count))
            columns = schema.features.enumerated().map { ($1.name, nodes.column($0, of: "input")) }
            return
        }
        for feature in schema.features {
            switch feature.kind {
            case .numeric, .date:
                inputs.append(tensor(feature.name, .double, 1))
                columns.append((feature.name, feature.name))
            case .categorical(let categories):
                inputs.append(tensor(feature.name, .string, 1))
                columns.append((feature.name, codes(feature.name, categories)))
            case .text:
                throw .unsupported(
                    part: "the column \"\(feature.name)\", a \(feature.kind.name)",
                    advice: "ONNX's operators do not read it as modeld does; leave it out with --ignore")
            }
        }
    }

    private mutating func codes(_ input: String, _ categories: [String]) -> String {
        var keys = categories
        var values = categories.indices.map { Float($0) }
        if !keys.contains("") {
            keys.append("")
            values.append(.nan)
        }
        let codes = nodes.add(
            "LabelEncoder", [input], domain: "ai.onnx.ml",
            [
                ONNXNodes.words("keys_strings", keys), ONNXNodes.reals("values_floats", values),
                ONNXNodes.real("default_float", Float(FeatureKind.unseenCategory)),
            ])
        return nodes.cast(codes, .double)
    }

    // MARK: Stages of all columns

    private mutating func apply(
        _ stage: PreprocessingStage, _ matrix: String, _ width: Int
    ) throws(FormatError) -> String {
        func row(_ values: [Double]) -> String { nodes.numbers(values, shape: [1, width]) }
        switch stage {
        case .impute(let values): return nodes.choose(nodes.isMissing(matrix), row(values), matrix)
        case .scale(let offsets, let divisors):
            return nodes.add("Div", [nodes.add("Sub", [matrix, row(offsets)]), row(divisors)])
        case .affine(let multipliers, let addends):
            return nodes.add("Add", [nodes.add("Mul", [matrix, row(multipliers)]), row(addends)])
        case .select(let columns): return nodes.columns(columns, of: matrix)
        case .recode(let lists):
            return nodes.joined(
                lists.enumerated().map { index, list in
                    let x = nodes.column(index, of: matrix)
                    return list.isEmpty ? x : place(of: x, in: list)
                })
        case .encode(let encodings):
            return nodes.joined(
                encodings.enumerated().map { index, encoding in
                    let x = nodes.column(index, of: matrix)
                    switch encoding {
                    case .pass: return x
                    case .ordinal:
                        let isUnseen = nodes.add("Less", [x, nodes.number(0)])
                        return nodes.choose(isUnseen, nodes.number(.nan), x)
                    case .oneHot(let count):
                        let codes = nodes.numbers((0..<count).map(Double.init), shape: [1, count])
                        return nodes.cast(nodes.add("Equal", [x, codes]), .double)
                    }
                })
        case .categoryStatistics: throw refusal("statistics of categories")
        case .columns: preconditionFailure("stages of named columns stand before the others")
        }
    }

    /// Where `x` stands in `list`, -1 when it does not.
    private mutating func place(of x: String, in list: [Double]) -> String {
        let isEqual = nodes.cast(
            nodes.add("Equal", [x, nodes.numbers(list, shape: [1, list.count])]), .double)
        let numbers = nodes.numbers((1...list.count).map(Double.init), shape: [1, list.count])
        let place = nodes.add(
            "Sub", [nodes.rowSum(nodes.add("Mul", [isEqual, numbers])), nodes.number(1)])
        return nodes.choose(nodes.isMissing(x), x, place)
    }

    // MARK: Estimator and output

    /// Writes `predictions` and says whether they are Float64.
    private mutating func finish(
        _ graph: ModelGraph, _ matrix: String, _ width: Int
    ) throws(FormatError) -> Bool {
        switch graph.estimator {
        case .linear(let model):
            guard model.numberType == .float64 else { throw refusal("a linear model of Float32") }
            let sums = product(matrix, model.coefficients, outputs: model.outputCount, inputs: width)
            let margins = nodes.add(
                "Add", [sums, nodes.numbers(model.intercepts, shape: [1, model.outputCount])])
            try transform(graph.output, margins, isDouble: true)
            return true
        case .multilayerPerceptron(let model):
            try transform(graph.output, network(model, nodes.cast(matrix, .float)), isDouble: false)
            return false
        case .treeEnsemble:
            let trees = try ExportedTrees(graph, isBehindStages: true)
            try ONNXExporter.check(trees)
            nodes.add(ONNXExporter.treeNode(trees, input: nodes.cast(matrix, .float), output: "margins"))
            _ = nodes.add(ONNXExporter.operation(trees) ?? "Identity", ["margins"], output: "predictions")
            return false
        case .rowProgram, .operatorGraph: throw refusal("an estimator of several models")
        }
    }

    private mutating func network(_ model: MultilayerPerceptron, _ input: String) -> String {
        var values = input
        for layer in model.layers {
            let weights = nodes.floats(layer.weights, shape: [layer.outputCount, layer.inputCount])
            values = nodes.add(
                "Gemm", [values, weights, nodes.floats(layer.biases, shape: [layer.outputCount])],
                [ONNXNodes.whole("transB", 1)])
            switch layer.activation {
            case .identity: break
            case .relu: values = nodes.add("Relu", [values])
            case .tanh: values = nodes.add("Tanh", [values])
            case .logistic: values = nodes.add("Sigmoid", [values])
            }
        }
        return values
    }

    private mutating func transform(
        _ output: OutputDescription, _ margins: String, isDouble: Bool
    ) throws(FormatError) {
        func number(_ value: Double) -> String {
            isDouble ? nodes.number(value) : nodes.floats([Float(value)], shape: [1, 1])
        }
        var x = margins
        if output.divisor != 1 { x = nodes.add("Div", [x, number(output.divisor)]) }
        if output.slope != 1 { x = nodes.add("Mul", [x, number(output.slope)]) }
        let name = "predictions"
        switch output.transform {
        case .identity, .probability: _ = nodes.add("Identity", [x], output: name)
        case .logistic: _ = nodes.add("Sigmoid", [x], output: name)
        case .softmax: _ = nodes.add("Softmax", [x], output: name, [ONNXNodes.whole("axis", 1)])
        case .exponential: _ = nodes.add("Exp", [x], output: name)
        case .signedSquare: _ = nodes.add("Mul", [x, nodes.add("Abs", [x])], output: name)
        case .softplus, .hinge, .argmax, .meanAndVariance:
            throw refusal("the output \(output.transform.rawValue)")
        }
    }

    // MARK: The file

    private func tensor(_ name: String, _ type: ONNXNodes.ElementType, _ width: Int) -> ProtobufWriter {
        var value = ProtobufWriter()
        value.add(1, name)
        value.add(2) { holder in
            holder.add(1) { tensor in
                tensor.add(1, type.rawValue)
                tensor.add(2) { shape in
                    shape.add(1) { $0.add(2, "N") }
                    shape.add(1) { $0.add(1, width) }
                }
            }
        }
        return value
    }

    private func file(_ model: ModelGraph, isDouble: Bool) -> [UInt8] {
        var file = ProtobufWriter()
        file.add(1, 8)  // ir_version
        file.add(2, "modeld")
        file.add(7) { graph in
            for node in nodes.nodes { graph.add(1) { $0 = node } }
            graph.add(2, "pipeline")
            for constant in nodes.constants { graph.add(5) { $0 = constant } }
            for input in inputs { graph.add(11) { $0 = input } }
            graph.add(12) { $0 = tensor("predictions", isDouble ? .double : .float, model.predictionWidth) }
        }
        for (domain, version) in [("ai.onnx.ml", 3), ("", 17)] {
            file.add(8) { operators in
                operators.add(1, domain)
                operators.add(2, version)
            }
        }
        return file.bytes
    }
}
