// SPDX-License-Identifier: Apache-2.0
package import ModelFormat
package import Tabular

/// An operator graph as a model: what it takes and answers, learnt from the file and from one trial run.
struct GraphModel: Sendable {
    let engine: GraphEngine
    let inputs: [TensorSpecification]
    let outputs: [OutputSpecification]
    private let types: [ElementType]
    /// Columns of each input in a block of rows; nil where rows cannot feed the graph.
    private let widths: [Int]?
    /// The output that rows are answered with: the first of floats, else the first of numbers.
    private let primary: Int
    /// Columns of that output.
    let primaryWidth: Int
    let isPrimaryDouble: Bool

    /// - Parameter session: runs the model instead of our own operators; `source` then needs no nodes.
    init(_ source: OperatorGraph, session: ONNXRuntimeSession? = nil) throws(GraphError) {
        var inputs: [TensorSpecification] = []
        var types: [ElementType] = []
        for input in source.inputs {
            guard case .tensor(let type, let shape) = input.kind else {
                throw GraphError(
                    .unsupportedOperator, place: "input \"\(input.name)\"",
                    reason: "sequences and maps cannot be sent; export the model with tensors")
            }
            types.append(type)
            inputs.append(
                TensorSpecification(
                    name: input.name, datatype: type.datatype, dimensions: shape.map(Self.sizes)))
        }
        self.inputs = inputs
        self.types = types
        let trial: [Tensor]?
        (engine, trial) = try Self.engine(session, source, types)
        let outputs = source.outputs.enumerated().map { index, output in
            OutputSpecification(tensor: Self.specification(output, answered: trial?[index]))
        }
        self.outputs = outputs
        let numeric = outputs.indices.filter { outputs[$0].datatype != .bytes }
        let primary =
            numeric.first { outputs[$0].datatype == .float32 || outputs[$0].datatype == .float64 }
            ?? numeric.first ?? 0
        self.primary = primary
        let answer = trial?[primary]
        primaryWidth = answer.map { $0.shape.product(min(1, $0.shape.rank)..<$0.shape.rank) } ?? 1
        isPrimaryDouble = outputs[primary].datatype != .float32
        var widths: [Int]? = []
        for input in source.inputs {
            guard let shape = OperatorGraph.rowShape(of: input), answer != nil else {
                widths = nil
                break
            }
            widths?.append(shape.reduce(1, *))
        }
        self.widths = widths
    }

    /// Rows of numbers can feed it.
    var takesRows: Bool { widths != nil && !types.contains(.string) }

    private static func sizes(_ shape: [GraphValue.Dimension]) -> [Int?] {
        shape.enumerated().map { axis, dimension in
            if case .fixed(let size) = dimension { size } else { nil }
        }
    }

    private static func engine(
        _ session: ONNXRuntimeSession?, _ source: OperatorGraph, _ types: [ElementType]
    ) throws(GraphError) -> (GraphEngine, trial: [Tensor]?) {
        guard let session else {
            let engine = GraphEngine.native(try CompiledGraph(source))
            return (engine, try trial(engine, source, types))
        }
        let whole = GraphEngine.runtime(session, isRowwise: false)
        let trial = try trial(whole, source, types)
        let isRowwise = RowwiseProbe(session: session, source: source, types: types).isRowwise(trial)
        return (.runtime(session, isRowwise: isRowwise), trial)
    }

    /// Elements of all inputs of the trial: a file of a kilobyte may declare gigabytes.
    private static let trialElementsMax = 1 << 24

    /// One row of zeros and empty texts through the graph: finds what cannot work before a request does, and
    /// the types and shapes of the answers. Nil where the file leaves sizes open, the row is too large to be
    /// tried, or texts are refused.
    private static func trial(
        _ engine: GraphEngine, _ source: OperatorGraph, _ types: [ElementType]
    ) throws(GraphError) -> [Tensor]? {
        var inputs: [Tensor] = []
        var total = 0
        for (index, input) in source.inputs.enumerated() {
            guard case .tensor(_, let shape?) = input.kind, shape.count <= Shape.rankMax else { return nil }
            var sizes = Shape()
            for (axis, dimension) in shape.enumerated() {
                switch dimension {
                case .fixed(let size): sizes.append(size)
                case .symbol:
                    guard axis == 0 else { return nil }
                    sizes.append(1)
                }
            }
            guard let count = sizes.checkedCount, count <= Self.trialElementsMax - total else { return nil }
            total += count
            let zeros = Tensor(shape: sizes, elements: .int64([Int64](repeating: 0, count: count)))
            do {
                inputs.append(try types[index] == .string ? zeros.emptyTexts() : zeros.cast(to: types[index]))
            } catch {
                return nil
            }
        }
        var outputs: [Tensor] = []
        do {
            try engine.run(inputs, into: &outputs, frame: GraphFrame())
        } catch {
            // An empty text may be none of a model's categories, and a whole number may be an index.
            if types.allSatisfy({ $0 == .float32 || $0 == .float64 }) { throw error }
            return nil
        }
        return outputs
    }

    private static func specification(_ output: GraphValue, answered: Tensor?) -> TensorSpecification {
        var type = ElementType.float32
        var dimensions: [Int?]?
        if case .tensor(let declared, let shape) = output.kind {
            type = declared
            dimensions = shape.map(sizes)
        }
        if let answered {
            type = answered.type
            let sizes = answered.shape.dimensions.enumerated().map { $0 == 0 ? nil : $1 }
            if dimensions?.count != sizes.count { dimensions = sizes }
            // The trial knows sizes that the file leaves open, but for the rows.
            dimensions = zip(dimensions ?? sizes, sizes).map { $0 ?? $1 }
        }
        return TensorSpecification(name: output.name, datatype: type.datatype, dimensions: dimensions)
    }

