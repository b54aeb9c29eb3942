// SPDX-License-Identifier: Apache-2.0
internal import LinearAlgebra
internal import ModelFormat

/// Convolution over one to three axes, in groups, with whatever weights come: windows are unfolded into
/// columns, which one matrix product an image turns into channels. An image's answer does not depend on the
/// others. Constant weights of one group are a layer of a chain where the CPU has the kernels.
struct ConvolutionKernel: FusibleKernel {
    let geometry: WindowGeometry
    let groups: Int
    var activation: UnaryFunction?
    /// A term that is added to every output channel in place of the third input.
    var bias: [Float]?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let w = try context.input(1)
        let rank = x.shape.rank
        guard rank >= 3, rank <= 5, w.shape.rank == rank, groups > 0 else {
            throw OperatorError("an input of \(x.shape) and weights of \(w.shape)")
        }
        let channels = x.shape[1]
        let outputs = w.shape[0]
        guard channels == w.shape[1] * groups, outputs % groups == 0 else {
            throw OperatorError("\(groups) groups of \(channels) channels and weights of \(w.shape)")
        }
        let placed = try geometry.placed(on: x.shape, kernelShape: w.shape)
        var shape = Shape(x.shape[0], outputs)
        for axis in 0..<rank - 2 { shape.append(placed.output[5 - rank + axis]) }
        let values = try x.floats()
        let weights = try w.floats("the weights")
        let third = try bias.or(context.optionalInput(2)?.floats("the bias"))
        if let third, third.count < outputs { throw OperatorError("a bias of \(third.count)") }
        var y = try context.memory(Float.self, 0, shape)
        let inner = w.shape[1] * placed.kernelArea
        let (cells, overflow) = inner.multipliedReportingOverflow(by: placed.outputArea)
        guard !overflow, cells <= GraphLimits.elementsMax else { throw OperatorError("windows too large") }
        var columns = placed.isPointwise ? [] : [Float](repeating: 0, count: cells)
        var span = y.mutableSpan
        for image in 0..<x.shape[0] {
            for group in 0..<groups {
                let base = (image * channels + group * w.shape[1]) * placed.inputArea
                if !placed.isPointwise {
                    var target = columns.mutableSpan
                    for channel in 0..<w.shape[1] {
                        placed.unfoldFloats(
                            values.span, base: base + channel * placed.inputArea, into: &target,
                            row: channel * placed.kernelArea)
                    }
                }
                let first = (image * groups + group) * (outputs / groups) * placed.outputArea
                let count = outputs / groups * placed.outputArea
                var target = span._mutatingExtracting(first..<first + count)
                let filter = weights.span.extracting(
                    group * (outputs / groups) * inner..<(group + 1) * (outputs / groups) * inner)
                if placed.isPointwise {
                    multiplyMatrices(
                        filter, values.span.extracting(base..<base + inner * placed.outputArea),
                        into: &target,
                        rows: outputs / groups, inner: inner, columns: placed.outputArea)
                } else {
                    multiplyMatrices(
                        filter, columns.span, into: &target, rows: outputs / groups, inner: inner,
                        columns: placed.outputArea)
                }
                finish(
                    &target, bias: third, firstChannel: group * (outputs / groups), area: placed.outputArea)
            }
        }
        context.set(0, shape, y)
    }

    private func finish(
        _ y: inout MutableSpan<Float>, bias: [Float]?, firstChannel: Int, area: Int
    ) {
        let channels = area == 0 ? 0 : y.count / area
        let isRelu = activation?.name == .relu
        if bias != nil || isRelu {
            for channel in 0..<channels {
                add(
                    bias?[firstChannel + channel] ?? 0, to: &y, channel * area..<(channel + 1) * area,
                    cutsNegatives: isRelu)
            }
        }
        guard let activation, !isRelu else { return }
        activation.apply(&y)
    }

    func fused(with next: any OperatorKernel, others: [Tensor?]) -> (any OperatorKernel)? {
        guard activation == nil, let unary = next as? UnaryKernel else { return nil }
        var joined = self
        joined.activation = unary.function
        return joined
    }
}

