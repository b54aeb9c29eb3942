// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Operators of ONNX Runtime's own set, which its quantization writes in the form of operators: between
/// tensors of 8 bits, computed as it computes them.
///
/// Source: docs/ContribOperators.md of microsoft/onnxruntime.

/// A scale and the integers without their zero point.
private struct QuantizedOperand {
    let shape: Shape
    let levels: [Int32]
    let scales: [Float]

    init(_ context: OperatorContext, at index: Int) throws(OperatorError) {
        let x = try context.input(index)
        shape = x.shape
        levels = try centred(x, context.optionalInput(index + 2), axis: max(0, x.shape.rank - 1))
        scales = try context.input(index + 1).converted(toFloating: Float.self)
        guard !scales.isEmpty else { throw OperatorError("no scale of input \(index)") }
    }

    /// The numbers themselves.
    var floats: [Float] { levels.map { Float($0) * scales[0] } }
}

/// a · b + c, quantized again where a scale is given.
struct QuantizedGemmKernel: OperatorKernel {
    let alpha: Float
    let transposesA: Bool
    let transposesB: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let a = try QuantizedOperand(context, at: 0)
        let b = try context.input(3)
        let bScales = try context.input(4).converted(toFloating: Float.self)
        guard a.shape.rank == 2, b.shape.rank == 2 else {
            throw OperatorError("matrices of \(a.shape) and \(b.shape)")
        }
        let right = try centred(b, context.optionalInput(5), axis: transposesB ? 0 : 1)
        let (rows, inner) = transposesA ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
        let (other, columns) = transposesB ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
        let shape = Shape(rows, columns)
        guard inner == other, let count = shape.checkedCount, a.scales.count == 1,
            bScales.count == 1 || bScales.count == columns
        else { throw OperatorError("matrices of \(a.shape) and \(b.shape), \(bScales.count) scales") }
        var sums = [Int32](repeating: 0, count: count)
        var target = sums.mutableSpan
        let left = transposesA ? transposed(a.levels, columns: a.shape[1]) : a.levels
        multiplyMatrices(
            left.span, (transposesB ? transposed(right, columns: b.shape[1]) : right).span, into: &target,
            rows: rows, inner: inner, columns: columns
        ) { $0 &+ $1 &* $2 }
        if let bias = try context.optionalInput(6)?.convertedToLongs() {
            guard bias.count == columns else { throw OperatorError("\(bias.count) addends") }
            for index in sums.indices { sums[index] &+= Int32(truncatingIfNeeded: bias[index % columns]) }
        }
        let factors = bScales.map { alpha * a.scales[0] * $0 }
        guard let scale = context.optionalInput(7), let zero = context.optionalInput(8) else {
            let numbers = sums.indices.map {
                Float(sums[$0]) * factors[factors.count == 1 ? 0 : $0 % columns]
            }
            return context.set(0, shape, numbers)
        }
        let requantization = try Requantization(scale: scale, zero: zero)
        let levels = sums.indices.map {
            requantization.level(sums[$0], factors[factors.count == 1 ? 0 : $0 % columns])
        }
        context.set(0, try requantization.tensor(levels, shape: shape))
    }

    private func transposed(_ matrix: [Int32], columns: Int) -> [Int32] {
        let rows = columns > 0 ? matrix.count / columns : 0
        return (0..<matrix.count).map { matrix[$0 % rows * columns + $0 / rows] }
    }
}

/// Sums and products, number by number.
struct QuantizedPairKernel: OperatorKernel {
    enum Form: Sendable { case sum, product }

    let form: Form

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let a = try QuantizedOperand(context, at: 0)
        let b = try QuantizedOperand(context, at: 3)
        let target = try Requantization(scale: context.input(6), zero: context.input(7))
        let shape = try a.shape.broadcast(with: b.shape)
        guard shape.checkedCount != nil, a.scales.count == 1, b.scales.count == 1 else {
            throw OperatorError("a result of \(shape), or several scales")
        }
        let aPlaces = a.shape.places(broadcastTo: shape)
        let bPlaces = b.shape.places(broadcastTo: shape)
        let (aRatio, bRatio) = (target.ratio(a.scales[0]), target.ratio(b.scales[0]))
        let factor = target.ratio(a.scales[0] * b.scales[0])
        let levels = (0..<shape.count).map { index in
            let x = Float(a.levels[aPlaces[index]])
            let y = Float(b.levels[bPlaces[index]])
            return switch form {
            case .sum: target.level((y * bRatio).addingProduct(x, aRatio))
            case .product: target.level(x * y * factor)
            }
        }
        context.set(0, try target.tensor(levels, shape: shape))
    }
}