    // MARK: Running

    /// Answers tensors, one an input, in the order and of the types that `inputs` says.
    func run(
        _ tensors: [Tensor], into answers: inout [Tensor], frame: GraphFrame
    ) throws(GraphError) {
        var inputs: [Tensor] = []
        inputs.reserveCapacity(tensors.count)
        for (index, tensor) in tensors.enumerated() {
            do {
                inputs.append(tensor.type == types[index] ? tensor : try tensor.cast(to: types[index]))
            } catch {
                throw GraphError(place: "input \"\(self.inputs[index].name)\"", reason: error.reason)
            }
        }
        try engine.run(inputs, into: &answers, frame: frame)
    }

    /// Answers rows of numbers, `values` of the block's width, with the primary output; rows that the graph
    /// does not answer are NaN.
    func run(
        _ rows: borrowing RowBlock, range: Range<Int>, into results: inout RowBlock,
        answers: inout [Tensor], frame: GraphFrame
    ) {
        let count = range.count
        guard let widths, count > 0, takesRows else { return answers = [] }
        var tensors: [Tensor] = []
        var first = 0
        for (index, width) in widths.enumerated() {
            var values: [Double] = []
            values.reserveCapacity(count * width)
            for row in range {
                for column in first..<first + width { values.append(rows.value(row: row, column: column)) }
            }
            var shape = Shape(count)
            for size in inputs[index].dimensions?.dropFirst() ?? [] { shape.append(size ?? 1) }
            tensors.append(Tensor(shape: shape, elements: .float64(values)))
            first += width
        }
        guard (try? run(tensors, into: &answers, frame: frame)) != nil, answers.indices.contains(primary),
            let numbers = try? answers[primary].converted(toFloating: Double.self),
            numbers.count == count * primaryWidth
        else { return answers = [] }
        for row in 0..<count {
            for column in 0..<primaryWidth {
                results.set(numbers[row * primaryWidth + column], row: row, column: column)
            }
        }
    }
}

extension GraphModel {
    func sampleTensors(rows: Int) -> [Tensor]? {
        var tensors: [Tensor] = []
        for (index, input) in inputs.enumerated() {
            guard let dimensions = input.dimensions, dimensions.count <= Shape.rankMax else { return nil }
            var shape = Shape()
            for (axis, size) in dimensions.enumerated() {
                guard let size = size ?? (axis == 0 ? rows : nil) else { return nil }
                shape.append(size)
            }
            guard let count = shape.checkedCount else { return nil }
            let numbers = (0..<count).map { (place: Int) -> Double in
                let mixed: Int = (place &* 3 &+ place / 16) % 17
                return Double(mixed - 8)
            }
            if types[index] == .string {
                let texts = numbers.map { "category \(Int($0))" }
                tensors.append(Tensor(shape: shape, elements: .string(texts)))
                continue
            }
            let isFloat = [.float32, .float64, .float16, .bfloat16].contains(types[index])
            // Whole numbers may be places in a list.
            let values = Tensor(
                shape: shape, elements: .float64(isFloat ? numbers : numbers.map { $0 > 0 ? 1 : 0 }))
            guard let tensor = try? values.cast(to: types[index]) else { return nil }
            tensors.append(tensor)
        }
        return tensors
    }
}

extension GraphModel {
    /// The primary output's numbers for one row, given a value for each feature of the row schema.
    func answer(
        _ values: [SampleValue], into answers: inout [Tensor], frame: GraphFrame
    ) throws(GraphError) -> [Double] {
        guard let widths, values.count == max(1, widths.reduce(0, +)) else {
            throw GraphError(place: "the graph", reason: "its inputs are no rows of features")
        }
        var tensors: [Tensor] = []
        var first = 0
        for (index, width) in widths.enumerated() {
            var shape = Shape(1)
            for size in inputs[index].dimensions?.dropFirst() ?? [] { shape.append(size ?? 1) }
            let part = values[first..<first + width]
            tensors.append(
                Tensor(shape: shape, elements: Self.elements(part, isText: types[index] == .string)))
            first += width
        }
        try run(tensors, into: &answers, frame: frame)
        do {
            return try answers[primary].converted(toFloating: Double.self)
        } catch {
            throw GraphError(place: "output \"\(outputs[primary].name)\"", reason: error.reason)
        }
    }

    private static func elements(_ values: ArraySlice<SampleValue>, isText: Bool) -> TensorElements {
        if isText {
            return .string(values.map { if case .category(let name) = $0 { name } else { "" } })
        }
        return .float64(values.map { if case .number(let number) = $0 { number } else { .nan } })
    }
}

extension Tensor {
    fileprivate func emptyTexts() throws(OperatorError) -> Tensor {
        Tensor(shape: shape, elements: .string([String](repeating: "", count: count)))
    }
}

extension ElementType {
    /// The type on the wire; halves travel as FP32.
    package var datatype: Datatype {
        switch self {
        case .float32, .float16, .bfloat16: .float32
        case .float64: .float64
        case .int8: .int8
        case .int16: .int16
        case .int32: .int32
        case .int64: .int64
        case .uint8: .uint8
        case .uint16: .uint16
        case .uint32: .uint32
        case .uint64: .uint64
        case .bool: .bool
        case .string: .bytes
        }
    }
}
