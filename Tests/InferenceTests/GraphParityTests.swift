// SPDX-License-Identifier: Apache-2.0
import Base
import ModelFormat
import Testing

@testable import Inference

/// Models that scikit-learn, PyTorch, XGBoost, LightGBM and CatBoost exported, with what ONNX Runtime
/// answered.
struct GraphParityTests {
    static let cases: [String] = {
        let names = (try? Directory.names(in: GraphCases.directory)) ?? []
        return names.compactMap { $0 }.filter { !$0.contains(".") }.sorted()
    }()

    @Test(arguments: cases) func recordedRows_areAnsweredAsONNXRuntimeDid(name: String) throws {
        let bytes = try File.read(GraphCases.directory + "\(name)/model.onnx", limit: 1 << 24)
        let graph = try CompiledGraph(try ONNXReader.read(bytes.span).graph)
        let text = try File.read(GraphCases.directory + "\(name)/case.json", limit: 1 << 24)
        let record = try JSONValue.parse(text.span)
        let inputs = try inputs(of: record, for: graph)
        var outputs: [Tensor] = []
        let frame = GraphFrame()
        try graph.run(inputs, into: &outputs, frame: frame)
        let relative = name.hasPrefix("torch") || name.hasPrefix("ort") ? 1e-5 : 1e-6
        var compared = 0
        for (output, got) in zip(graph.outputs, outputs) {
            guard let expected = try expectation(record, output: output.name, place: compared) else {
                continue
            }
            let difference = try GraphCases.difference(
                got, expected, relative: relative, absolute: relative)
            #expect(difference == nil, "\(output.name): \(difference ?? "")")
            compared += 1
        }
        #expect(compared == graph.outputs.count || name == "mlflow_onnx" && compared == 1)
        // DynamicQuantizeLinear finds one scale for all rows: there the operator itself makes them company.
        if name == "ort_int8_mlp_dynamic" { return }
        try expectIndependence(of: graph, inputs, outputs, frame)
    }

    /// A row alone is answered with the same bits as in company.
    private func expectIndependence(
        of graph: CompiledGraph, _ inputs: [Tensor], _ together: [Tensor], _ frame: GraphFrame
    ) throws {
        let rows = inputs[0].shape[0]
        for row in 0..<min(rows, 5) {
            var part: [Tensor] = []
            for input in inputs {
                var shape = input.shape
                shape[0] = 1
                let size = input.count / rows
                part.append(try input.gathered(RunList(starts: [row * size], length: size), shape: shape))
            }
            var alone: [Tensor] = []
            try graph.run(part, into: &alone, frame: frame)
            for (index, answer) in alone.enumerated() {
                let whole = together[index]
                let size = whole.count / rows
                let cut = try whole.gathered(
                    RunList(starts: [row * size], length: size), shape: answer.shape)
                let exact = try answer.gathered(RunList(starts: [0], length: size), shape: answer.shape)
                #expect(exact.elements == cut.elements, "row \(row), output \(index)")
            }
        }
    }

    private func inputs(of record: JSONValue, for graph: CompiledGraph) throws -> [Tensor] {
        let input = try #require(record["input"])
        if let named = input["inputs"] {
            return try graph.inputs.map { try GraphCases.tensor(try #require(named[$0.name])) }
        }
        let rows = try #require(input["rows"]?.array)
        let numbers = rows.flatMap { GraphCases.flat($0).map(GraphCases.number) }
        let shape = Shape(rows.count, numbers.count / rows.count)
        return [try Tensor(shape: shape, elements: .float64(numbers)).cast(to: .float32)]
    }

    /// What ONNX Runtime answered; for files that the original library wrote, that library's probabilities.
    private func expectation(_ record: JSONValue, output: String, place: Int) throws -> Tensor? {
        if let value = record["onnxruntime_outputs"]?[output] {
            guard let rows = value["zipmap"]?.array else { return try GraphCases.tensor(value) }
            // Each map is its labels, then their probabilities.
            let numbers = rows.flatMap { row in
                GraphCases.flat(row.array?.last ?? .null).map(GraphCases.number)
            }
            return try Tensor(
                shape: Shape(rows.count, numbers.count / rows.count), elements: .float64(numbers)
            )
            .cast(to: .float32)
        }
        let expected = try #require(record["expected"])
        if output == "label" {
            let values = GraphCases.flat(expected["class"] ?? expected["predict"] ?? .array([]))
            guard !values.isEmpty else { return nil }
            return Tensor(shape: Shape(values.count), elements: .int64(values.compactMap(\.integer)))
        }
        let value = try #require(expected["proba"] ?? expected["predict_proba"])
        let rows = try #require(value.array)
        let numbers = GraphCases.flat(value).map(GraphCases.number)
        return try Tensor(shape: Shape(rows.count, numbers.count / rows.count), elements: .float64(numbers))
            .cast(to: .float32)
    }
}
