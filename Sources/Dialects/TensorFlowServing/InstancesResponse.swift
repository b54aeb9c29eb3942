// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Writes the answer to a V1 request: `{"predictions": […]}` for rows, `{"outputs": …}` for columns. The only
/// output is `predictions`, so its values stand bare.
struct InstancesResponseWriter {
    let model: ServedModel
    let form: InstancesForm

    func write(_ workspace: Workspace, into body: inout ByteBuffer) {
        if model.tensorInputs != nil {
            return InstancesTensorWriter(model: model, form: form).write(workspace, into: &body)
        }
        let width = model.outputs[0].width
        body.append(form == .rows ? "{\"predictions\":[" : "{\"outputs\":[")
        for row in 0..<workspace.rows.rowCount {
            if row > 0 { body.append(",") }
            if let width {
                body.append("[")
                for column in 0..<width {
                    if column > 0 { body.append(",") }
                    write(workspace, row, column, into: &body)
                }
                body.append("]")
            } else {
                write(workspace, row, 0, into: &body)
            }
        }
        body.append("]}")
    }

    private func write(_ workspace: Workspace, _ row: Int, _ column: Int, into body: inout ByteBuffer) {
        let value = workspace.value(output: 0, of: model, row: row, column: column)
        _ = value.appendJSON(to: &body, nonFinite: .tokens)
    }
}
