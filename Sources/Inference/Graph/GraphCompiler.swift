// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Turns an operator graph into nodes that find their values by number: operators looked up, constant parts
/// evaluated, neighbours fused, every value given a slot that it shares with values of other times.
struct GraphCompiler {
    private let graph: OperatorGraph
    /// Names of the graphs around this one that it may read; they become inputs behind its own.
    private let outerNames: Set<String>

    private var constants: [Tensor] = []
    private var constantIndex: [String: Int] = [:]
    private var nodes: [PendingNode] = []
    private(set) var captured: [String] = []

    private struct PendingNode {
        var kernel: any OperatorKernel
        var inputs: [String]
        var outputs: [String]
        var place: String
    }

    init(_ graph: OperatorGraph, outerNames: Set<String> = []) {
        self.graph = graph
        self.outerNames = outerNames
    }

    mutating func compile() throws(GraphError) -> CompiledGraph {
        for constant in graph.constants {
            constantIndex[constant.name] = constants.count
            constants.append(Tensor(constant))
        }
        for (index, node) in graph.nodes.enumerated() {
            try add(node, place: "node \(index) (\(node.type))")
        }
        dropUnusedNodes()
        fuseNeighbours()
        return assignSlots()
    }

    // MARK: Nodes

    private mutating func add(_ node: OperatorNode, place: String) throws(GraphError) {
        guard let version = node.version ?? graph.operatorSets[node.domain] ?? (node.domain.isEmpty ? nil : 1)
        else {
            throw GraphError(place: place, reason: "the model imports no operator set \"\(node.domain)\"")
        }
        var node = node
        try captureOuterNames(of: &node)
        let description = OperatorDescription(
            node: node, version: version,
            constants: node.inputs.map { name in constantIndex[name].map { constants[$0] } },
            rowShapes: node.inputs.map(rowShape), operatorSets: graph.operatorSets)
        let kernel = try OperatorTable.kernel(for: description, place: place)
        var pending = PendingNode(
            kernel: kernel, inputs: node.inputs, outputs: node.outputs, place: place)
        // Chains have laid their weights out, and read nothing but rows.
        if kernel is LayerChainKernel { pending.inputs = Array(node.inputs.prefix(1)) }
        if !fold(pending) { nodes.append(pending) }
    }

    /// The sizes of a graph's input behind the first, where all are known.
    private func rowShape(_ name: String) -> Shape? {
        guard let input = graph.inputs.first(where: { $0.name == name }),
            case .tensor(_, let dimensions?) = input.kind, dimensions.count <= Shape.rankMax
        else { return nil }
        var shape = Shape()
        for dimension in dimensions.dropFirst() {
            guard case .fixed(let size) = dimension else { return nil }
            shape.append(size)
        }
        return shape.checkedCount == nil ? nil : shape
    }

    /// Names of outer graphs that the node, or a graph inside it, reads become inputs: of this graph where it
    /// does not know them, of the node where a graph inside it reads them.
    private mutating func captureOuterNames(of node: inout OperatorNode) throws(GraphError) {
        for input in node.inputs { capture(input) }
        var inner: [String] = []
        for attribute in node.attributes.sorted(by: { $0.key < $1.key }) {
            guard case .graph(let graph) = attribute.value else { continue }
            for name in graph.freeNames where !inner.contains(name) { inner.append(name) }
        }
        for name in inner { capture(name) }
        node.inputs += inner
    }

    private mutating func capture(_ name: String) {
        guard outerNames.contains(name), !isKnown(name), !captured.contains(name) else { return }
        captured.append(name)
    }

    private func isKnown(_ name: String) -> Bool {
        constantIndex[name] != nil || graph.inputs.contains { $0.name == name }
            || nodes.contains { $0.outputs.contains(name) }
    }

    /// Evaluates a node whose inputs are all constants. One that fails stays: what it cannot do is said when
    /// it runs.
    private mutating func fold(_ node: PendingNode) -> Bool {
        guard !(node.kernel is any VolatileKernel) else { return false }
        for input in node.inputs where !input.isEmpty && constantIndex[input] == nil { return false }
        let frame = GraphFrame()
        frame.reserve(node.outputs.count)
        var context = OperatorContext(
            frame: frame, constants: constants,
            inputs: node.inputs.map { constantIndex[$0].map { .constant($0) } ?? .none },
            outputs: node.outputs.indices.map { node.outputs[$0].isEmpty ? .none : .slot($0) })
        guard (try? node.kernel.run(&context)) != nil else { return false }
        let results = node.outputs.indices.map { frame.slots[$0] }
        guard results.allSatisfy({ $0.count <= GraphLimits.foldedElementsMax }) else { return false }
        for (index, name) in node.outputs.enumerated() where !name.isEmpty {
            constantIndex[name] = constants.count
            constants.append(results[index])
        }
        return true
    }

    private mutating func dropUnusedNodes() {
        var needed = Set(graph.outputs.map(\.name))
        var kept: [PendingNode] = []
        for node in nodes.reversed() {
            guard node.outputs.contains(where: { needed.contains($0) }) else { continue }
            needed.formUnion(node.inputs)
            kept.append(node)
        }
        nodes = kept.reversed()
        for index in nodes.indices {
            for output in nodes[index].outputs.indices
            where !needed.contains(nodes[index].outputs[output]) {
                nodes[index].outputs[output] = ""
            }
        }
    }

