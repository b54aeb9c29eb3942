// SPDX-License-Identifier: Apache-2.0
internal import Inference
internal import Registry
internal import Tabular

/// Rows of several requests for one version, computed in one block; a row's answer does not depend on the
/// others.
///
/// State: owned by its worker; the memory is kept.
package final class JointBlock {
    private var rows = RowBlock()
    private var predictions = Predictions()
    private var scratch = InferenceScratch()

    package init() {}

    /// Answers the rows of all workspaces, which hold requests for `model`, each into its own.
    package func predict(_ model: ServedModel, _ workspaces: [Workspace]) {
        precondition(model.tensorInputs == nil, "operator graphs take their rows one by one")
        rows.reset(columnCount: model.schema.count, numberType: model.inputType)
        for workspace in workspaces {
            precondition(workspace.rowMargins.rowCount == 0, "rows with margins of their own stay alone")
            rows.append(0..<workspace.rows.rowCount, of: workspace.rows)
        }
        model.loaded.model.predict(rows, into: &predictions, scratch: &scratch)
        var first = 0
        for workspace in workspaces {
            let end = first + workspace.rows.rowCount
            workspace.predictions.assign(first..<end, of: predictions)
            first = end
        }
    }
}
