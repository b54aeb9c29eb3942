// SPDX-License-Identifier: Apache-2.0
internal import LinearAlgebra
internal import ModelFormat

/// NumPy's matrix product, stacks of matrices included.
struct MatMulKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let a = try context.input(0)
        let b = try context.input(1)
        let plan = try MatMulPlan(a.shape, b.shape)
        switch (a.elements, b.elements) {
        case (.float32(let left), .float32(let right)):
            var c = try context.memory(Float.self, 0, plan.shape)
            var span = c.mutableSpan
            for (index, place) in plan.places.enumerated() {
                var target = span._mutatingExtracting(index * plan.area..<(index + 1) * plan.area)
                multiplyMatrices(
                    left.span.extracting(place.left..<place.left + plan.rows * plan.inner),
                    right.span.extracting(place.right..<place.right + plan.inner * plan.columns),
                    into: &target, rows: plan.rows, inner: plan.inner, columns: plan.columns)
            }
            context.set(0, plan.shape, c)
        case (.float64(let left), .float64(let right)):
            try general(left, right, plan, &context) { $0 + $1 * $2 }
        case (.int64(let left), .int64(let right)):
            try general(left, right, plan, &context) { $0 &+ $1 &* $2 }
        case (.uint64(let left), .uint64(let right)):
            try general(left, right, plan, &context) { $0 &+ $1 &* $2 }
        default: throw OperatorError("products of \(a.type) and \(b.type) are not defined")
        }
    }

    private func general<Value: TensorElement & Numeric>(
        _ left: [Value], _ right: [Value], _ plan: MatMulPlan, _ context: inout OperatorContext,
        _ add: (Value, Value, Value) -> Value
    ) throws(OperatorError) {
        var c = try context.memory(Value.self, 0, plan.shape)
        var span = c.mutableSpan
        for (index, place) in plan.places.enumerated() {
            var target = span._mutatingExtracting(index * plan.area..<(index + 1) * plan.area)
            multiplyMatrices(
                left.span.extracting(place.left..<place.left + plan.rows * plan.inner),
                right.span.extracting(place.right..<place.right + plan.inner * plan.columns),
                into: &target, rows: plan.rows, inner: plan.inner, columns: plan.columns, add)
        }
        context.set(0, plan.shape, c)
    }
}

/// Which matrices of two stacks are multiplied.
struct MatMulPlan {
    let rows: Int
    let inner: Int
    let columns: Int
    let shape: Shape
    let places: [(left: Int, right: Int)]

    var area: Int { rows * columns }

    init(_ left: Shape, _ right: Shape) throws(OperatorError) {
        guard left.rank > 0, right.rank > 0 else { throw OperatorError("scalars have no matrix product") }
        var a = left
        var b = right
        if a.rank == 1 { a = Shape(1, left[0]) }
        if b.rank == 1 { b = Shape(right[0], 1) }
        rows = a[a.rank - 2]
        inner = a[a.rank - 1]
        columns = b[b.rank - 1]
        guard b[b.rank - 2] == inner else { throw OperatorError("\(left) times \(right)") }
        var leftStack = Shape()
        var rightStack = Shape()
        for axis in 0..<a.rank - 2 { leftStack.append(a[axis]) }
        for axis in 0..<b.rank - 2 { rightStack.append(b[axis]) }
        let stack = try leftStack.broadcast(with: rightStack)
        var shape = stack
        if left.rank > 1 { shape.append(rows) }
        if right.rank > 1 { shape.append(columns) }
        guard let count = shape.checkedCount else { throw OperatorError("a result of \(shape)") }
        self.shape = shape
        let leftArea = rows * inner
        let rightArea = inner * columns
        places =
            count == 0
            ? []
            : zip(leftStack.places(broadcastTo: stack), rightStack.places(broadcastTo: stack))
                .map { ($0 * leftArea, $1 * rightArea) }
    }
}