    /// Joins a node with the one reader of its result where their kernels know how.
    private mutating func fuseNeighbours() {
        var readers: [String: Int] = [:]
        for node in nodes { for input in node.inputs { readers[input, default: 0] += 1 } }
        for output in graph.outputs { readers[output.name, default: 0] += 1 }
        var maker: [String: Int] = [:]
        var fused: [PendingNode] = []
        for node in nodes {
            if node.outputs.count == 1,
                let place = fusionPlace(node, maker: maker, readers: readers, fused: fused)
            {
                let before = fused[place.node]
                let rest = node.inputs.enumerated().filter { $0.offset != place.input }.map {
                    constantIndex[$0.element].map { constants[$0] }
                }
                // What widens has nothing to do here: chains are of Float32, and others widen themselves.
                let kernel = (node.kernel as? WideningKernel)?.kernel ?? node.kernel
                if let kernel = (before.kernel as? any FusibleKernel)?.fused(with: kernel, others: rest) {
                    fused[place.node].kernel = kernel
                    fused[place.node].outputs = node.outputs
                    maker[node.outputs[0]] = place.node
                    continue
                }
            }
            for output in node.outputs where !output.isEmpty { maker[output] = fused.count }
            fused.append(node)
        }
        nodes = fused
    }

    private func fusionPlace(
        _ node: PendingNode, maker: [String: Int], readers: [String: Int], fused: [PendingNode]
    ) -> (node: Int, input: Int)? {
        for (index, input) in node.inputs.enumerated() {
            guard let place = maker[input], readers[input] == 1, fused[place].outputs == [input] else {
                continue
            }
            // The others must be constants: they are known wherever the fused node stands.
            let others = node.inputs.enumerated().filter { $0.offset != index }
            if others.allSatisfy({ constantIndex[$0.element] != nil }) { return (place, index) }
        }
        return nil
    }

    // MARK: Slots

    private func assignSlots() -> CompiledGraph {
        var lastReader: [String: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for input in node.inputs { lastReader[input] = index }
        }
        for output in graph.outputs { lastReader[output.name] = Int.max }
        var slots: [String: Int] = [:]
        var slotCount = 0
        for name in graph.inputs.map(\.name) + captured {
            slots[name] = slotCount
            slotCount += 1
        }
        var free: [Int] = []
        func reference(_ name: String) -> ValueReference {
            if name.isEmpty { return .none }
            if let constant = constantIndex[name] { return .constant(constant) }
            return slots[name].map { .slot($0) } ?? .none
        }
        // Only what is still read stays in memory.
        let read = Set(nodes.flatMap(\.inputs) + graph.outputs.map(\.name)).compactMap { constantIndex[$0] }
        var kept = [Tensor](
            repeating: Tensor(shape: Shape(0), elements: .float32([])), count: constants.count)
        for constant in read { kept[constant] = constants[constant] }
        var compiled: [CompiledNode] = []
        for (index, node) in nodes.enumerated() {
            let inputs = node.inputs.map(reference)
            var outputs: [ValueReference] = []
            for output in node.outputs {
                if output.isEmpty {
                    outputs.append(.none)
                    continue
                }
                let slot = free.popLast() ?? slotCount
                if slot == slotCount { slotCount += 1 }
                slots[output] = slot
                outputs.append(.slot(slot))
            }
            // Slots of values whose last reader this was; inputs of the graph keep theirs.
            for input in Set(node.inputs) where lastReader[input] == index {
                guard let slot = slots[input], slot >= graph.inputs.count + captured.count else { continue }
                free.append(slot)
            }
            compiled.append(
                CompiledNode(kernel: node.kernel, inputs: inputs, outputs: outputs, place: node.place))
        }
        return CompiledGraph(
            inputs: graph.inputs, outputs: graph.outputs, captured: captured, constants: kept,
            nodes: compiled, outputReferences: graph.outputs.map { reference($0.name) },
            slotCount: slotCount)
    }
}

/// A kernel whose result is not the same whenever it runs, or costs too much to be evaluated at load.
protocol VolatileKernel: OperatorKernel {}

/// A kernel that can do the work of the next one too.
protocol FusibleKernel: OperatorKernel {
    /// This kernel with `next`'s work done on its result, nil where they do not fit. `others` are the
    /// constants that `next` reads beside the result.
    func fused(with next: any OperatorKernel, others: [Tensor?]) -> (any OperatorKernel)?
}

extension OperatorGraph {
    /// Names that the graph reads and does not make: those of graphs around it.
    var freeNames: [String] {
        var known = Set(inputs.map(\.name) + constants.map(\.name))
        var free: [String] = []
        func note(_ name: String) {
            if !name.isEmpty && !known.contains(name) && !free.contains(name) { free.append(name) }
        }
        for node in nodes {
            node.inputs.forEach(note)
            for attribute in node.attributes.sorted(by: { $0.key < $1.key }) {
                if case .graph(let inner) = attribute.value { inner.freeNames.forEach(note) }
            }
            known.formUnion(node.outputs)
        }
        outputs.map(\.name).forEach(note)
        return free
    }
}
