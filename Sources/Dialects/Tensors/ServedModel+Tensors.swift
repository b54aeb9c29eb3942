// SPDX-License-Identifier: Apache-2.0
internal import Serving
internal import Tabular

/// A model as its tensors, the way that protocols describe it.
extension ServedModel {
    /// What a request holds: the inputs of an operator graph; else the features, in one matrix
    /// [rows, features] where all are numbers, and otherwise in a column [rows, 1] each.
    var describedInputs: [TensorSpecification] {
        if let tensorInputs { return tensorInputs }
        let number = Datatype(rawValue: inputType.rawValue) ?? .float64
        if InputBinder.takesMatrix(index) {
            return [
                TensorSpecification(
                    name: InputBinder.matrixName, datatype: number, dimensions: [nil, schema.count])
            ]
        }
        return schema.features.map { feature in
            TensorSpecification(
                name: feature.name, datatype: feature.kind == .numeric ? number : .bytes,
                dimensions: [nil, 1])
        }
    }

    /// What may be asked for: of an operator graph its outputs; else one value a row, or several.
    var describedOutputs: [TensorSpecification] {
        outputs.map { output in
            let ofRows = [nil] + (output.width.map { [$0] } ?? [])
            return TensorSpecification(
                name: output.name, datatype: output.datatype,
                dimensions: output.kind == .tensor ? output.dimensions : ofRows)
        }
    }
}