/// A function of one number.
struct QuantizedUnaryKernel: OperatorKernel {
    let function: UnaryFunction

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try QuantizedOperand(context, at: 0)
        let target = try Requantization(scale: context.input(3), zero: zeroPoint(context, 4))
        var numbers = x.floats
        var span = numbers.mutableSpan
        function.apply(&span)
        context.set(0, try target.tensor(numbers.map(target.level(of:)), shape: x.shape))
    }
}

/// What is pooled, rows of channels with one scale for all, and how the means are quantized.
private func pooled(_ context: OperatorContext) throws(OperatorError) -> (QuantizedOperand, Requantization) {
    let x = try QuantizedOperand(context, at: 0)
    let target = try Requantization(scale: context.input(3), zero: zeroPoint(context, 4))
    guard x.shape.rank >= 3, x.scales.count == 1 else { throw OperatorError("an input of \(x.shape)") }
    return (x, target)
}

/// The mean of each channel.
struct QuantizedMeanKernel: OperatorKernel {
    let isChannelLast: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let (x, target) = try pooled(context)
        let rank = x.shape.rank
        let channels = x.shape[isChannelLast ? rank - 1 : 1]
        let area = x.shape.product((isChannelLast ? 1 : 2)..<(isChannelLast ? rank - 1 : rank))
        guard area > 0 else { throw OperatorError("an input of \(x.shape)") }
        let factor = target.ratio(x.scales[0]) / Float(area)
        var levels: [Int64] = []
        for row in 0..<x.shape[0] {
            for channel in 0..<channels {
                var sum: Int32 = 0
                for place in 0..<area {
                    sum &+=
                        x.levels[
                            isChannelLast
                                ? (row * area + place) * channels + channel
                                : (row * channels + channel) * area + place]
                }
                levels.append(target.level(Float(sum) * factor))
            }
        }
        var shape = Shape(x.shape[0])
        for axis in 1..<rank { shape.append(axis == (isChannelLast ? rank - 1 : 1) ? channels : 1) }
        context.set(0, try target.tensor(levels, shape: shape))
    }
}

/// The mean of each window.
struct QuantizedPoolingKernel: OperatorKernel {
    let pooling: PoolingKernel
    let isChannelLast: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let (x, target) = try pooled(context)
        let rank = x.shape.rank
        // Channels behind the first axis, where pooling expects them, and back.
        let forth = [0, rank - 1] + Array(1..<rank - 1)
        let back = [0] + Array(2..<rank) + [1]
        let original = context.replacements
        defer { context.replacements = original }
        context.replacements = [Tensor(shape: x.shape, elements: .float32(x.floats))]
        if isChannelLast { try apply(TransposeKernel(order: forth), &context) }
        try apply(pooling, &context)
        if isChannelLast { try apply(TransposeKernel(order: back), &context) }
        guard let means = context.replacements?.first ?? nil else { return }
        let numbers = try means.floats().prefix(means.count)
        context.set(0, try target.tensor(numbers.map(target.level(of:)), shape: means.shape))
    }

    /// Runs a kernel on what the one before it answered.
    private func apply(
        _ kernel: some OperatorKernel, _ context: inout OperatorContext
    ) throws(OperatorError) {
        try kernel.run(&context)
        guard let result = context.output(0) else { throw OperatorError("its result is not read") }
        context.replacements = [result]
    }
}

/// Tensors of different scales one after the other, in one scale.
struct QuantizedConcatKernel: OperatorKernel {
    let concat: ConcatKernel

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let target = try Requantization(scale: context.input(0), zero: context.input(1))
        var parts: [Tensor?] = []
        for index in stride(from: 2, to: context.inputCount - 2, by: 3) {
            let x = try QuantizedOperand(context, at: index)
            guard x.scales.count == 1 else { throw OperatorError("\(x.scales.count) scales") }
            parts.append(try target.tensor(x.floats.map(target.level(of:)), shape: x.shape))
        }
        let original = context.replacements
        defer { context.replacements = original }
        context.replacements = parts
        try concat.run(parts.count, &context)
    }
}

/// Elements of one or the other tensor, in one scale.
struct QuantizedWhereKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let condition = try context.input(0)
        let a = try QuantizedOperand(context, at: 1)
        let b = try QuantizedOperand(context, at: 4)
        let target = try Requantization(scale: context.input(7), zero: context.input(8))
        let isFirst = try condition.array(Bool.self, "the condition")
        let shape = try condition.shape.broadcast(with: a.shape).broadcast(with: b.shape)
        guard shape.checkedCount != nil, a.scales.count == 1, b.scales.count == 1 else {
            throw OperatorError("a result of \(shape), or several scales")
        }
        let places = condition.shape.places(broadcastTo: shape)
        let (aPlaces, bPlaces) = (a.shape.places(broadcastTo: shape), b.shape.places(broadcastTo: shape))
        let (aLevels, bLevels) = (a.floats.map(target.level(of:)), b.floats.map(target.level(of:)))
        let levels = (0..<shape.count).map {
            isFirst[places[$0]] ? aLevels[aPlaces[$0]] : bLevels[bPlaces[$0]]
        }
        context.set(0, try target.tensor(levels, shape: shape))
    }
}

