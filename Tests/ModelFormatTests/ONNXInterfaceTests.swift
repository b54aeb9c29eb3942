// SPDX-License-Identifier: Apache-2.0
import Tabular
import Testing

@testable import ModelFormat

/// What is read of an ONNX file that another engine runs.
struct ONNXInterfaceTests {
    private typealias M = ONNXMessages

    /// The model as it is read for our own operators has the same inputs, outputs and facts.
    @Test(arguments: ["sk_ct_logreg", "torch_cnn_residual_dw", "sk_stacking", "sk_logreg_binary_zipmap"])
    func theInterface_isThatOfTheWholeModel(name: String) throws {
        let bytes = try Repository.bytes("Tests/Fixtures/models/onnx/\(name)/model.onnx")
        let whole = try ModelFile.load(bytes.span, fileName: name)
        let interface = try ModelFile.onnxInterface(bytes.span)
        #expect(interface.schema == whole.schema)
        #expect(interface.lineage == whole.lineage)
        guard case .operatorGraph(let full) = whole.estimator,
            case .operatorGraph(let graph) = interface.estimator
        else { return #expect(Bool(false)) }
        #expect(graph.inputs == full.inputs)
        #expect(graph.outputs == full.outputs)
        #expect(graph.nodes.isEmpty && graph.constants.isEmpty)
    }

    private static let elsewhere = Message().integer(1, 1).integer(2, 1).text(8, "w").integer(14, 1)
        .message(13, Message().text(1, "location").text(2, "w.bin"))
    private static let dense = Message().integer(1, 1).integer(2, 1).text(8, "w")

    private static func graph(_ attribute: Message) -> Message {
        M.graph(nodes: [M.node("Relu", ["x"], ["y"]).message(5, attribute)])
    }

    /// The engine would open whatever path the model names.
    @Test(arguments: [
        ("an initializer", M.graph(nodes: [M.relu], tensors: [elsewhere])),
        ("a location without its mark", M.graph(nodes: [M.relu], tensors: [dense.message(13, Message())])),
        ("a mark without a location", M.graph(nodes: [M.relu], tensors: [dense.integer(14, 1)])),
        ("an attribute", graph(Message().text(1, "value").message(5, elsewhere))),
        ("one of an attribute's", graph(Message().text(1, "values").message(10, elsewhere))),
        ("a sparse attribute", graph(Message().text(1, "v").message(22, Message().message(1, elsewhere)))),
        ("a sparse initializer", M.graph(nodes: [M.relu]).message(15, Message().message(2, elsewhere))),
        (
            "a graph inside a node",
            graph(Message().text(1, "body").message(6, M.graph(nodes: [M.relu], tensors: [elsewhere])))
        ),
        (
            "one of the graphs inside a node",
            graph(Message().text(1, "bodies").message(11, M.graph(nodes: [M.relu], tensors: [elsewhere])))
        ),
        (
            "a node of a graph inside a node",
            graph(
                Message().text(1, "body").message(
                    6, graph(Message().text(1, "value").message(5, elsewhere))))
        ),
    ])
    func aTensorInAnotherFile_isRefused(place: String, graph: Message) {
        let bytes = M.model(graph)
        let error = #expect(throws: FormatError.self) { try ModelFile.onnxInterface(bytes.span) }
        #expect(error?.code == "unsupported", "\(place)")
    }

    @Test func aTensorInAnotherFile_inAFunction_isRefused() {
        let node = M.node("Constant", [], ["y"])
            .message(5, Message().text(1, "value").message(5, Self.elsewhere))
        let function = Message().text(1, "f").message(7, node)
        let bytes = M.model(M.graph(nodes: [M.relu])) + Message().message(25, function).bytes
        let error = #expect(throws: FormatError.self) { try ModelFile.onnxInterface(bytes.span) }
        #expect(error?.code == "unsupported")
    }

    @Test(
        arguments: [
            ("two graphs", M.model(M.graph(nodes: [M.relu]).message(1, Message())), nil),
            ("no graph", Message().integer(1, 8).bytes, "missing_part"),
            ("no output", M.model(M.graph(nodes: [M.relu], outputs: [])), "invalid_value"),
            (
                "an output twice", M.model(M.graph(nodes: [M.relu], outputs: [M.value("y"), M.value("y")])),
                "duplicate_name"
            ),
            (
                "a NUL in a name", M.model(M.graph(nodes: [M.relu], inputs: [M.value("x\u{0}")])),
                "invalid_value"
            ),
            (
                "the graph twice",
                M.model(M.graph(nodes: [M.relu])) + Message().message(7, M.graph(nodes: [M.relu])).bytes,
                "duplicate_name"
            ),
        ] as [(String, [UInt8], String?)])
    func whatIsAskedOfAnInterface_isChecked(defect: String, bytes: [UInt8], code: String?) {
        do {
            _ = try ModelFile.onnxInterface(bytes.span)
            #expect(code == nil, "\(defect)")
        } catch {
            #expect(error.code == code, "\(defect)")
        }
    }

    @Test func damage_neverTraps() throws {
        let whole = try Repository.bytes("Tests/Fixtures/models/onnxruntime/zipmap.onnx")
        for length in 0..<whole.count {
            let part = Array(whole[..<length])
            _ = try? ModelFile.onnxInterface(part.span)
        }
        var bytes = whole
        for bit in 0..<whole.count * 8 {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            _ = try? ModelFile.onnxInterface(bytes.span)
            bytes[bit / 8] = whole[bit / 8]
        }
        #expect(try ModelFile.onnxInterface(whole.span).schema.count == 48)
    }
}
