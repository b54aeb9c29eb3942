// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// A graph inside a node, with the values of the graphs around it that it reads.
struct InnerGraph: Sendable {
    let graph: CompiledGraph
    /// For each captured name the node's input that carries it.
    private let carriers: [Int]

    /// - Parameter first: where the node's inputs that carry outer values begin.
    init(_ graph: OperatorGraph, _ description: OperatorDescription, carriersFrom first: Int)
        throws(OperatorError)
    {
        let names = description.node.inputs
        let free = graph.freeNames
        do {
            var compiler = GraphCompiler(graph, outerNames: Set(free))
            self.graph = try compiler.compile()
        } catch {
            throw OperatorError("in its graph, \(error)")
        }
        var carriers: [Int] = []
        for name in self.graph.captured {
            guard let place = names[first...].firstIndex(of: name) else {
                throw OperatorError("its graph reads \"\(name)\", which is not there")
            }
            carriers.append(place)
        }
        self.carriers = carriers
    }

    func run(
        _ inputs: [Tensor], _ context: OperatorContext, frame: GraphFrame
    ) throws(OperatorError) -> [Tensor] {
        guard inputs.count == graph.inputs.count else {
            throw OperatorError("its graph takes \(graph.inputs.count) inputs, \(inputs.count) are given")
        }
        var all = inputs
        for carrier in carriers { all.append(try context.input(carrier)) }
        var outputs: [Tensor] = []
        do {
            try graph.run(all, into: &outputs, frame: frame)
        } catch {
            throw OperatorError("in its graph, \(error)")
        }
        return outputs
    }
}

/// One of two graphs.
struct IfKernel: OperatorKernel {
    let whenTrue: InnerGraph
    let whenFalse: InnerGraph

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        guard let condition = try context.input(0).array(Bool.self, "the condition").first else {
            throw OperatorError("the condition is empty")
        }
        let outputs = try (condition ? whenTrue : whenFalse).run([], context, frame: GraphFrame())
        guard outputs.count >= context.outputCount else { throw OperatorError("its graph makes too little") }
        for (index, output) in outputs.enumerated() { context.set(index, output) }
    }
}

/// A graph run again and again, its results fed back.
struct LoopKernel: VolatileKernel {
    let body: InnerGraph
    /// Values that are fed back; what else the body makes is collected.
    let stateCount: Int

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let most = try context.optionalInput(0)?.convertedToLongs().first ?? Int64.max
        var goesOn = try context.optionalInput(1)?.array(Bool.self, "the condition").first ?? true
        var state: [Tensor] = []
        for index in 0..<stateCount { state.append(try context.input(2 + index)) }
        var collected: [Collector] = []
        let frame = GraphFrame()
        var iteration: Int64 = 0
        while goesOn && iteration < most {
            guard iteration < Int64(GraphLimits.iterationsMax) else { throw OperatorError("it does not end") }
            let inputs = [
                Tensor(shape: Shape(), elements: .int64([iteration])),
                Tensor(shape: Shape(), elements: .bool([goesOn])),
            ]
            let outputs = try body.run(inputs + state, context, frame: frame)
            guard outputs.count > stateCount else { throw OperatorError("its graph makes too little") }
            goesOn = try outputs[0].array(Bool.self, "the condition").first ?? false
            state = Array(outputs[1..<1 + stateCount])
            for index in 0..<outputs.count - stateCount - 1 {
                if iteration == 0 { collected.append(Collector()) }
                try collected[index].append(outputs[1 + stateCount + index])
            }
            iteration += 1
        }
        for (index, tensor) in state.enumerated() { context.set(index, tensor) }
        for index in stateCount..<max(stateCount, context.outputCount) {
            let place = index - stateCount
            let stacked =
                place < collected.count
                ? try collected[place].stacked(axis: 0)
                : Tensor(shape: Shape(0), elements: .float32([]))
            context.set(index, stacked)
        }
    }
}

/// Tensors of one shape and type that become one, along a new axis.
struct Collector {
    private var parts: [Tensor] = []
    private var total = 0

    mutating func append(_ tensor: Tensor) throws(OperatorError) {
        if let first = parts.first {
            guard first.type == tensor.type, first.shape == tensor.shape else {
                throw OperatorError("results of \(first.shape) and \(tensor.shape)")
            }
        }
        total += tensor.count
        guard total <= GraphLimits.elementsMax, tensor.shape.rank < Shape.rankMax else {
            throw OperatorError("the results are too large")
        }
        parts.append(tensor)
    }

    func stacked(axis: Int, isReversed: Bool = false) throws(OperatorError) -> Tensor {
        guard let first = parts.first else { return Tensor(shape: Shape(0), elements: .float32([])) }
        let axis = try first.shape.axis(axis, adding: 1)
        let ordered = isReversed ? parts.reversed() : parts
        var stacker = Stacker(parts: ordered)
        let joined = Tensor(shape: Shape(total), elements: try first.elements.accept(&stacker))
        var shape = Shape()
        for other in 0..<first.shape.rank + 1 {
            if other == axis { shape.append(parts.count) }
            if other < first.shape.rank { shape.append(first.shape[other]) }
        }
        let inner = first.shape.product(axis..<first.shape.rank)
        var starts: [Int] = []
        for outer in 0..<first.shape.product(0..<axis) {
            for part in parts.indices { starts.append(part * first.count + outer * inner) }
        }
        return try joined.gathered(RunList(starts: starts, length: inner), shape: shape)
    }

