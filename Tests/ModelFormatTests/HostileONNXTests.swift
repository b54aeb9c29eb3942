// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@testable import ModelFormat

/// ONNX files that lie, and what is said of them.
struct HostileONNXTests {
    private func code(_ bytes: [UInt8]) -> String {
        do {
            _ = try ModelFile.load(bytes.span, fileName: "model.onnx")
            return "read"
        } catch {
            #expect(!error.description.isEmpty)
            return error.code
        }
    }

    typealias M = ONNXMessages

    @Test func aSmallModel_isRead() throws {
        let bytes = M.model(M.graph(nodes: [M.relu]))
        let graph = try ModelFile.load(bytes.span, fileName: "model.onnx")
        guard case .operatorGraph(let operators) = graph.estimator else {
            Issue.record("no operator graph")
            return
        }
        #expect(operators.nodes.map(\.type) == ["Relu"])
        #expect(operators.inputs == [GraphValue(name: "x", kind: .tensor(.float32, shape: [.fixed(1)]))])
        #expect(operators.operatorSets == ["": 17])
        #expect(graph.lineage.facts["producer"] == "test")
    }

    @Test func nodesOutOfOrder_areSorted() throws {
        let branch = M.graph(nodes: [M.node("Relu", ["b"], ["c"])], inputs: [], outputs: [M.value("c")])
        let attributes = ["then_branch", "else_branch"].map {
            Message().text(1, $0).integer(20, 5).message(6, branch)
        }
        let nodes = [
            M.node("If", ["a"], ["y"], attributes: attributes), M.node("Cast", ["b"], ["a"]),
            M.node("Abs", ["x"], ["b"]), M.node("Neg", ["x"], ["unused"]),
        ]
        let bytes = M.model(M.graph(nodes: nodes))
        let graph = try ModelFile.load(bytes.span, fileName: "model.onnx")
        guard case .operatorGraph(let operators) = graph.estimator else {
            Issue.record("no operator graph")
            return
        }
        #expect(operators.nodes.map(\.type) == ["Abs", "Cast", "If", "Neg"])
    }

    @Test(arguments: [
        ("a node reads what nothing makes", M.graph(nodes: [M.node("Relu", ["z"], ["y"])]), "invalid_value"),
        ("a node reads its own answer", M.graph(nodes: [M.node("Relu", ["y"], ["y"])]), "invalid_value"),
        (
            "nodes in a circle",
            M.graph(nodes: [M.node("Add", ["x", "y"], ["z"]), M.node("Relu", ["z"], ["y"])]), "invalid_value"
        ),
        ("two nodes make one name", M.graph(nodes: [M.relu, M.relu]), "duplicate_name"),
        ("a node makes an input", M.graph(nodes: [M.node("Relu", ["x"], ["x"])]), "duplicate_name"),
        ("an output that nothing makes", M.graph(nodes: []), "invalid_value"),
        ("no output", M.graph(nodes: [M.relu], outputs: []), "invalid_value"),
        (
            "one output twice", M.graph(nodes: [M.relu], outputs: [M.value("y"), M.value("y")]),
            "duplicate_name"
        ),
        ("a node without an operator", M.graph(nodes: [M.node("", ["x"], ["y"])]), "invalid_value"),
        (
            "nine axes",
            M.graph(nodes: [M.relu], inputs: [M.value("x", shape: [1, 1, 1, 1, 1, 1, 1, 1, 1])]),
            "invalid_value"
        ),
        ("a four-bit input", M.graph(nodes: [M.relu], inputs: [M.value("x", type: 22)]), "unsupported"),
        ("sparse weights", M.graph(nodes: [M.relu]).message(15, Message()), "unsupported"),
        ("bytes that are no message", M.graph(nodes: [M.relu]).raw([0x0A, 0x05, 1]), "truncated"),
        ("a group", M.graph(nodes: [M.relu]).raw([0x0B]), "invalid_value"),
        ("field 0", M.graph(nodes: [M.relu]).raw([0x02, 0]), "invalid_value"),
        (
            "an endless number", M.graph(nodes: [M.relu]).raw([0x10] + [UInt8](repeating: 0xFF, count: 12)),
            "invalid_value"
        ),
    ])
    func aHostileGraph_isRefused(defect: String, graph: Message, expected: String) {
        #expect(code(M.model(graph)) == expected, "\(defect)")
    }

