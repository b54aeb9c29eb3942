// SPDX-License-Identifier: Apache-2.0
import Inference
import ModelFormat
import Tabular
import TestKit
import Testing

@testable import Serving

/// Several threads answer with the bits of one.
struct RowSplitterTests {
    private func model(_ fixture: String) throws -> CompiledModel {
        let bytes = try Fixtures.bytes("models/\(fixture)")
        return try CompiledModel(try ModelFile.load(bytes.span, fileName: "model"))
    }

    private func numbers(_ count: Int) -> [Float] {
        var random = SeededGenerator(seed: 9)
        return (0..<count).map { _ in Float.random(in: -3...3, using: &random) }
    }

    @Test(arguments: [1, 63, 64, 65, 1_000, 1_037], [2, 3, 5])
    func blocksOfRows_areAnsweredAlike(rowCount: Int, threads: Int) throws {
        let graph = ModelGraph(
            schema: FeatureSchema(features: [
                Feature(name: "a", kind: .numeric), Feature(name: "b", kind: .numeric),
            ]),
            estimator: .linear(
                LinearModel(coefficients: [1.25, -3, 0.1, 7], intercepts: [0.5, 0.25])),
            output: OutputDescription(transform: .softmax, labels: .integers([1, 2])))
        let model = try CompiledModel(graph)
        let workspace = Workspace(rowLimit: rowCount)
        workspace.rows.reset(columnCount: 2, numberType: model.inputType)
        workspace.rows.appendRows(rowCount)
        for (index, number) in numbers(rowCount * 2).enumerated() {
            workspace.rows.set(Double(number), row: index / 2, column: index % 2)
        }
        var alone = Predictions()
        var scratch = InferenceScratch()
        model.predict(workspace.rows, into: &alone, scratch: &scratch)
        RowSplitter(threads: threads).predict(model, workspace, cost: RowSplitter.costMin)
        #expect(workspace.predictions.rowCount == rowCount)
        for row in 0..<rowCount {
            for column in 0..<2 {
                #expect(
                    alone.values.value(row: row, column: column)
                        == workspace.predictions.values.value(row: row, column: column))
                #expect(
                    alone.margins.value(row: row, column: column)
                        == workspace.predictions.margins.value(row: row, column: column))
            }
        }
    }

    @Test(arguments: [1, 64, 130, 700]) func tensorsOfNetworks_areAnsweredAlike(rowCount: Int) throws {
        let model = try model("onnx/torch_cnn_digits/model.onnx")
        let tensors = [
            Tensor(shape: Shape([rowCount, 1, 8, 8]), elements: .float32(numbers(rowCount * 64)))
        ]
        var alone = Predictions()
        var scratch = InferenceScratch()
        try model.predict(tensors, into: &alone, scratch: &scratch)
        let workspace = Workspace(rowLimit: rowCount)
        try RowSplitter(threads: 3).predict(model, tensors, workspace, cost: RowSplitter.costMin)
        let together = workspace.predictions.tensors
        #expect(together.count == 1)
        #expect(together[0].shape == alone.tensors[0].shape)
        guard case .float32(let got) = together[0].elements,
            case .float32(let expected) = alone.tensors[0].elements
        else {
            Issue.record("answers of another type")
            return
        }
        let count = rowCount * 10
        #expect(got.prefix(count).map(\.bitPattern) == expected.prefix(count).map(\.bitPattern))
    }

    /// What is wrong with a request is said as without threads.
    @Test func tensorsThatDoNotFit_areRefused() throws {
        let model = try model("onnx/torch_cnn_digits/model.onnx")
        let tensors = [Tensor(shape: Shape([200, 1, 2, 2]), elements: .float32(numbers(800)))]
        #expect(throws: GraphError.self) {
            try RowSplitter(threads: 2).predict(
                model, tensors, Workspace(rowLimit: 200), cost: RowSplitter.costMin)
        }
    }

    /// Networks are known to answer rows alone; a graph that works on several is left whole.
    @Test func onlyGraphsOfRows_areSplit() throws {
        #expect(try model("onnx/torch_mlp_digits/model.onnx").answersRowsAlone)
        #expect(try !model("onnx/torch_lstm_bidir/model.onnx").answersRowsAlone)
    }
}
