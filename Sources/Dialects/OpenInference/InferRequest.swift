// SPDX-License-Identifier: Apache-2.0
internal import Serving
internal import Tabular

/// The parts of a V2 inference request that are not numbers; the numbers go into the workspace's row block.
struct InferRequest {
    var id: String?
    /// In the order of the request; empty when it lists none.
    var outputs: [RequestedOutput] = []
    /// `parameters.binary_data_output`: the form of the answer when the request lists no outputs.
    var wantsBinaryOutput = false
    /// `parameters.explain`: the contributions are wanted beside what else is.
    var wantsExplanation = false
    var scheduling = SchedulingParameters()

    /// What the contributions that are asked for are expected to take; 0 when none are.
    func explanationCost(_ model: ServedModel, _ workspace: Workspace) -> UInt64 {
        guard outputs.contains(where: { model.outputs[$0.output].kind == .contributions }) else { return 0 }
        return model.explanationCost(rows: workspace.rows.rowCount)
    }
}

struct RequestedOutput {
    /// Index in the model's outputs.
    var output: Int
    var isBinary: Bool
    /// The classification extension: so many of the largest values of each row, with their labels.
    var classCount: Int?
}
