// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Where the scale of each element stands: one for all, one an index of an axis, one a block along an axis.
struct ScaleLayout {
    private enum Form {
        case single
        case axis(inner: Int, size: Int)
        case blocks([Int])
    }

    private let form: Form

    init(_ x: Shape, scale: Shape, axis: Int, blockSize: Int) throws(OperatorError) {
        if scale.count == 1 && blockSize == 0 {
            form = .single
            return
        }
        let axis = try x.axis(axis)
        if blockSize > 0 {
            guard scale.rank == x.rank else { throw OperatorError("scales of \(scale) for \(x)") }
            for other in 0..<x.rank {
                let expected = other == axis ? (x[other] + blockSize - 1) / blockSize : x[other]
                guard scale[other] == expected else { throw OperatorError("scales of \(scale) for \(x)") }
            }
            let own = scale.strides
            let sizes = x.strides
            form = .blocks(
                (0..<x.count).map { index in
                    var place = 0
                    for other in 0..<x.rank {
                        let position = index / sizes[other] % x[other]
                        place += (other == axis ? position / blockSize : position) * own[other]
                    }
                    return place
                })
            return
        }
        guard scale.rank == 1, scale[0] == x[axis] else { throw OperatorError("scales of \(scale) for \(x)") }
        form = .axis(inner: x.product(axis + 1..<x.rank), size: x[axis])
    }

    func place(_ index: Int) -> Int {
        switch form {
        case .single: 0
        case .axis(let inner, let size): index / inner % size
        case .blocks(let places): places[index]
        }
    }
}

extension ElementType {
    /// The values that a quantized type has.
    var quantizedRange: ClosedRange<Int64>? {
        switch self {
        case .uint8: 0...255
        case .int8: -128...127
        case .uint16: 0...65_535
        case .int16: -32_768...32_767
        case .int32: Int64(Int32.min)...Int64(Int32.max)
        default: nil
        }
    }
}

/// y = saturate(round(x / scale) + zero point)
struct QuantizeKernel: OperatorKernel {
    let axis: Int
    let blockSize: Int
    let type: ElementType?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let scale = try context.input(1)
        let zero = context.optionalInput(2)
        let target = zero?.type ?? type ?? .uint8
        guard let range = target.quantizedRange else { throw OperatorError("quantizing to \(target)") }
        let scales = try scale.converted(toFloating: Float.self)
        let zeros = try zero?.convertedToLongs()
        guard zeros?.count ?? scales.count == scales.count else { throw OperatorError("zero points") }
        let layout = try ScaleLayout(x.shape, scale: scale.shape, axis: axis, blockSize: blockSize)
        let values = try x.converted(toFloating: Float.self)
        var results: [Int64] = []
        results.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            let place = layout.place(index)
            let quotient = (value / scales[place]).rounded(.toNearestOrEven)
            let level = quotient.isNaN ? 0 : Int64(min(max(quotient, -4e9), 4e9)) + (zeros?[place] ?? 0)
            results.append(min(max(level, range.lowerBound), range.upperBound))
        }
        context.set(0, try Tensor(shape: x.shape, elements: .int64(results)).cast(to: target))
    }
}

/// y = (x - zero point) · scale
struct DequantizeKernel: FusibleKernel {
    let axis: Int
    let blockSize: Int
    let type: ElementType?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        context.set(0, try result(context))
    }

    func fused(with next: any OperatorKernel, others: [Tensor?]) -> (any OperatorKernel)? {
        guard let softmax = next as? SoftmaxKernel, blockSize == 0, type == nil else { return nil }
        return DequantizedSoftmaxKernel(dequantize: self, softmax: softmax)
    }

    func result(_ context: OperatorContext) throws(OperatorError) -> Tensor {
        let x = try context.input(0)
        let scale = try context.input(1)
        let scales = try scale.converted(toFloating: Float.self)
        let zeros = try context.optionalInput(2)?.convertedToLongs()
        guard zeros?.count ?? scales.count == scales.count else { throw OperatorError("zero points") }
        let layout = try ScaleLayout(x.shape, scale: scale.shape, axis: axis, blockSize: blockSize)
        let levels = try x.convertedToLongs()
        let results = levels.indices.map { index in
            let place = layout.place(index)
            return Float(levels[index] &- (zeros?[place] ?? 0)) * scales[place]
        }
        return try Tensor(shape: x.shape, elements: .float32(results)).cast(to: type ?? scale.type)
    }
}

