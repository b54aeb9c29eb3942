// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// What runs an operator graph.
enum GraphEngine: Sendable {
    /// Our own operators.
    case native(CompiledGraph)
    /// ONNX Runtime; `isRowwise` says that rows do not know of each other, so that each may be run alone.
    case runtime(ONNXRuntimeSession, isRowwise: Bool)

    /// `inputs`: one tensor an input, of the types that the graph has.
    func run(
        _ inputs: [Tensor], into outputs: inout [Tensor], frame: GraphFrame
    ) throws(GraphError) {
        switch self {
        case .native(let graph): try graph.run(inputs, into: &outputs, frame: frame)
        case .runtime(let session, let isRowwise):
            do {
                let rows = isRowwise ? rowCount(inputs) : nil
                if let rows, rows != 1 {
                    try session.run(inputs, rowCount: rows, into: &outputs)
                } else {
                    try session.run(inputs, into: &outputs)
                }
            } catch {
                throw GraphError(place: "ONNX Runtime", reason: error.reason)
            }
        }
    }

    /// The first axis that all inputs agree on; nil where they do not, or there is no row.
    private func rowCount(_ inputs: [Tensor]) -> Int? {
        guard let first = inputs.first, first.shape.rank > 0, first.shape[0] > 0,
            inputs.allSatisfy({ $0.shape.rank > 0 && $0.shape[0] == first.shape[0] })
        else { return nil }
        return first.shape[0]
    }
}

/// Finds out whether a model that ONNX Runtime runs answers each row for itself.
///
/// The library's kernels add up in another order when there are more rows, so the last bits of an answer
/// would depend on the rows beside it. Rows that are run one by one cannot; but only a model that does so
/// anyway may be run like that, and not one that compares the rows of a request with each other.
struct RowwiseProbe {
    var session: ONNXRuntimeSession
    var source: OperatorGraph
    var types: [ElementType]

    /// Far more than the last bits, far less than what another row changes.
    private static let tolerance = 1e-3

    /// - Parameter trial: the answer to one row; nil when there is none, because sizes are open or a row of
    ///   zeros makes no sense to the model. Then the names of the axes decide.
    func isRowwise(_ trial: [Tensor]?) -> Bool {
        guard !source.inputs.isEmpty, source.inputs.allSatisfy({ firstAxis($0) != nil }) else { return false }
        guard let trial else { return axesAgree }
        guard trial.allSatisfy({ $0.shape.rank > 0 && $0.shape[0] == 1 }) else { return false }
        guard let rows = twoRows(), let together = try? answers(rows, rowCount: nil),
            let apart = try? answers(rows, rowCount: 2)
        else { return axesAgree }
        return zip(together, apart).allSatisfy { agree($0, $1) }
    }

    /// Every input and output begins with the same named axis.
    private var axesAgree: Bool {
        let axes = (source.inputs + source.outputs).map(firstAxis)
        guard let first = axes[0], !first.isEmpty else { return false }
        return axes.allSatisfy { $0 == first }
    }

    /// The name of a value's first axis, "" for one without a name; nil where it is no open axis.
    private func firstAxis(_ value: GraphValue) -> String? {
        guard case .tensor(_, let shape?) = value.kind, case .symbol(let name)? = shape.first else {
            return nil
        }
        return name
    }

    private func answers(_ rows: [Tensor], rowCount: Int?) throws(ONNXRuntimeError) -> [Tensor] {
        var outputs: [Tensor] = []
        if let rowCount {
            try session.run(rows, rowCount: rowCount, into: &outputs)
        } else {
            try session.run(rows, into: &outputs)
        }
        return outputs
    }

    /// Two rows that differ: small numbers, which may be indices too.
    private func twoRows() -> [Tensor]? {
        var tensors: [Tensor] = []
        for (index, input) in source.inputs.enumerated() {
            guard let width = OperatorGraph.rowShape(of: input) else { return nil }
            var shape = Shape(2)
            for size in width { shape.append(size) }
            let half = max(shape.count / 2, 1)
            let numbers = (0..<shape.count).map { (place: Int) -> Double in
                let mixed: Int = (place &* 5 &+ place / half &* 3) % 4
                return Double(mixed) / 4
            }
            if types[index] == .string {
                let texts = [String](repeating: "", count: shape.count)
                tensors.append(Tensor(shape: shape, elements: .string(texts)))
                continue
            }
            let isFloat = [.float32, .float64, .float16, .bfloat16].contains(types[index])
            let values = isFloat ? numbers : numbers.map { $0 > 0.25 ? 1 : 0 }
            guard
                let tensor = try? Tensor(shape: shape, elements: .float64(values)).cast(to: types[index])
            else { return nil }
            tensors.append(tensor)
        }
        return tensors
    }

    private func agree(_ left: Tensor, _ right: Tensor) -> Bool {
        guard left.shape == right.shape, left.type == right.type else { return false }
        guard let left = try? left.converted(toFloating: Double.self),
            let right = try? right.converted(toFloating: Double.self)
        else { return left.elements == right.elements }
        return zip(left, right).allSatisfy { left, right in
            left == right || (left.isNaN && right.isNaN)
                || abs(left - right) <= Self.tolerance * max(abs(left), abs(right), 1e-3)
        }
    }
}
