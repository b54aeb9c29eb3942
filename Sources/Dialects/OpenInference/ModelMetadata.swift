// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Writes V2 model metadata: what the model takes and answers.
struct ModelMetadataWriter {
    let model: ServedModel
    /// All ready versions when the request named none, else the one that it named.
    let versions: [String]

    func write(into body: inout ByteBuffer) {
        body.append("{\"name\":")
        body.append(quoted: model.name)
        body.append(",\"versions\":[")
        for (position, version) in versions.enumerated() {
            if position > 0 { body.append(",") }
            body.append(quoted: version)
        }
        body.append("],\"platform\":")
        body.append(quoted: model.platform)
        body.append(",\"inputs\":[")
        writeInputs(into: &body)
        body.append("],\"outputs\":[")
        for (position, output) in model.outputs.enumerated() {
            if position > 0 { body.append(",") }
            if output.kind == .tensor {
                writeTensor(output.name, output.datatype, dimensions: output.dimensions, into: &body)
            } else {
                writeTensor(output.name, output.datatype, width: output.width, into: &body)
            }
        }
        body.append("],\"properties\":{\"features\":")
        body.append(quoted: featureNames)
        body.append(",\"digest\":")
        body.append(quoted: model.digest)
        if let margins = model.rowMargins {
            body.append(",\"optional_inputs\":")
            body.append(quoted: description(of: margins))
        }
        body.append("}}")
    }

    private func writeInputs(into body: inout ByteBuffer) {
        if let inputs = model.tensorInputs {
            for (position, input) in inputs.enumerated() {
                if position > 0 { body.append(",") }
                writeTensor(input.name, input.datatype, dimensions: input.dimensions, into: &body)
            }
            return
        }
        let number = Datatype(rawValue: model.inputType.rawValue) ?? .float64
        if InputBinder.takesMatrix(model.index) {
            writeTensor(InputBinder.matrixName, number, width: model.schema.count, into: &body)
            return
        }
        for (position, feature) in model.schema.features.enumerated() {
            if position > 0 { body.append(",") }
            writeTensor(feature.name, feature.kind == .numeric ? number : .bytes, width: 1, into: &body)
        }
    }

    private func writeTensor(_ name: String, _ datatype: Datatype, width: Int?, into body: inout ByteBuffer) {
        body.append("{\"name\":")
        body.append(quoted: name)
        body.append(",\"datatype\":\"")
        body.append(datatype.rawValue)
        body.append("\",\"shape\":[-1")
        if let width {
            body.append(",")
            body.append(decimal: Int64(width))
        }
        body.append("]}")
    }

    /// A tensor of an operator graph: -1 for what the request decides; a shape of any rank is `[-1]`.
    private func writeTensor(
        _ name: String, _ datatype: Datatype, dimensions: [Int?]?, into body: inout ByteBuffer
    ) {
        body.append("{\"name\":")
        body.append(quoted: name)
        body.append(",\"datatype\":\"")
        body.append(datatype.rawValue)
        body.append("\",\"shape\":[")
        for (axis, size) in (dimensions ?? [nil]).enumerated() {
            if axis > 0 { body.append(",") }
            body.append(decimal: Int64(size ?? -1))
        }
        body.append("]}")
    }

    /// An input that may be left out, as it would stand among the inputs. It does not stand there: a client
    /// that fills whatever is listed would change every answer.
    private func description(of margins: RowMargins) -> String {
        var text = ByteBuffer()
        text.append("[")
        writeTensor(
            margins.name, margins.numberType == .float32 ? .float32 : .float64,
            width: margins.width == 1 ? nil : margins.width, into: &text)
        text.append("]")
        return String(copying: text.bytes)
    }

    /// The feature names as a JSON array; properties are strings, so it travels as text.
    private var featureNames: String {
        var names = ByteBuffer()
        names.append("[")
        for (position, feature) in model.schema.features.enumerated() {
            if position > 0 { names.append(",") }
            names.append(quoted: feature.name)
        }
        names.append("]")
        return String(copying: names.bytes)
    }
}