    private struct Stacker: ElementVisitor {
        let parts: [Tensor]

        func visit<Element: TensorElement>(_: [Element]) throws(OperatorError) -> TensorElements {
            var all: [Element] = []
            for part in parts { all.append(contentsOf: try part.array(Element.self).prefix(part.count)) }
            return Element.elements(all)
        }
    }
}

/// A graph run over the slices of some inputs, states fed back, results collected.
struct ScanKernel: VolatileKernel {
    let body: InnerGraph
    let scanCount: Int
    let stateCount: Int
    let inputAxes: [Int]
    let inputDirections: [Int]
    let outputAxes: [Int]
    let outputDirections: [Int]

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        var state: [Tensor] = []
        for index in 0..<stateCount { state.append(try context.input(index)) }
        var scanned: [Tensor] = []
        var length: Int?
        for index in 0..<scanCount {
            let input = try context.input(stateCount + index)
            let axis = try input.shape.axis(inputAxes.isEmpty ? 0 : inputAxes[index])
            guard input.shape.rank > 0, length == nil || length == input.shape[axis] else {
                throw OperatorError("scanned inputs of different lengths")
            }
            length = input.shape[axis]
            scanned.append(input)
        }
        let count = length ?? 0
        let resultCount = body.graph.outputs.count - stateCount
        guard count <= GraphLimits.iterationsMax, resultCount >= 0 else { throw OperatorError("too long") }
        var collected = [Collector](repeating: Collector(), count: resultCount)
        let frame = GraphFrame()
        for step in 0..<count {
            var inputs = state
            for (index, input) in scanned.enumerated() {
                let isReverse = !inputDirections.isEmpty && inputDirections[index] == 1
                let place = isReverse ? count - 1 - step : step
                inputs.append(
                    try Self.slice(input, axis: inputAxes.isEmpty ? 0 : inputAxes[index], place: place))
            }
            let outputs = try body.run(inputs, context, frame: frame)
            state = Array(outputs.prefix(stateCount))
            for index in 0..<resultCount { try collected[index].append(outputs[stateCount + index]) }
        }
        for (index, tensor) in state.enumerated() { context.set(index, tensor) }
        for index in 0..<resultCount {
            context.set(
                stateCount + index,
                try collected[index].stacked(
                    axis: outputAxes.isEmpty ? 0 : outputAxes[index],
                    isReversed: !outputDirections.isEmpty && outputDirections[index] == 1))
        }
    }

    private static func slice(_ x: Tensor, axis: Int, place: Int) throws(OperatorError) -> Tensor {
        let axis = try x.shape.axis(axis)
        let inner = x.shape.product(axis + 1..<x.shape.rank)
        let starts = (0..<x.shape.product(0..<axis)).map { ($0 * x.shape[axis] + place) * inner }
        let shape = Shape((0..<x.shape.rank).filter { $0 != axis }.map { x.shape[$0] })
        return try x.gathered(RunList(starts: starts, length: inner), shape: shape)
    }
}

extension OperatorTable {
    static let controlOperators: [String: OperatorEntry] = {
        let last = standardLast
        return [
            "If": OperatorEntry(1...last, 1...ONNXPorts.most, outputs: 1...ONNXPorts.most) {
                (description) throws(OperatorError) -> any OperatorKernel in
                IfKernel(
                    whenTrue: try InnerGraph(
                        description.graph("then_branch"), description, carriersFrom: 1),
                    whenFalse: try InnerGraph(
                        description.graph("else_branch"), description, carriersFrom: 1))
            },
            "Loop": OperatorEntry(1...last, 2...ONNXPorts.most, outputs: 0...ONNXPorts.most) {
                (description) throws(OperatorError) -> any OperatorKernel in
                let graph = try description.graph("body")
                let states = graph.inputs.count - 2
                guard states >= 0, description.inputCount >= 2 + states, graph.outputs.count > states else {
                    throw OperatorError("its body takes \(graph.inputs.count) inputs")
                }
                return LoopKernel(
                    body: try InnerGraph(graph, description, carriersFrom: 2 + states), stateCount: states)
            },
            "Scan": OperatorEntry(9...last, 1...ONNXPorts.most, outputs: 1...ONNXPorts.most) {
                (description) throws(OperatorError) -> any OperatorKernel in
                let graph = try description.graph("body")
                guard let scans = try description.integer("num_scan_inputs"), scans >= 1,
                    scans <= graph.inputs.count, description.inputCount >= graph.inputs.count
                else { throw OperatorError("num_scan_inputs does not fit") }
                let states = graph.inputs.count - scans
                let results = graph.outputs.count - states
                func list(_ name: String, _ count: Int) throws(OperatorError) -> [Int] {
                    let values = try description.integers(name) ?? []
                    guard values.isEmpty || values.count == count else { throw OperatorError(name) }
                    return values
                }
                return ScanKernel(
                    body: try InnerGraph(graph, description, carriersFrom: graph.inputs.count),
                    scanCount: scans, stateCount: states, inputAxes: try list("scan_input_axes", scans),
                    inputDirections: try list("scan_input_directions", scans),
                    outputAxes: try list("scan_output_axes", results),
                    outputDirections: try list("scan_output_directions", results))
            },
        ]
    }()
}