/// Finds scale and zero point of a tensor and quantizes it to UInt8.
struct DynamicQuantizeKernel: OperatorKernel {
    /// The scale, and the zero point before it becomes a whole number.
    static func steps(of values: ArraySlice<Float>) -> (scale: Float, zero: Float) {
        var low: Float = 0
        var high: Float = 0
        for value in values {
            low = min(low, value)
            high = max(high, value)
        }
        let scale = high == low ? 1 : (high - low) / 255
        return (scale, min(max((-low / scale).rounded(.toNearestOrEven), 0), 255))
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let values = try x.floats()
        let (scale, zero) = Self.steps(of: values[..<x.count])
        var levels = try context.memory(UInt8.self, 0, x.shape)
        for index in 0..<x.count {
            let level = (values[index] / scale).rounded(.toNearestOrEven) + zero
            levels[index] = level.isNaN ? 0 : UInt8(min(max(level, 0), 255))
        }
        context.set(0, x.shape, levels)
        context.set(1, Shape(), [scale])
        context.set(2, Shape(), [zero.isNaN ? UInt8(0) : UInt8(zero)])
    }
}

/// The integers of a quantized operand without its zero points.
func centred(_ x: Tensor, _ zero: Tensor?, axis: Int) throws(OperatorError) -> [Int32] {
    let levels = try x.convertedToLongs()
    guard let zeros = try zero?.convertedToLongs(), let zero else {
        return levels.map { Int32(truncatingIfNeeded: $0) }
    }
    if zeros.count == 1 { return levels.map { Int32(truncatingIfNeeded: $0 &- zeros[0]) } }
    // One a row of the left, or a column of the right matrix; stacks of matrices repeat them or bring theirs.
    guard axis >= 0, axis < x.shape.rank, zeros.count == x.shape[axis] || zeros.count == x.count else {
        let layout = try x.shape.broadcast(with: zero.shape)
        guard layout == x.shape else { throw OperatorError("zero points of \(zero.shape) for \(x.shape)") }
        let places = zero.shape.places(broadcastTo: x.shape)
        return levels.indices.map { Int32(truncatingIfNeeded: levels[$0] &- zeros[places[$0]]) }
    }
    let inner = x.shape.product(axis + 1..<x.shape.rank)
    return levels.indices.map { Int32(truncatingIfNeeded: levels[$0] &- zeros[$0 / inner % zeros.count]) }
}

func integerProduct(
    _ a: Tensor, _ aZero: Tensor?, _ b: Tensor, _ bZero: Tensor?
) throws(OperatorError) -> (values: [Int32], shape: Shape) {
    let plan = try MatMulPlan(a.shape, b.shape)
    let left = try centred(a, aZero, axis: max(0, a.shape.rank - 2))
    let right = try centred(b, bZero, axis: b.shape.rank - 1)
    var c = [Int32](repeating: 0, count: plan.shape.count)
    var span = c.mutableSpan
    for (index, place) in plan.places.enumerated() {
        var target = span._mutatingExtracting(index * plan.area..<(index + 1) * plan.area)
        multiplyMatrices(
            left.span.extracting(place.left..<place.left + plan.rows * plan.inner),
            right.span.extracting(place.right..<place.right + plan.inner * plan.columns),
            into: &target, rows: plan.rows, inner: plan.inner, columns: plan.columns
        ) { $0 &+ $1 &* $2 }
    }
    return (c, plan.shape)
}

struct MatMulIntegerKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let (values, shape) = try integerProduct(
            context.input(0), context.optionalInput(2), context.input(1), context.optionalInput(3))
        context.set(0, shape, values)
    }
}

/// A product of quantized matrices, quantized again.
struct QuantizedMatMulKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let a = try context.input(0)
        let b = try context.input(3)
        let (values, shape) = try integerProduct(a, context.input(2), b, context.input(5))
        let aScale = try context.input(1).converted(toFloating: Float.self)
        let bScale = try context.input(4).converted(toFloating: Float.self)
        let columns = shape.rank > 0 ? max(1, shape[shape.rank - 1]) : 1
        let rows = shape.rank > 1 ? max(1, shape[shape.rank - 2]) : 1
        guard aScale.count == 1 || aScale.count == rows, bScale.count == 1 || bScale.count == columns else {
            throw OperatorError("scales of \(aScale.count) and \(bScale.count)")
        }
        let target = try Requantization(scale: context.input(6), zero: context.input(7))
        let levels = values.indices.map { index in
            target.level(
                values[index],
                aScale[aScale.count == 1 ? 0 : index / columns % rows]
                    * bScale[bScale.count == 1 ? 0 : index % columns])
        }
        context.set(0, try target.tensor(levels, shape: shape))
    }
}

