// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular
import Testing

@testable import ModelFormat

/// Operator graphs in native files.
struct NativeOperatorGraphTests {
    private static let names = [
        "mlflow_onnx", "omt_lgb_multi", "onnx_treeensemble5_float", "ort_int8_mlp_dynamic", "sk_ct_logreg",
        "sk_knn_imputer", "sk_logreg_string_labels", "torch_cnn_digits_dynamo", "torch_lstm_bidir",
    ]

    private func graph(_ name: String) throws -> ModelGraph {
        let bytes = try Repository.bytes("Tests/Fixtures/models/onnx/\(name)/model.onnx")
        return try ModelFile.load(bytes.span, fileName: "model.onnx")
    }

    @Test(arguments: names) func graphs_comeBackTheSame(name: String) throws {
        let graph = try graph(name)
        let file = try NativeModel.write(graph)
        let read = try ModelFile.load(file.span, fileName: "model.safetensors")
        guard case .operatorGraph(let original) = graph.estimator,
            case .operatorGraph(let copy) = read.estimator
        else {
            Issue.record("no operator graph")
            return
        }
        // NaN is not equal to itself: two graphs are the same when their files are.
        #expect(ONNXWriter.write(copy) == ONNXWriter.write(original))
        #expect(copy.nodes.count == original.nodes.count)
        #expect(copy.inputs == original.inputs && copy.outputs == original.outputs)
        #expect(read.schema == graph.schema && read.lineage == graph.lineage)
        let again = try NativeModel.write(read)
        #expect(again == file)
    }

    /// Every kind of value that a graph can hold, and the version of a node that stood in a function.
    @Test func everyPart_comesBackTheSame() throws {
        let elements: [TensorElements] = [
            .float32([1.5, -0.0]), .uint8([0, 255]), .int8([-128, 127]), .uint16([1, 65535]),
            .int16([-32768, 5]), .int32([.min, .max]), .int64([.min, .max]), .string(["a", "é\u{0}b"]),
            .bool([true, false]), .float16([1.5, -2]), .float64([1e-300, .infinity]), .uint32([7, .max]),
            .uint64([.max, 0]), .bfloat16([BFloat16(1.5), BFloat16(-3)]),
        ]
        let constants = elements.enumerated().map {
            ConstantTensor(name: "c\($0)", shape: [2, 1], elements: $1)
        }
        let inner = OperatorGraph(
            name: "inner", operatorSets: ["": 17, "ai.onnx.ml": 3], inputs: [],
            outputs: [GraphValue(name: "c0", kind: .unknown)], constants: [], nodes: [])
        var node = OperatorNode(
            name: "n", domain: "ai.onnx.ml", type: "Anything", inputs: ["x", "", "c1"], outputs: ["y"],
            attributes: [
                "f": .float(0.25), "i": .integer(-7), "s": .string("text"), "fs": .floats([1, .infinity]),
                "is": .integers([.min, 3]), "ss": .strings(["", "b"]), "g": .graph(inner),
                "t": .tensor(ConstantTensor(shape: [], elements: .float32([3]))),
                "e": .tensor(ConstantTensor(shape: [0], elements: .string([]))),
            ])
        node.version = 9
        let graph = OperatorGraph(
            name: "g", operatorSets: ["": 17, "ai.onnx.ml": 3],
            inputs: [
                GraphValue(
                    name: "x", kind: .tensor(.float32, shape: [.symbol("N"), .fixed(2), .symbol("")])),
                GraphValue(name: "w", kind: .tensor(.string, shape: nil)),
            ],
            outputs: [
                GraphValue(name: "y", kind: .sequence), GraphValue(name: "c2", kind: .map),
                GraphValue(name: "c3", kind: .unknown),
            ], constants: constants, nodes: [node])
        let bytes = ONNXWriter.write(graph)
        let isRecognised = ONNXReader.begins(bytes.span)
        #expect(isRecognised)
        let read = try ONNXReader.read(bytes.span).graph.takingVersions()
        #expect(read == graph)
    }

    @Test func whatSurroundsAGraph_isCheckedAgainstIt() throws {
        var graph = try graph("onnx_treeensemble5_float")
        graph.schema = FeatureSchema(features: [Feature(name: "other", kind: .numeric)])
        var file = try NativeModel.write(graph)
        #expect(throws: FormatError.self) { try NativeModel.read(file.span) }
        graph = try self.graph("onnx_treeensemble5_float")
        graph.output = OutputDescription(transform: .logistic)
        file = try NativeModel.write(graph)
        #expect(throws: FormatError.self) { try NativeModel.read(file.span) }
    }

    /// A flipped bit that the digest does not see, because the file was written with it.
    @Test func damagedGraphs_areRefusedOrRead() throws {
        let graph = try graph("sk_logreg_string_labels")
        guard case .operatorGraph(let operators) = graph.estimator else { return }
        let bytes = ONNXWriter.write(operators)
        var refused = 0
        for place in stride(from: 0, to: bytes.count, by: 3) {
            var damaged = bytes
            damaged[place] ^= 0x41
            if (try? ONNXReader.read(damaged.span).graph.takingVersions()) == nil { refused += 1 }
        }
        #expect(refused > bytes.count / 20)
    }
}
