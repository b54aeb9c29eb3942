// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

@testable import Inference

/// Operator graphs that the recorded models do not hold.
struct GraphModelTests {
    private func node(
        _ type: String, _ inputs: [String], _ output: String, _ attributes: [String: OperatorAttribute] = [:]
    ) -> OperatorNode {
        OperatorNode(
            name: output, domain: "", type: type, inputs: inputs, outputs: [output], attributes: attributes)
    }

    private func value(_ name: String, _ type: ElementType, _ sizes: [GraphValue.Dimension]?) -> GraphValue {
        GraphValue(name: name, kind: .tensor(type, shape: sizes))
    }

    /// PyTorch's bags of embeddings: nothing is fed back, a result is collected each time.
    @Test func aLoopWithoutStates_collects() throws {
        let body = OperatorGraph(
            name: "body", operatorSets: ["": 17], inputs: [value("i", .int64, []), value("go", .bool, [])],
            outputs: [value("on", .bool, []), value("square", .int64, [])], constants: [],
            nodes: [node("Identity", ["go"], "on"), node("Mul", ["i", "i"], "square")])
        let graph = OperatorGraph(
            name: "loop", operatorSets: ["": 17], inputs: [value("count", .int64, [])],
            outputs: [value("squares", .int64, nil)], constants: [],
            nodes: [node("Loop", ["count", ""], "squares", ["body": .graph(body)])])
        var outputs: [Tensor] = []
        try CompiledGraph(graph).run(
            [Tensor(shape: Shape(), elements: .int64([4]))], into: &outputs, frame: GraphFrame())
        #expect(outputs[0].shape == Shape(4))
        #expect(try outputs[0].convertedToLongs() == [0, 1, 4, 9])
    }

    /// The largest row that is tried at load is large; two inputs share the limit.
    @Test func inputsTooLargeTogether_areNotTried() throws {
        func model(_ size: Int) throws -> GraphModel {
            let sizes: [GraphValue.Dimension] = [.symbol("rows"), .fixed(size)]
            return try GraphModel(
                OperatorGraph(
                    name: "two", operatorSets: ["": 17],
                    inputs: [value("a", .float32, sizes), value("b", .float32, sizes)],
                    outputs: [value("sum", .float32, nil)], constants: [],
                    nodes: [
                        node("ReduceSum", ["a"], "first", ["keepdims": .integer(1)]),
                        node("ReduceSum", ["b"], "second", ["keepdims": .integer(1)]),
                        node("Add", ["first", "second"], "sum"),
                    ]))
        }
        #expect(try model(1 << 10).takesRows)
        #expect(try !model(1 << 23 | 1).takesRows)
    }

    private func run(_ nodes: [OperatorNode], _ constants: [(String, Tensor)]) throws -> Tensor {
        var frame: [Tensor] = []
        let inputs = constants.map { GraphValue(name: $0.0, kind: .tensor($0.1.type, shape: nil)) }
        let graph = OperatorGraph(
            name: "g", operatorSets: ["": 17, "com.microsoft": 1], inputs: inputs,
            outputs: [value("y", .uint8, nil)], constants: [], nodes: nodes)
        try CompiledGraph(graph).run(constants.map(\.1), into: &frame, frame: GraphFrame())
        return frame[0]
    }

