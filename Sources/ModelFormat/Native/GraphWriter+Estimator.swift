// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// The estimator of a graph: its members and the tensors of the file.
extension GraphWriter {
    /// What a reader of the first files would have skipped and must not.
    static func requirements(_ graph: ModelGraph) -> [String] {
        var parts: [String] = []
        if case .linear(let model) = graph.estimator, model.numberType != .float64 {
            parts.append(GraphDocument.numberTypePart)
        }
        if case .treeEnsemble(let model) = graph.estimator, model.rules != TreeRules() {
            parts.append(GraphDocument.treeRulesPart)
        }
        if graph.output.divisor != 1 || graph.output.slope != 1 { parts.append(GraphDocument.outputPart) }
        if graph.output.predictsLabels { parts.append(GraphDocument.predictsPart) }
        if graph.output.calibration != nil { parts.append(GraphDocument.calibrationPart) }
        if graph.output.interval != nil { parts.append(GraphDocument.intervalPart) }
        return parts
    }

    static func append(_ estimator: Estimator, to json: inout ByteBuffer) {
        switch estimator {
        case .linear(let model):
            json.append(#"{"kind":"linear""#)
            if model.numberType != .float64 {
                append(#","number_type":"#, model.numberType.rawValue, to: &json)
            }
            json.append("}")
        case .treeEnsemble(let model):
            json.append(#"{"kind":"tree_ensemble""#)
            append(model.rules, to: &json)
            json.append("}")
        case .multilayerPerceptron(let model):
            json.append(#"{"kind":"multilayer_perceptron","layers":["#)
            for (index, layer) in model.layers.enumerated() {
                json.append(index > 0 ? #",{"activation":"# : #"{"activation":"#)
                json.append(quoted: layer.activation.rawValue)
                json.append("}")
            }
            json.append("]}")
        case .rowProgram(let program): append(program, to: &json)
        case .operatorGraph: json.append(#"{"kind":"operator_graph"}"#)
        }
    }

    /// Rules that are not those of the first files.
    private static func append(_ rules: TreeRules, to json: inout ByteBuffer) {
        let standard = TreeRules()
        if rules.inputType != standard.inputType {
            append(#","input_type":"#, rules.inputType.rawValue, to: &json)
        }
        if rules.sumType != standard.sumType {
            append(#","sum_type":"#, rules.sumType.rawValue, to: &json)
        }
        if rules.comparison != standard.comparison {
            append(#","comparison":"#, rules.comparison.rawValue, to: &json)
        }
        if rules.categoryRule != standard.categoryRule {
            append(#","category_rule":"#, rules.categoryRule.rawValue, to: &json)
        }
        if let rowMargins = rules.rowMargins {
            append(#","row_margins":"#, rowMargins.rawValue, to: &json)
        }
        switch rules.aggregation {
        case .onBase: break
        case .average: append(#","aggregation":"#, "average", to: &json)
        case .scaled(let scale):
            append(#","aggregation":"#, "scaled", to: &json)
            json.append(#","scale":"#)
            json.append(shortest: scale)
        }
    }

    private static func append(_ member: StaticString, _ word: String, to json: inout ByteBuffer) {
        json.append(member)
        json.append(quoted: word)
    }

    /// The tensors of stages, which are called `prefix`, a point and their index.
    static func tensors(
        _ stages: [PreprocessingStage], prefix: String
    ) -> [(name: String, tensor: Tensor)] {
        var tensors: [(name: String, tensor: Tensor)] = []
        for (index, stage) in stages.enumerated() {
            switch stage {
            case .impute(let values): tensors.append(("\(prefix).\(index).values", Tensor(values)))
            case .scale(let offsets, let divisors):
                tensors.append(("\(prefix).\(index).offsets", Tensor(offsets)))
                tensors.append(("\(prefix).\(index).divisors", Tensor(divisors)))
            case .affine(let multipliers, let addends):
                tensors.append(("\(prefix).\(index).multipliers", Tensor(multipliers)))
                tensors.append(("\(prefix).\(index).addends", Tensor(addends)))
            case .select(let columns):
                tensors.append(
                    ("\(prefix).\(index).columns", Tensor(columns.map { Int32(truncatingIfNeeded: $0) })))
            case .recode(let lists):
                var starts: [Int32] = [0]
                for list in lists {
                    starts.append((starts.last ?? 0) + Int32(truncatingIfNeeded: list.count))
                }
                tensors.append(("\(prefix).\(index).starts", Tensor(starts)))
                tensors.append(("\(prefix).\(index).values", Tensor(lists.flatMap { $0 })))
            case .encode: break
            case .categoryStatistics(let statistics):
                tensors.append(contentsOf: statistics.tensors("\(prefix).\(index)"))
            case .columns(let columnStage):
                tensors.append(contentsOf: columnStage.tensors("\(prefix).\(index)"))
            }
        }
        return tensors
    }

    /// The tensors in the order in which they stand in the file.
    static func tensors(_ graph: ModelGraph) throws(FormatError) -> [(name: String, tensor: Tensor)] {
        var tensors = tensors(graph.stages, prefix: "stages")
        switch graph.estimator {
        case .linear(let model):
            let width = model.coefficients.count / max(model.outputCount, 1)
            let shape = [model.outputCount, width]
            let type = model.numberType
            tensors.append(("estimator.coefficients", tensor(model.coefficients, type, shape: shape)))
            tensors.append(("estimator.intercepts", tensor(model.intercepts, type)))
        case .treeEnsemble(let model): append(model, to: &tensors)
        case .multilayerPerceptron(let model):
            for (index, layer) in model.layers.enumerated() {
                let shape = [layer.outputCount, layer.inputCount]
                tensors.append(("estimator.layers.\(index).weights", Tensor(layer.weights, shape: shape)))
                tensors.append(("estimator.layers.\(index).biases", Tensor(layer.biases)))
            }
        case .operatorGraph(let operators):
            tensors.append(("estimator.graph", Tensor(ONNXWriter.write(operators))))
        case .rowProgram(let program):
            for (index, step) in program.steps.enumerated() {
                tensors += try step.operation.tensors("estimator.steps.\(index)")
            }
        }
        if let calibration = graph.output.calibration {
            tensors.append(("output.calibration.margins", Tensor(calibration.margins)))
            tensors.append(("output.calibration.probabilities", Tensor(calibration.probabilities)))
        }
        return tensors
    }

    private static func append(
        _ model: TreeEnsemble, to tensors: inout [(name: String, tensor: Tensor)]
    ) {
        let type = model.rules.sumType
        tensors.append(("estimator.roots", Tensor(model.roots)))
        tensors.append(("estimator.groups", Tensor(model.groups)))
        tensors.append(("estimator.features", Tensor(model.features)))
        tensors.append(("estimator.values", tensor(model.values, type)))
        tensors.append(("estimator.lefts", Tensor(model.lefts)))
        tensors.append(("estimator.rights", Tensor(model.rights)))
        tensors.append(("estimator.defaults_left", Tensor(model.defaultsLeft)))
        tensors.append(("estimator.base_margins", tensor(model.baseMargins, type)))
        if !model.zerosMissing.isEmpty {
            tensors.append(("estimator.zeros_missing", Tensor(model.zerosMissing)))
        }
        if let categories = model.categories {
            tensors.append(("estimator.category_sets", Tensor(categories.sets)))
            tensors.append(("estimator.category_starts", Tensor(categories.starts)))
            let words = categories.words.map { Int32(bitPattern: $0) }
            tensors.append(("estimator.category_words", Tensor(words)))
        }
        if model.hasLeafVectors {
            let shape = [model.leafVectors.count / max(model.outputCount, 1), model.outputCount]
            tensors.append(("estimator.leaf_vectors", tensor(model.leafVectors, type, shape: shape)))
        }
        if let linear = model.linearLeaves {
            tensors.append(("estimator.linear_constants", Tensor(linear.constants)))
            tensors.append(("estimator.linear_starts", Tensor(linear.starts)))
            tensors.append(("estimator.linear_features", Tensor(linear.features)))
            tensors.append(("estimator.linear_coefficients", Tensor(linear.coefficients)))
        }
        if !model.covers.isEmpty { tensors.append(("estimator.covers", Tensor(model.covers))) }
        if !model.leafNumbers.isEmpty {
            tensors.append(("estimator.leaf_numbers", Tensor(model.leafNumbers)))
        }
    }

    private static func tensor(_ numbers: [Double], _ type: NumberType, shape: [Int]? = nil) -> Tensor {
        type == .float64 ? Tensor(numbers, shape: shape) : Tensor(numbers.map { Float($0) }, shape: shape)
    }
}