/// Convolution of quantized tensors: to Int32, or scaled and quantized again.
struct QuantizedConvolutionKernel: OperatorKernel {
    let geometry: WindowGeometry
    let groups: Int
    let isRequantized: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let w = try context.input(isRequantized ? 3 : 1)
        let xZero = context.optionalInput(2)
        let wZero = context.optionalInput(isRequantized ? 5 : 3)
        // Products of bytes and their sums are exact in Float64; the operator itself is the float one.
        let values = try centred(x, xZero, axis: -1)
        let weights = try centred(w, wZero, axis: 0)
        let (sums, shape) = try convolve(values, x.shape, weights, w.shape)
        guard isRequantized else { return context.set(0, shape, sums) }
        let outputs = w.shape[0]
        let area = shape.product(2..<shape.rank)
        let xScale = try context.input(1).converted(toFloating: Float.self)
        let wScale = try context.input(4).converted(toFloating: Float.self)
        let bias = try context.optionalInput(8)?.convertedToLongs()
        guard xScale.count == 1, wScale.count == 1 || wScale.count == outputs,
            bias?.count ?? outputs == outputs
        else { throw OperatorError("scales or a bias of another size than \(outputs)") }
        let target = try Requantization(scale: context.input(6), zero: context.input(7))
        let levels = sums.indices.map { index in
            let channel = index / area % outputs
            let sum = sums[index] &+ Int32(truncatingIfNeeded: bias?[channel] ?? 0)
            return target.level(sum, xScale[0] * wScale[wScale.count == 1 ? 0 : channel])
        }
        context.set(0, try target.tensor(levels, shape: shape))
    }

    private func convolve(
        _ x: [Int32], _ xShape: Shape, _ w: [Int32], _ wShape: Shape
    ) throws(OperatorError) -> ([Int32], Shape) {
        let rank = xShape.rank
        guard rank >= 3, rank <= 5, wShape.rank == rank, groups > 0, xShape[1] == wShape[1] * groups,
            wShape[0] % groups == 0
        else { throw OperatorError("an input of \(xShape) and weights of \(wShape)") }
        let placed = try geometry.placed(on: xShape, kernelShape: wShape)
        var shape = Shape(xShape[0], wShape[0])
        for axis in 0..<rank - 2 { shape.append(placed.output[5 - rank + axis]) }
        let inner = wShape[1] * placed.kernelArea
        guard let count = shape.checkedCount, Shape(inner, placed.outputArea).checkedCount != nil else {
            throw OperatorError("a result of \(shape)")
        }
        var y = [Int32](repeating: 0, count: count)
        var columns = [Int32](repeating: 0, count: inner * placed.outputArea)
        let outputs = wShape[0] / groups
        var span = y.mutableSpan
        for block in 0..<xShape[0] * groups {
            var target = columns.mutableSpan
            for channel in 0..<wShape[1] {
                placed.unfold(
                    x.span, base: (block * wShape[1] + channel) * placed.inputArea, zero: 0, into: &target,
                    row: channel * placed.kernelArea)
            }
            let group = block % groups
            var result = span._mutatingExtracting(
                block * outputs * placed.outputArea..<(block + 1) * outputs * placed.outputArea)
            multiplyMatrices(
                w.span.extracting(group * outputs * inner..<(group + 1) * outputs * inner), columns.span,
                into: &result, rows: outputs, inner: inner, columns: placed.outputArea
            ) { $0 &+ $1 &* $2 }
        }
        return (y, shape)
    }
}

extension OperatorTable {
    private static func convolution(isRequantized: Bool) -> OperatorEntry {
        OperatorEntry(10...standardLast, isRequantized ? 8...9 : 2...4) {
            (description) throws(OperatorError) -> any OperatorKernel in
            QuantizedConvolutionKernel(
                geometry: try WindowGeometry(description),
                groups: try description.integer("group", default: 1), isRequantized: isRequantized)
        }
    }

    static let quantizedOperators: [String: OperatorEntry] = {
        let last = standardLast
        var entries: [String: OperatorEntry] = [
            "QuantizeLinear": OperatorEntry(10...last, 2...3) {
                (description) throws(OperatorError) -> any OperatorKernel in
                QuantizeKernel(
                    axis: try description.integer("axis", default: 1),
                    blockSize: max(0, try description.integer("block_size", default: 0)),
                    type: try description.integer("output_dtype") == 0
                        ? nil : try description.elementType("output_dtype"))
            },
            "DequantizeLinear": OperatorEntry(10...last, 2...3) {
                (description) throws(OperatorError) -> any OperatorKernel in
                DequantizeKernel(
                    axis: try description.integer("axis", default: 1),
                    blockSize: max(0, try description.integer("block_size", default: 0)),
                    type: try description.integer("output_dtype") == 0
                        ? nil : try description.elementType("output_dtype"))
            },
            "DynamicQuantizeLinear": OperatorEntry(11...last, 1...1, outputs: 3...3) { _ in
                DynamicQuantizeKernel()
            },
        ]
        entries["MatMulInteger"] = OperatorEntry(10...last, 2...4) { _ in MatMulIntegerKernel() }
        entries["QLinearMatMul"] = OperatorEntry(10...last, 8...8) { _ in QuantizedMatMulKernel() }
        entries["ConvInteger"] = convolution(isRequantized: false)
        entries["QLinearConv"] = convolution(isRequantized: true)
        return entries
    }()
}
