// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Operator graphs, which take and answer tensors.
extension CompiledModel {
    /// What runs the model: `native`, or `onnxruntime-1.32.0`.
    package var engine: String {
        guard case .graph(let model) = kernel, case .runtime(let session, _) = model.engine else {
            return "native"
        }
        return "onnxruntime-\(session.library.version)"
    }

    /// Whether blocks of rows can be answered: all models but operator graphs with inputs of another kind.
    ///
    /// An operator graph that cannot answer some rows leaves the predictions' `tensors` empty.
    package var takesRows: Bool { if case .graph(let model) = kernel { model.takesRows } else { true } }

    /// Answers tensors, one for each of `tensorInputs`, into the predictions' `tensors`, one for each of
    /// `outputs`. Only for operator graphs.
    ///
    /// - Throws: what an operator cannot do with these tensors.
    package func predict(
        _ tensors: [Tensor], into predictions: inout Predictions, scratch: inout InferenceScratch
    ) throws(GraphError) {
        guard case .graph(let model) = kernel else {
            preconditionFailure("only an operator graph takes tensors")
        }
        try model.run(tensors, into: &predictions.tensors, frame: scratch.graphFrame)
    }

    /// Tensors to measure an operator graph with: `rows` rows of different numbers, of texts where it takes
    /// texts. Nil where the file leaves sizes other than the rows open.
    package func sampleTensors(rows: Int) -> [Tensor]? {
        guard case .graph(let model) = kernel else { return nil }
        return model.sampleTensors(rows: rows)
    }

    /// The answer to one golden sample of an operator graph.
    func answer(
        _ sample: GoldenSample, into predictions: inout Predictions, scratch: inout InferenceScratch
    ) throws(GraphError) -> [Double] {
        guard case .graph(let model) = kernel else { return [] }
        return try model.answer(sample.inputs, into: &predictions.tensors, frame: scratch.graphFrame)
    }
}