    /// Levels of 8 bits in, levels out; by hand from the scales.
    @Test func runtimeOperators_computeOnLevels() throws {
        func scalar(_ x: Float) -> Tensor { Tensor(shape: Shape(), elements: .float32([x])) }
        func byte(_ x: UInt8) -> Tensor { Tensor(shape: Shape(), elements: .uint8([x])) }
        let a: (String, Tensor) = ("a", Tensor(shape: Shape(1, 2), elements: .uint8([130, 120])))
        let b: (String, Tensor) = ("b", Tensor(shape: Shape(2, 2), elements: .uint8([2, 0, 1, 5])))
        let rest: [(String, Tensor)] = [
            ("sa", scalar(0.5)), ("za", byte(128)), ("sb", scalar(0.25)), ("zb", byte(1)),
            ("sy", scalar(0.125)),
            ("zy", byte(100)),
        ]
        func own(_ type: String, _ inputs: [String]) -> OperatorNode {
            OperatorNode(
                name: "n", domain: "com.microsoft", type: type, inputs: inputs, outputs: ["y"],
                attributes: [:])
        }
        // a is [1, -4], b is [[0.25, -0.25], [0, 1]], and 3 levels of 0.125 are added.
        let bias: (String, Tensor) = ("c", Tensor(shape: Shape(2), elements: .int32([3, 3])))
        let product = try run(
            [own("QGemm", ["a", "sa", "za", "b", "sb", "zb", "c", "sy", "zy"])], [a, b, bias] + rest)
        #expect(try product.convertedToLongs() == [100 + 2 + 3, 100 - 34 + 3])
        let floats = try run([own("QGemm", ["a", "sa", "za", "b", "sb", "zb"])], [a, b] + rest)
        #expect(try floats.converted(toFloating: Float.self) == [0.25, -4.25])
        let small: (String, Tensor) = ("b", Tensor(shape: Shape(2), elements: .uint8([2, 5])))
        let sum = try run(
            [own("QLinearAdd", ["a", "sa", "za", "b", "sb", "zb", "sy", "zy"])], [a, small] + rest)
        #expect(try sum.convertedToLongs() == [110, 76])
        let times = try run(
            [own("QLinearMul", ["a", "sa", "za", "b", "sb", "zb", "sy", "zy"])], [a, small] + rest)
        #expect(try times.convertedToLongs() == [102, 68])
        let leaky = try run([own("QLinearLeakyRelu", ["a", "sa", "za", "sy", "zy"])], [a] + rest)
        #expect(try leaky.convertedToLongs() == [108, 100])
        let image: (String, Tensor) = (
            "a", Tensor(shape: Shape([1, 1, 1, 2]), elements: .uint8([130, 120]))
        )
        let mean = try run([own("QLinearGlobalAveragePool", ["a", "sa", "za", "sy", "zy"])], [image] + rest)
        #expect(mean.shape == Shape([1, 1, 1, 1]))
        #expect(try mean.convertedToLongs() == [88])
    }

    /// Numbers that no file of a quantization holds end at the range's end or wrap.
    @Test func quantizedExtremes_areNoTrap() throws {
        let far = Tensor(shape: Shape(1, 1), elements: .int64([.max]))
        let low = Tensor(shape: Shape(), elements: .int64([.min]))
        _ = try? run(
            [
                OperatorNode(
                    name: "n", domain: "", type: "MatMulInteger", inputs: ["a", "a", "z", "z"],
                    outputs: ["y"], attributes: [:])
            ], [("a", far), ("z", low)])
        let tiny = Tensor(shape: Shape(), elements: .float32([.leastNonzeroMagnitude]))
        let row = Tensor(shape: Shape(1, 2), elements: .uint8([1, 2]))
        let zero = Tensor(shape: Shape(), elements: .uint8([7]))
        let graph = OperatorGraph(
            name: "g", operatorSets: ["com.microsoft": 1],
            inputs: [value("a", .uint8, nil)], outputs: [value("y", .uint8, nil)],
            constants: [
                ConstantTensor(name: "s", shape: [], elements: tiny.elements),
                ConstantTensor(name: "z", shape: [], elements: zero.elements),
            ],
            nodes: [
                OperatorNode(
                    name: "n", domain: "com.microsoft", type: "QLinearSoftmax",
                    inputs: ["a", "s", "z", "s", "z"], outputs: ["y"], attributes: [:])
            ])
        var outputs: [Tensor] = []
        try CompiledGraph(graph).run([row], into: &outputs, frame: GraphFrame())
        #expect(try outputs[0].convertedToLongs() == [255, 255])
    }
}