    @Test(arguments: [
        ("fewer bytes than its shape", M.tensor("w", shape: [2], raw: [0, 0, 0, 0]), "wrong_size"),
        ("more bytes than its shape", M.tensor("w", shape: [1], raw: [0, 0, 0, 0, 0]), "wrong_size"),
        ("a negative size", M.tensor("w", shape: [-1], raw: []), "invalid_value"),
        ("sizes that wrap", M.tensor("w", shape: [1 << 31, 1 << 31, 4], raw: []), "size_overflow"),
        ("a size beyond all memory", M.tensor("w", shape: [.max], raw: []), "invalid_value"),
        ("an unknown type", M.tensor("w", shape: [1], type: 99, raw: [0]), "unsupported"),
        ("no elements", Message().integer(1, 3).integer(2, 1).text(8, "w"), "wrong_shape"),
        ("a segment", M.tensor("w", shape: [1], raw: [0, 0, 0, 0]).message(3, Message()), "unsupported"),
        (
            "another file",
            Message().integer(1, 1).integer(2, 1).text(8, "w").integer(14, 1)
                .message(13, Message().text(1, "location").text(2, "w.bin")), "unsupported"
        ),
        (
            "another file without a name", Message().integer(1, 1).integer(2, 1).text(8, "w").integer(14, 1),
            "missing_part"
        ),
    ])
    func aHostileTensor_isRefused(defect: String, tensor: Message, expected: String) {
        let bytes = M.model(M.graph(nodes: [M.relu], tensors: [tensor]))
        #expect(code(bytes) == expected, "\(defect)")
    }

    @Test func graphsNestedTooDeep_areRefused() {
        var graph = M.graph(nodes: [M.relu])
        for _ in 0..<20 {
            let attribute = Message().text(1, "then_branch").integer(20, 5).message(6, graph)
            graph = M.graph(nodes: [M.node("If", ["x"], ["y"], attributes: [attribute])])
        }
        #expect(code(M.model(graph)) == "invalid_value")
    }

    @Test func elementsOutsideTheirList_areRefused() {
        let node = M.node("Relu", ["x"], ["y"], attributes: [Message().text(1, "a").integer(20, 14)])
        #expect(code(M.model(M.graph(nodes: [node]))) == "unsupported")
        let twice = M.node(
            "Relu", ["x"], ["y"],
            attributes: [Message().text(1, "a").integer(3, 1), Message().text(1, "a").integer(3, 1)])
        #expect(code(M.model(M.graph(nodes: [twice]))) == "duplicate_name")
    }

    @Test func versionsThatCannotBe_areRefused() {
        #expect(code(M.model(M.graph(nodes: [M.relu]), version: -1)) == "unsupported_version")
        #expect(code(Message().integer(1, 8).text(2, "t").bytes) == "missing_part")
    }

    /// Attributes of files before operator sets had types leave them out.
    @Test func attributesWithoutAType_areKnownByTheirField() throws {
        let attributes = [
            Message().text(1, "f").float(2, 1.5), Message().text(1, "i").integer(3, 7),
            Message().text(1, "s").text(4, "a"), Message().text(1, "l").integer(8, 1).integer(8, 2),
            Message().text(1, "p").bytes(8, [3, 4]), Message().text(1, "n").text(9, "b"),
            Message().text(1, "d").float(7, 2),
        ]
        let bytes = M.model(M.graph(nodes: [M.node("Relu", ["x"], ["y"], attributes: attributes)]))
        let graph = try ONNXReader.read(bytes.span).graph
        #expect(
            graph.nodes[0].attributes == [
                "f": .float(1.5), "i": .integer(7), "s": .string("a"), "l": .integers([1, 2]),
                "p": .integers([3, 4]), "n": .strings(["b"]), "d": .floats([2]),
            ])
    }

    private func model(calling name: String, _ functions: [Message]) -> [UInt8] {
        let call = M.node(name, ["x"], ["y"], attributes: [Message().text(1, "slope").float(2, 0.5)])
            .text(7, "own")
        var model = Message().integer(1, 8).text(2, "test").message(7, M.graph(nodes: [call]))
            .message(8, Message().text(1, "").integer(2, 17)).message(
                8, Message().text(1, "own").integer(2, 1))
        for function in functions { model = model.message(25, function) }
        return model.bytes
    }

    @Test func functions_standInForTheirCalls() throws {
        let leaky = M.node(
            "LeakyRelu", ["a"], ["t"],
            attributes: [Message().text(1, "alpha").text(21, "slope").integer(20, 1)])
        let function = Message().text(1, "Twice").text(4, "a").text(5, "b").text(6, "slope")
            .message(7, leaky).message(7, M.node("Add", ["t", "t"], ["b"])).text(10, "own")
            .message(9, Message().text(1, "").integer(2, 17))
        let graph = try ONNXReader.read(model(calling: "Twice", [function]).span).graph
        #expect(graph.nodes.map(\.type) == ["LeakyRelu", "Add"])
        #expect(graph.nodes[0].attributes["alpha"] == .float(0.5))
        #expect(graph.nodes[0].inputs == ["x"] && graph.nodes[1].outputs == ["y"])
        #expect(graph.nodes[0].outputs == [graph.nodes[1].inputs[0]])
    }

    @Test func functionsThatCallThemselves_areRefused() {
        let endless = Message().text(1, "Endless").text(4, "a").text(5, "b").text(10, "own")
            .message(7, M.node("Endless", ["a"], ["t"]).text(7, "own"))
            .message(7, M.node("Endless", ["t"], ["b"]).text(7, "own"))
        #expect(code(model(calling: "Endless", [endless])) == "invalid_value")
        #expect(code(model(calling: "x", [Message().text(10, "own")])) == "invalid_value")
    }
}
