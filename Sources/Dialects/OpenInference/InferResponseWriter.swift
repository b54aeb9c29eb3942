// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Writes a V2 inference answer: JSON, then the bytes of its binary tensors.
struct InferResponseWriter {
    let model: ServedModel
    let request: InferRequest

    /// The outputs to write: those asked for, else `predictions`, the model's first; all of an operator
    /// graph's.
    private var outputCount: Int {
        if request.outputs.isEmpty && model.takesTensors { return model.outputs.count }
        return max(request.outputs.count, 1)
    }

    private func output(_ position: Int) -> RequestedOutput {
        request.outputs.isEmpty
            ? RequestedOutput(
                output: model.takesTensors ? position : 0, isBinary: request.wantsBinaryOutput)
            : request.outputs[position]
    }

    /// - Returns: the length of the JSON part when binary tensors follow it, else nil.
    /// - Throws: `infiniteOutput` for an infinity that would have to be JSON.
    func write(_ workspace: Workspace, into body: inout ByteBuffer) throws(PredictError) -> Int? {
        body.append("{")
        if let id = request.id, !id.isEmpty {
            body.append("\"id\":")
            body.append(quoted: id)
            body.append(",")
        }
        body.append("\"model_name\":")
        body.append(quoted: model.name)
        body.append(",\"model_version\":")
        body.append(quoted: model.version)
        body.append(",\"outputs\":[")
        for position in 0..<outputCount {
            if position > 0 { body.append(",") }
            try write(output(position), workspace, into: &body)
        }
        body.append("]}")
        let jsonLength = body.count
        var hasBinary = false
        for position in 0..<outputCount {
            let output = output(position)
            guard output.isBinary else { continue }
            hasBinary = true
            if let classes = ClassificationWriter(output, model) {
                classes.appendBinary(workspace, to: &body)
            } else {
                workspace.appendBinary(output: output.output, of: model, to: &body)
            }
        }
        return hasBinary ? jsonLength : nil
    }

    private func write(
        _ requested: RequestedOutput, _ workspace: Workspace, into body: inout ByteBuffer
    ) throws(PredictError) {
        let output = model.outputs[requested.output]
        let (rows, width) = workspace.extent(of: requested.output, model)
        try workspace.prepare(output: requested.output, of: model)
        if let classes = ClassificationWriter(requested, model) {
            return try classes.write(workspace, into: &body)
        }
        body.append("{\"name\":")
        body.append(quoted: output.name)
        body.append(",\"datatype\":\"")
        body.append(output.datatype.rawValue)
        body.append("\",\"shape\":[")
        if output.kind == .tensor {
            for (axis, size) in workspace.dimensions(of: requested.output).enumerated() {
                if axis > 0 { body.append(",") }
                body.append(decimal: Int64(size))
            }
        } else {
            body.append(decimal: Int64(rows))
            if output.width != nil {
                body.append(",")
                body.append(decimal: Int64(width))
            }
        }
        if requested.isBinary {
            body.append("],\"parameters\":{\"binary_data_size\":")
            body.append(decimal: Int64(workspace.binarySize(output: requested.output, of: model)))
            body.append("}}")
            return
        }
        body.append("],\"data\":[")
        for row in 0..<rows {
            for column in 0..<width {
                if row > 0 || column > 0 { body.append(",") }
                let value = workspace.value(output: requested.output, of: model, row: row, column: column)
                guard value.appendJSON(to: &body, nonFinite: .null) else {
                    throw .infiniteOutput(output: output.name, row: row)
                }
            }
        }
        body.append("]}")
    }
}
