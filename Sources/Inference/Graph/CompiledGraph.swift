// SPDX-License-Identifier: Apache-2.0
package import ModelFormat

/// One operator of a compiled graph.
struct CompiledNode: Sendable {
    var kernel: any OperatorKernel
    var inputs: [ValueReference]
    var outputs: [ValueReference]
    /// `node 3 (Reshape)`
    var place: String
}

/// An operator graph made ready to run. Immutable.
package final class CompiledGraph: Sendable {
    package let inputs: [GraphValue]
    package let outputs: [GraphValue]
    /// Names of outer graphs whose values follow the inputs.
    let captured: [String]
    private let constants: [Tensor]
    private let nodes: [CompiledNode]
    private let outputReferences: [ValueReference]
    private let slotCount: Int

    init(
        inputs: [GraphValue], outputs: [GraphValue], captured: [String], constants: [Tensor],
        nodes: [CompiledNode], outputReferences: [ValueReference], slotCount: Int
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.captured = captured
        self.constants = constants
        self.nodes = nodes
        self.outputReferences = outputReferences
        self.slotCount = slotCount
    }

    package convenience init(_ graph: OperatorGraph) throws(GraphError) {
        var compiler = GraphCompiler(graph)
        self.init(copying: try compiler.compile())
    }

    private convenience init(copying other: CompiledGraph) {
        self.init(
            inputs: other.inputs, outputs: other.outputs, captured: other.captured,
            constants: other.constants, nodes: other.nodes, outputReferences: other.outputReferences,
            slotCount: other.slotCount)
    }

    /// Whether each row's answer depends on that row alone, as far as the operators are known for it: each
    /// reads one value, and that is the graph's input or comes from it.
    var answersRowsAlone: Bool {
        !nodes.isEmpty && captured.isEmpty
            && nodes.allSatisfy { node in
                guard case .slot? = node.inputs.first, node.inputs.count == 1 else { return false }
                return node.kernel.answersRowsAlone
            }
            && outputReferences.allSatisfy { if case .slot = $0 { true } else { false } }
    }

    /// Runs the graph on `inputs`, one a graph input (then one a captured name), and fills `outputs`, one a
    /// graph output.
    func run(
        _ inputs: [Tensor], into outputs: inout [Tensor], frame: GraphFrame
    ) throws(GraphError) {
        precondition(inputs.count == self.inputs.count + captured.count, "one tensor an input")
        // What the last run answered shares its memory with the slots, which would be copied when written to.
        outputs.removeAll(keepingCapacity: true)
        frame.reserve(slotCount)
        for (slot, input) in inputs.enumerated() { frame.set(slot, input) }
        for node in nodes {
            var context = OperatorContext(
                frame: frame, constants: constants, inputs: node.inputs, outputs: node.outputs)
            do {
                try node.kernel.run(&context)
            } catch {
                throw GraphError(place: node.place, reason: error.reason)
            }
        }
        for reference in outputReferences {
            switch reference {
            case .slot(let slot): outputs.append(frame.slots[slot])
            case .constant(let constant): outputs.append(constants[constant])
            case .none: throw GraphError(place: "the graph", reason: "an output is not made")
            }
        }
        for slot in inputs.indices { frame.set(slot, Tensor(shape: Shape(0), elements: .float32([]))) }
    }
}
