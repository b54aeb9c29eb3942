// SPDX-License-Identifier: Apache-2.0
internal import LinearAlgebra
internal import ModelFormat

/// Layers whose weights are constant, in one node: Gemm, MatMul or Conv with what follows them.
struct LayerChainKernel: FusibleKernel {
    private let chain: LayerChain
    private let slot = LayerPlanSlot()
    /// The first input is a matrix: Gemm is one of the layers.
    private let requiresMatrix: Bool
    /// A term that is a matrix makes a matrix of a vector.
    private let makesMatrix: Bool
    /// What a row looks like, where the graph says it.
    private let rowShape: Shape?

    init(
        _ chain: LayerChain, requiresMatrix: Bool, makesMatrix: Bool = false, rowShape: Shape? = nil
    ) {
        self.chain = chain
        self.requiresMatrix = requiresMatrix
        self.makesMatrix = makesMatrix
        self.rowShape = rowShape
    }

    var answersRowsAlone: Bool { true }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let values = try x.floats()
        let rank = x.shape.rank
        let isPlanes = chain.beginsWithPlanes
        guard isPlanes ? rank == 3 || rank == 4 : rank >= 1, rank == 2 || !requiresMatrix else {
            throw OperatorError("rows of \(x.shape)")
        }
        // Images keep their first axis; dense layers change the last one only.
        let leading = isPlanes ? 1 : rank - 1
        var row = Shape()
        for axis in leading..<rank { row.append(x.shape[axis]) }
        let plan = try slot.plan(chain, rowShape: row)
        var shape = Shape()
        for axis in 0..<leading { shape.append(x.shape[axis]) }
        if leading == 0 && makesMatrix { shape.append(1) }
        for axis in 0..<plan.outputShape.rank { shape.append(plan.outputShape[axis]) }
        var y = try context.memory(Float.self, 0, shape)
        let count = x.shape.product(0..<leading)
        context.withLayerMemory { memory in
            var span = y.mutableSpan
            plan.run(values.span, rowCount: count, into: &span, memory: &memory)
        }
        context.set(0, shape, y)
    }

    func fused(with next: any OperatorKernel, others: [Tensor?]) -> (any OperatorKernel)? {
        switch next {
        case let unary as UnaryKernel: joined(chain.appending(.function(unary.function)))
        case let binary as BinaryKernel: adding(binary, others)
        case let pooling as PoolingKernel: joined(pooling.layer.flatMap { chain.appending($0) })
        case let reshape as ReshapeKernel:
            reshape.flattensRows(of: rowWidth, others) ? joined(chain.appending(.flatten)) : nil
        case let other as LayerChainKernel: joining(other)
        default: nil
        }
    }

    private func joined(_ chain: LayerChain?) -> LayerChainKernel? {
        chain.map {
            LayerChainKernel(
                $0, requiresMatrix: requiresMatrix, makesMatrix: makesMatrix, rowShape: rowShape)
        }
    }

    private func joining(_ other: LayerChainKernel) -> LayerChainKernel? {
        var chain = self.chain
        // What a chain that begins with rows answers is no image, and the reverse.
        for layer in other.chain.layers {
            guard let longer = chain.appending(layer) else { return nil }
            chain = longer
        }
        return LayerChainKernel(
            chain, requiresMatrix: requiresMatrix || other.requiresMatrix && !self.chain.beginsWithPlanes,
            makesMatrix: makesMatrix || other.makesMatrix, rowShape: rowShape)
    }

    private func adding(_ binary: BinaryKernel, _ others: [Tensor?]) -> LayerChainKernel? {
        guard binary.function == .add, binary.legacyAxis == nil, let other = others.first, let term = other,
            case .float32(let values) = term.elements,
            term.shape.rank == 1 || term.shape.rank == 2 && term.shape[0] == 1,
            let chain = chain.adding(bias: Array(values.prefix(term.count)))
        else { return nil }
        return LayerChainKernel(
            chain, requiresMatrix: requiresMatrix, makesMatrix: makesMatrix || term.shape.rank == 2,
            rowShape: rowShape)
    }

    /// Numbers of one answer, where the graph says how large the images are.
    private var rowWidth: Int? {
        rowShape.flatMap { try? LayerPlan(chain, rowShape: $0).outputCount }
    }
}

extension PoolingKernel {
    /// The layer of a chain, nil where the windows are padded, or answer something else.
    fileprivate var layer: LayerChain.Layer? {
        guard let geometry, geometry.isPlain else { return nil }
        switch function {
        case .maximum: return .pooling(geometry, mean: false)
        case .average: return .pooling(geometry, mean: true)
        case .norm: return nil
        }
    }
}

extension ReshapeKernel {
    /// Whether this makes a row of each image, whose numbers are `width` where that is known.
    fileprivate func flattensRows(of width: Int?, _ others: [Tensor?]) -> Bool {
        switch form {
        case .flatten(let axis): return axis == 1
        case .reshape(let attribute, let allowsZero):
            guard let wanted = attribute ?? others.first?.flatMap({ try? $0.integers("the shape") }),
                wanted.count == 2
            else { return false }
            if wanted[0] == 0 && !allowsZero { return wanted[1] == -1 || wanted[1] == width }
            return wanted[0] == -1 && width != nil && wanted[1] == width
        case .squeeze, .unsqueeze: return false
        }
    }
}

extension WindowGeometry {
    /// Neither padded nor rounded up nor with gaps.
    fileprivate var isPlain: Bool {
        (padding == .none || padding == .valid) && !roundsUp && (pads ?? []).allSatisfy { $0 == 0 }
            && (dilations ?? []).allSatisfy { $0 == 1 }
    }
}
