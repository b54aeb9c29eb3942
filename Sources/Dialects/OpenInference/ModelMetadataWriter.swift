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
        write(model.describedInputs, into: &body)
        body.append("],\"outputs\":[")
        write(model.describedOutputs, into: &body)
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

    /// -1 stands for what the request decides; a shape of any rank is `[-1]`.
    private func write(_ tensors: [TensorSpecification], into body: inout ByteBuffer) {
        for (position, tensor) in tensors.enumerated() {
            body.append(position > 0 ? ",{\"name\":" : "{\"name\":")
            body.append(quoted: tensor.name)
            body.append(",\"datatype\":\"")
            body.append(tensor.datatype.rawValue)
            body.append("\",\"shape\":[")
            for (axis, size) in (tensor.dimensions ?? [nil]).enumerated() {
                if axis > 0 { body.append(",") }
                body.append(decimal: Int64(size ?? -1))
            }
            body.append("]}")
        }
    }

    /// An input that may be left out, as it would stand among the inputs. It does not stand there: a client
    /// that fills whatever is listed would change every answer.
    private func description(of margins: RowMargins) -> String {
        var text = ByteBuffer()
        text.append("[")
        let tensor = TensorSpecification(
            name: margins.name, datatype: margins.numberType == .float32 ? .float32 : .float64,
            dimensions: margins.width == 1 ? [nil] : [nil, margins.width])
        write([tensor], into: &text)
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