/// 0 of UInt8 where none is given.
private func zeroPoint(_ context: OperatorContext, _ index: Int) -> Tensor {
    context.optionalInput(index) ?? Tensor(shape: Shape(), elements: .uint8([0]))
}

extension OperatorTable {
    private static func pair(_ form: QuantizedPairKernel.Form) -> OperatorEntry {
        OperatorEntry(1...1, 7...8) { _ in QuantizedPairKernel(form: form) }
    }

    static let runtimeOperators: [String: OperatorEntry] = [
        "DynamicQuantizeLSTM": OperatorEntry(1...1, 12...12, outputs: 0...3) {
            (description) throws(OperatorError) -> any OperatorKernel in
            var lstm = try kernel(
                description, .lstm(couplesInputForget: try description.flag("input_forget")),
                defaults: ["Sigmoid", "Tanh", "Tanh"])
            lstm.layers = nil
            lstm.quantizedLayers = try RecurrentKernel.quantizedLayers(
                description, directions: lstm.directions.count)
            return lstm
        },
        "QGemm": OperatorEntry(1...1, 6...9) {
            (description) throws(OperatorError) -> any OperatorKernel in
            QuantizedGemmKernel(
                alpha: try description.float("alpha", default: 1),
                transposesA: try description.flag("transA"), transposesB: try description.flag("transB"))
        },
        "QLinearAdd": pair(.sum),
        "QLinearMul": pair(.product),
        "QLinearSigmoid": OperatorEntry(1...1, 4...5) { _ in
            QuantizedUnaryKernel(function: UnaryFunction(name: .sigmoid))
        },
        "QLinearLeakyRelu": OperatorEntry(1...1, 4...5) {
            (description) throws(OperatorError) -> any OperatorKernel in
            QuantizedUnaryKernel(
                function: UnaryFunction(
                    name: .leakyRelu, alpha: Double(try description.float("alpha", default: 0.01))))
        },
        "QLinearGlobalAveragePool": OperatorEntry(1...1, 5...5) {
            (description) throws(OperatorError) -> any OperatorKernel in
            QuantizedMeanKernel(isChannelLast: try description.flag("channels_last"))
        },
        "QLinearAveragePool": OperatorEntry(1...1, 4...5) {
            (description) throws(OperatorError) -> any OperatorKernel in
            QuantizedPoolingKernel(
                pooling: PoolingKernel(
                    function: .average(countsPadding: try description.flag("count_include_pad")),
                    geometry: try WindowGeometry(description)),
                isChannelLast: try description.flag("channels_last"))
        },
        "QLinearConcat": OperatorEntry(1...1, 5...ONNXPorts.most) {
            (description) throws(OperatorError) -> any OperatorKernel in
            guard let axis = try description.integer("axis"), description.inputCount % 3 == 2 else {
                throw OperatorError("no axis, or \(description.inputCount) inputs")
            }
            return QuantizedConcatKernel(concat: ConcatKernel(axis: axis))
        },
        "QLinearWhere": OperatorEntry(1...1, 9...9) { _ in QuantizedWhereKernel() },
        "Tokenizer": OperatorEntry(1...1, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in try TokenizerKernel(description)
        },
        "QLinearSoftmax": OperatorEntry(1...1, 5...5) {
            (description) throws(OperatorError) -> any OperatorKernel in
            guard let scale = description.constant(3), let zero = description.constant(4), scale.count == 1,
                zero.count == 1, zero.type == .uint8 || zero.type == .int8,
                let step = try scale.converted(toFloating: Float.self).first, step > 0,
                let level = try zero.convertedToLongs().first
            else { throw OperatorError(unsupported: "a scale or zero point that is no constant") }
            let version = try description.integer("opset", default: 13)
            return QuantizedSoftmaxKernel(
                dequantize: DequantizeKernel(axis: 1, blockSize: 0, type: nil),
                softmax: SoftmaxKernel(
                    form: .softmax, axis: try description.integer("axis", default: version < 13 ? 1 : -1),
                    coercesTo2D: version < 13), scale: step, zero: level, type: zero.type)
        },
    ]
}