/// alpha · a · b + beta · c, either matrix transposed or not.
struct GemmKernel: OperatorKernel {
    let alpha: Float
    let beta: Float
    let transposesA: Bool
    let transposesB: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let a = try matrix(context.input(0), isTransposed: transposesA)
        let b = try matrix(context.input(1), isTransposed: transposesB)
        let original = context.replacements
        context.replacements = [a, b]
        defer { context.replacements = original }
        try MatMulKernel().run(&context)
        guard var product = context.output(0) else { return }
        context.replacements = original
        if alpha != 1 { product = try combine(.mul, product, scalar(alpha, product.type), &context) }
        guard var term = context.optionalInput(2), beta != 0 else { return }
        if beta != 1 { term = try combine(.mul, term, scalar(beta, term.type), &context) }
        let sum = try combine(.add, product, term, &context)
        guard sum.shape == product.shape else { throw OperatorError("c of \(term.shape)") }
    }

    private func matrix(_ tensor: Tensor, isTransposed: Bool) throws(OperatorError) -> Tensor {
        guard tensor.shape.rank == 2 else { throw OperatorError("a matrix of \(tensor.shape)") }
        guard isTransposed else { return tensor }
        let (rows, columns) = (tensor.shape[0], tensor.shape[1])
        let starts = (0..<tensor.count).map { $0 % max(rows, 1) * columns + $0 / max(rows, 1) }
        return try tensor.gathered(RunList(starts: starts, length: 1), shape: Shape(columns, rows))
    }

    private func scalar(_ value: Float, _ type: ElementType) throws(OperatorError) -> Tensor {
        try Tensor(shape: Shape(), elements: .float32([value])).cast(to: type)
    }

    private func combine(
        _ function: BinaryFunction, _ left: Tensor, _ right: Tensor, _ context: inout OperatorContext
    ) throws(OperatorError) -> Tensor {
        let original = context.replacements
        context.replacements = [left, right]
        defer { context.replacements = original }
        try BinaryKernel(function: function).run(&context)
        guard let result = context.output(0) else { throw OperatorError("no result") }
        return result
    }
}

extension OperatorTable {
    /// The layer for constant Float32 weights, when the node has them: [inputs, outputs], or transposed.
    private static func layer(
        _ description: OperatorDescription, isTransposed: Bool, scale: Float = 1
    ) -> WeightMatrix? {
        guard let b = description.constant(1), b.shape.rank == 2, case .float32(let values) = b.elements,
            b.count > 0, description.constant(0) == nil
        else { return nil }
        let inputs = isTransposed ? b.shape[1] : b.shape[0]
        let outputs = isTransposed ? b.shape[0] : b.shape[1]
        var weights = [Float](repeating: 0, count: b.count)
        for output in 0..<outputs {
            for input in 0..<inputs {
                let place = isTransposed ? output * inputs + input : input * outputs + output
                weights[output * inputs + input] = scale * values[place]
            }
        }
        return WeightMatrix(weights, inputCount: inputs, outputCount: outputs)
    }

    static let matrixOperators: [String: OperatorEntry] = [
        "MatMul": OperatorEntry(1...standardLast, 2...2, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            if let weights = layer(description, isTransposed: false) {
                return LayerChainKernel(LayerChain(.dense(weights)), requiresMatrix: false)
            }
            return MatMulKernel()
        },
        "Gemm": OperatorEntry(1...standardLast, 2...3, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            let alpha = try description.float("alpha", default: 1)
            let beta = try description.float("beta", default: 1)
            let transposesB = try description.flag("transB")
            let general = GemmKernel(
                alpha: alpha, beta: beta, transposesA: try description.flag("transA"),
                transposesB: transposesB)
            guard !general.transposesA,
                var weights = layer(description, isTransposed: transposesB, scale: alpha)
            else { return general }
            if description.hasInput(2), beta != 0 {
                let outputs = weights.outputCount
                guard let c = description.constant(2), case .float32(let values) = c.elements,
                    c.count == outputs && c.shape.rank > 0 && c.shape[c.shape.rank - 1] == outputs
                        || c.count == 1
                else { return general }
                weights = weights.adding(bias: (0..<outputs).map { beta * values[c.count == 1 ? 0 : $0] })
            }
            return LayerChainKernel(LayerChain(.dense(weights)), requiresMatrix: true)
        },
    ]
}