/// The transpose of a convolution: every input element spreads the kernel over the output.
struct TransposedConvolutionKernel: OperatorKernel {
    let geometry: WindowGeometry
    let groups: Int
    let outputPadding: [Int]?
    let outputShape: [Int]?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let w = try context.input(1)
        let rank = x.shape.rank
        guard rank >= 3, rank <= 5, w.shape.rank == rank, groups > 0, w.shape[0] == x.shape[1],
            x.shape[1] % groups == 0
        else { throw OperatorError("an input of \(x.shape) and weights of \(w.shape)") }
        let placed = try place(x.shape, w.shape)
        let outputs = w.shape[1] * groups
        var shape = Shape(x.shape[0], outputs)
        for axis in 0..<rank - 2 { shape.append(placed.output[5 - rank + axis]) }
        let values = try x.floats()
        let weights = try w.floats("the weights")
        let bias = try context.optionalInput(2)?.floats("the bias")
        if let bias, bias.count < outputs { throw OperatorError("a bias of \(bias.count)") }
        var y = try context.memory(Float.self, 0, shape)
        let area = placed.outputArea
        for index in 0..<shape.count { y[index] = bias?[index / area % outputs] ?? 0 }
        let inputsAGroup = x.shape[1] / groups
        for image in 0..<x.shape[0] {
            for channel in 0..<x.shape[1] {
                let source = (image * x.shape[1] + channel) * placed.inputArea
                for output in 0..<w.shape[1] {
                    let target = (image * outputs + channel / inputsAGroup * w.shape[1] + output) * area
                    spread(
                        values, source, weights, (channel * w.shape[1] + output) * placed.kernelArea, placed,
                        into: &y, target)
                }
            }
        }
        context.set(0, shape, y)
    }

    private func spread(
        _ values: [Float], _ source: Int, _ weights: [Float], _ first: Int,
        _ placed: WindowGeometry.Placed, into y: inout [Float], _ target: Int
    ) {
        for place in 0..<placed.inputArea {
            let value = values[source + place]
            let position = [
                place / (placed.input[1] * placed.input[2]), place / placed.input[2] % placed.input[1],
                place % placed.input[2],
            ]
            for element in 0..<placed.kernelArea {
                let offset = [
                    element / (placed.kernel[1] * placed.kernel[2]),
                    element / placed.kernel[2] % placed.kernel[1], element % placed.kernel[2],
                ]
                var index = 0
                var isInside = true
                for axis in 0..<3 {
                    let spot =
                        position[axis] * placed.strides[axis] + offset[axis] * placed.dilations[axis]
                        - placed.before[axis]
                    isInside = isInside && spot >= 0 && spot < placed.output[axis]
                    index = index * placed.output[axis] + spot
                }
                if isInside { y[target + index] += value * weights[first + element] }
            }
        }
    }

    private func place(_ x: Shape, _ w: Shape) throws(OperatorError) -> WindowGeometry.Placed {
        let rank = x.rank - 2
        guard geometry.strides?.count ?? rank == rank, geometry.dilations?.count ?? rank == rank,
            geometry.pads?.count ?? 2 * rank == 2 * rank, outputPadding?.count ?? rank == rank,
            outputShape?.count ?? rank == rank
        else { throw OperatorError("attributes of another rank than \(x)") }
        var placed = WindowGeometry.Placed()
        for axis in 0..<rank {
            let place = 3 - rank + axis
            let size = x[axis + 2]
            let kernel = w[axis + 2]
            let stride = geometry.strides?[axis] ?? 1
            let dilation = geometry.dilations?[axis] ?? 1
            let extra = outputPadding?[axis] ?? 0
            let whole = stride * (size - 1) + extra + (kernel - 1) * dilation + 1
            var before = geometry.pads?[axis] ?? 0
            var output = whole - before - (geometry.pads?[rank + axis] ?? 0)
            if let wanted = outputShape?[axis] {
                output = wanted
            } else if geometry.padding == .sameUpper || geometry.padding == .sameLower {
                output = size * stride
            }
            if outputShape != nil || geometry.padding == .sameUpper || geometry.padding == .sameLower {
                let total = max(0, whole - output)
                before = geometry.padding == .sameUpper ? total / 2 : total - total / 2
            }
            guard output > 0, kernel > 0, size > 0 else { throw OperatorError("a result of size \(output)") }
            placed.input[place] = size
            placed.output[place] = output
            placed.kernel[place] = kernel
            placed.strides[place] = stride
            placed.dilations[place] = dilation
            placed.before[place] = before
        }
        guard placed.outputArea <= GraphLimits.elementsMax else { throw OperatorError("a result too large") }
        return placed
    }
}

extension OperatorTable {
    /// The layer for constant Float32 weights over one or two axes, where the CPU has kernels for it.
    private static func chain(
        _ description: OperatorDescription, _ geometry: WindowGeometry
    ) -> LayerChainKernel? {
        guard description.constant(0) == nil, let w = description.constant(1),
            case .float32(let weights) = w.elements, w.shape.rank == 3 || w.shape.rank == 4, w.count > 0,
            geometry.kernel == nil || geometry.kernel == Array(w.shape.dimensions.dropFirst(2))
        else { return nil }
        var bias: [Float]?
        if description.hasInput(2) {
            guard case .float32(let terms)? = description.constant(2)?.elements, terms.count >= w.shape[0]
            else { return nil }
            bias = Array(terms.prefix(w.shape[0]))
        }
        var geometry = geometry
        geometry.kernel = Array(w.shape.dimensions.dropFirst(2))
        return ConvolutionWeights(
            Array(weights.prefix(w.count)), inputChannels: w.shape[1], outputChannels: w.shape[0],
            windowArea: w.shape.product(2..<w.shape.rank), bias: bias
        ).map {
            LayerChainKernel(
                LayerChain(.convolution($0, geometry)), requiresMatrix: false,
                rowShape: description.rowShapes.first ?? nil)
        }
    }

    static let convolutionOperators: [String: OperatorEntry] = [
        "Conv": OperatorEntry(1...standardLast, 2...3, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            let geometry = try WindowGeometry(description)
            let groups = try description.integer("group", default: 1)
            if groups == 1, let chain = chain(description, geometry) { return chain }
            return ConvolutionKernel(geometry: geometry, groups: groups)
        },
        "ConvTranspose": OperatorEntry(1...standardLast, 2...3, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            TransposedConvolutionKernel(
                geometry: try WindowGeometry(description),
                groups: try description.integer("group", default: 1),
                outputPadding: try description.integers("output_padding"),
                outputShape: try description.integers("output_shape"))
        },
    ]
}
