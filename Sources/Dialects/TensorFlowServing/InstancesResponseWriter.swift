// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Writes the answer to a V1 request: `{"predictions": […]}` for rows, `{"outputs": …}` for columns. Where no
/// outputs are asked for by name the only one is `predictions`, and its values stand bare; an explained one
/// has `explanations` behind it.
struct InstancesResponseWriter {
    let model: ServedModel
    let list: InstancesList
    var outputs: NamedOutputs?

    func write(_ workspace: Workspace, into body: inout ByteBuffer) throws(PredictError) {
        if model.tensorInputs != nil {
            return InstancesTensorWriter(model: model, list: list).write(workspace, into: &body)
        }
        try writePredictions(workspace, into: &body)
        body.append("}")
    }

    /// The predictions, and for each row what every feature added to its margin; the last number is the
    /// margin to be expected. A row of several margins has an array for each.
    ///
    /// - Throws: `unknownOutput` when the model cannot explain, `answerTooLarge`.
    func writeExplained(_ workspace: Workspace, into body: inout ByteBuffer) throws(PredictError) {
        guard let output = model.outputs.firstIndex(where: { $0.kind == .contributions }) else {
            throw .unknownOutput("contributions", model: model.name, available: model.outputs.map(\.name))
        }
        try workspace.prepare(output: output, of: model)
        try writePredictions(workspace, into: &body)
        body.append(",\"explanations\":[")
        let width = model.outputs[output].width ?? 1
        let marginWidth = model.schema.count + 1
        for row in 0..<workspace.rows.rowCount {
            if row > 0 { body.append(",") }
            if width > marginWidth { body.append("[") }
            for first in stride(from: 0, to: width, by: marginWidth) {
                if first > 0 { body.append(",") }
                writeArray(workspace, output, row, first..<first + marginWidth, into: &body)
            }
            if width > marginWidth { body.append("]") }
        }
        body.append("]}")
    }

    /// Up to the closing brace.
    private func writePredictions(
        _ workspace: Workspace, into body: inout ByteBuffer
    ) throws(PredictError) {
        if let outputs {
            try outputs.prepare(workspace)
            body.append(list == .rows ? "{\"predictions\":" : "{\"outputs\":")
            list == .rows
                ? outputs.writeRows(workspace, into: &body) : outputs.writeColumns(workspace, into: &body)
            return
        }
        let width = model.outputs[0].width
        body.append(list == .rows ? "{\"predictions\":[" : "{\"outputs\":[")
        for row in 0..<workspace.rows.rowCount {
            if row > 0 { body.append(",") }
            if let width {
                writeArray(workspace, 0, row, 0..<width, into: &body)
            } else {
                write(workspace, 0, row, 0, into: &body)
            }
        }
        body.append("]")
    }

    private func writeArray(
        _ workspace: Workspace, _ output: Int, _ row: Int, _ columns: Range<Int>, into body: inout ByteBuffer
    ) {
        body.append("[")
        for column in columns {
            if column > columns.lowerBound { body.append(",") }
            write(workspace, output, row, column, into: &body)
        }
        body.append("]")
    }

    private func write(
        _ workspace: Workspace, _ output: Int, _ row: Int, _ column: Int, into body: inout ByteBuffer
    ) {
        let value = workspace.value(output: output, of: model, row: row, column: column)
        _ = value.appendJSON(to: &body, nonFinite: .tokens)
    }
}
