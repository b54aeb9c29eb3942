// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat

/// Softmax and its kin along one axis, or along all axes from one on (operator sets before 13).
struct SoftmaxKernel: OperatorKernel {
    enum Form: Sendable { case softmax, logSoftmax, hardmax }

    let form: Form
    let axis: Int
    let coercesTo2D: Bool

    /// Along an axis behind the first. (-1 is one too: what is answered in rows has more than one axis.)
    var answersRowsAlone: Bool { axis > 0 || axis == -1 }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        try run(on: try context.input(0), &context)
    }

    func run(on x: Tensor, _ context: inout OperatorContext) throws(OperatorError) {
        switch x.elements {
        case .float32(let values):
            var y = try context.memory(Float.self, 0, x.shape)
            try forEachLine(of: x.shape) { (base, stride, length) in
                var target = y.mutableSpan
                normalize(values.span, &target, base: base, stride: stride, length: length)
            }
            context.set(0, x.shape, y)
        case .float64(let values):
            var y = try context.memory(Double.self, 0, x.shape)
            try forEachLine(of: x.shape) { (base, stride, length) in
                var target = y.mutableSpan
                normalize(values.span, &target, base: base, stride: stride, length: length)
            }
            context.set(0, x.shape, y)
        default: throw OperatorError("it is not defined for \(x.type)")
        }
    }

    /// Calls `body` with where each line of numbers that sum to 1 begins, their distance, and how many there
    /// are.
    func forEachLine(
        of shape: Shape, _ body: (_ base: Int, _ stride: Int, _ length: Int) -> Void
    ) throws(OperatorError) {
        let axis = try axis == shape.rank && coercesTo2D ? axis : shape.axis(axis)
        let last = coercesTo2D ? shape.rank : min(axis + 1, shape.rank)
        let length = shape.product(axis..<last)
        let stride = shape.product(last..<shape.rank)
        let outer = shape.product(0..<axis)
        for block in 0..<outer {
            for offset in 0..<stride { body(block * length * stride + offset, stride, length) }
        }
    }

    private func normalize(
        _ x: Span<Float>, _ y: inout MutableSpan<Float>, base: Int, stride: Int, length: Int
    ) {
        var largest = -Float.infinity
        var place = 0
        for index in 0..<length {
            let value = x[base + index * stride]
            if value > largest {
                largest = value
                place = index
            }
        }
        if form == .hardmax {
            for index in 0..<length { y[base + index * stride] = index == place ? 1 : 0 }
            return
        }
        var sum: Float = 0
        for index in 0..<length {
            let power = expf(x[base + index * stride] - largest)
            y[base + index * stride] = power
            sum += power
        }
        if form == .softmax {
            let factor = 1 / sum
            for index in 0..<length { y[base + index * stride] *= factor }
        } else {
            let logarithm = logf(sum)
            for index in 0..<length {
                y[base + index * stride] = x[base + index * stride] - largest - logarithm
            }
        }
    }

    private func normalize(
        _ x: Span<Double>, _ y: inout MutableSpan<Double>, base: Int, stride: Int, length: Int
    ) {
        var largest = -Double.infinity
        var place = 0
        for index in 0..<length where x[base + index * stride] > largest {
            largest = x[base + index * stride]
            place = index
        }
        var sum = 0.0
        for index in 0..<length { sum += exp(x[base + index * stride] - largest) }
        for index in 0..<length {
            let value = x[base + index * stride]
            switch form {
            case .hardmax: y[base + index * stride] = index == place ? 1 : 0
            case .softmax: y[base + index * stride] = exp(value - largest) / sum
            case .logSoftmax: y[base + index * stride] = value - largest - log(sum)
            }
        }
    }
}

/// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, over groups that the operator defines.
struct MomentsKernel: OperatorKernel {
    enum Form: Sendable {
        /// Over the axes from `axis` on; scale and bias have their shape. Without mean: RMS.
        case layer(axis: Int, subtractsMean: Bool)
        /// Over each channel of each image.
        case instance
        /// Over groups of channels of each image.
        case group(Int)
    }

    let form: Form
    let epsilon: Double

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        if x.type == .float64 {
            var inputs: [Tensor?] = []
            for index in 0..<context.inputCount {
                inputs.append(try context.optionalInput(index)?.cast(to: .float32))
            }
            context.replacements = inputs
            defer { context.replacements = nil }
            try normalize(&context)
            if let result = context.output(0) { context.set(0, try result.cast(to: .float64)) }
            return
        }
        try normalize(&context)
    }

    private func normalize(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let values = try x.floats()
        let scale = try context.input(1)
        let bias = context.optionalInput(2)
        var groupCount: Int
        var subtractsMean = true
        switch form {
        case .layer(let axis, let subtracts):
            groupCount = x.shape.product(0..<(try x.shape.axis(axis)))
            subtractsMean = subtracts
        case .instance:
            guard x.shape.rank >= 3 else { throw OperatorError("an input of \(x.shape)") }
            groupCount = x.shape[0] * x.shape[1]
        case .group(let groups):
            guard x.shape.rank >= 3, groups > 0, x.shape[1] % groups == 0 else {
                throw OperatorError("\(groups) groups of \(x.shape)")
            }
            groupCount = x.shape[0] * groups
        }
        let length = groupCount == 0 ? 0 : x.count / groupCount
        let factors = try factors(of: scale, x, length: length)
        let terms = try bias.map { (tensor) throws(OperatorError) in
            try self.factors(of: tensor, x, length: length)
        }
        var y = try context.memory(Float.self, 0, x.shape)
        var means: [Float] = []
        var inverses: [Float] = []
        for group in 0..<groupCount {
            let base = group * length
            var sum = 0.0
            if subtractsMean { for index in 0..<length { sum += Double(values[base + index]) } }
            let mean = sum / Double(length)
            var squares = 0.0
            for index in 0..<length {
                let distance = Double(values[base + index]) - mean
                squares += distance * distance
            }
            let inverse = 1 / (squares / Double(length) + epsilon).squareRoot()
            means.append(Float(mean))
            inverses.append(Float(inverse))
            for index in 0..<length {
                let place = base + index
                let value = Float((Double(values[place]) - mean) * inverse)
                y[place] = value * factors(place) + (terms?(place) ?? 0)
            }
        }
        context.set(0, x.shape, y)
        if case .layer(let axis, true) = form {
            var shape = x.shape
            for axis in (try x.shape.axis(axis))..<x.shape.rank { shape[axis] = 1 }
            if context.wants(1) { context.set(1, shape, means) }
            if context.wants(2) { context.set(2, shape, inverses) }
        }
    }

    /// The factor of the element at a place.
    private func factors(
        of tensor: Tensor, _ x: Tensor, length: Int
    ) throws(OperatorError) -> (Int) -> Float {
        let values = try tensor.floats("the scale or bias")
        let count = tensor.count
        if case .layer(let axis, _) = form {
            if count == length { return { values[$0 % length] } }
            if count == 1 { return { _ in values[0] } }
            var target = Shape()
            for other in (try x.shape.axis(axis))..<x.shape.rank { target.append(x.shape[other]) }
            guard try tensor.shape.broadcast(with: target) == target else {
                throw OperatorError("a scale of \(tensor.shape) for \(target)")
            }
            let places = tensor.shape.places(broadcastTo: target)
            return { values[places[$0 % length]] }
        }
        let channels = x.shape[1]
        let size = x.shape.product(2..<x.shape.rank)
        if case .group(let groups) = form, count == groups, groups != channels {
            return { values[$0 / length % groups] }
        }
        guard count == channels else { throw OperatorError("\(count) factors of \(channels) channels") }
        return { values[$0 / size % channels] }
    }
}

/// Per channel with moments that training recorded.
struct BatchNormalizationKernel: OperatorKernel {
    let epsilon: Double

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        guard x.shape.rank >= 2 || x.shape.rank == 1 else { throw OperatorError("a scalar") }
        let channels = x.shape.rank == 1 ? 1 : x.shape[1]
        let size = x.shape.rank == 1 ? x.count : x.shape.product(2..<x.shape.rank)
        var parts: [[Double]] = []
        for index in 1...4 {
            let part = try context.input(index).converted(toFloating: Double.self)
            guard part.count == channels else {
                throw OperatorError("\(part.count) moments of \(channels) channels")
            }
            parts.append(part)
        }
        let factors = (0..<channels).map { parts[0][$0] / (parts[3][$0] + epsilon).squareRoot() }
        let terms = (0..<channels).map { parts[1][$0] - parts[2][$0] * factors[$0] }
        switch x.elements {
        case .float32(let values):
            var y = try context.memory(Float.self, 0, x.shape)
            for index in 0..<x.count {
                let channel = index / size % channels
                y[index] = Float(Double(values[index]) * factors[channel] + terms[channel])
            }
            context.set(0, x.shape, y)
        case .float64(let values):
            let y = (0..<x.count).map { index in
                let channel = index / size % channels
                return values[index] * factors[channel] + terms[channel]
            }
            context.set(0, x.shape, y)
        default: throw OperatorError("it is not defined for \(x.type)")
        }
    }
}

/// x divided by its norm along an axis.
struct LpNormalizationKernel: OperatorKernel {
    let axis: Int
    let power: Int

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let values = try x.converted(toFloating: Double.self)
        let plan = ReductionPlan(x.shape, axes: [try x.shape.axis(axis)], keepsAxes: true)
        var y = values
        for base in plan.bases {
            var norm = 0.0
            for offset in plan.offsets {
                let value = values[base + offset]
                norm += power == 1 ? abs(value) : value * value
            }
            if power == 2 { norm = norm.squareRoot() }
            for offset in plan.offsets { y[base + offset] = norm == 0 ? 0 : values[base + offset] / norm }
        }
        context.set(0, try Tensor(shape: x.shape, elements: .float64(y)).cast(to: x.type))
    }
}

/// Local response normalization across neighbouring channels.
struct LocalResponseKernel: OperatorKernel {
    let size: Int
    let alpha: Float
    let beta: Float
    let bias: Float

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let values = try x.floats()
        guard x.shape.rank >= 3 else { throw OperatorError("an input of \(x.shape)") }
        let channels = x.shape[1]
        let area = x.shape.product(2..<x.shape.rank)
        var y = try context.memory(Float.self, 0, x.shape)
        for index in 0..<x.count {
            let channel = index / area % channels
            let first = max(0, channel - (size - 1) / 2)
            let last = min(channels - 1, channel + size / 2)
            var sum: Float = 0
            for other in first...max(first, last) {
                let value = values[index + (other - channel) * area]
                sum += value * value
            }
            y[index] = values[index] / powf(bias + alpha / Float(size) * sum, beta)
        }
        context.set(0, x.shape, y)
    }
}

extension OperatorTable {
    private static func softmax(_ form: SoftmaxKernel.Form) -> OperatorEntry {
        OperatorEntry(1...standardLast, 1...1, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            let isOld = description.version < 13
            return SoftmaxKernel(
                form: form, axis: try description.integer("axis", default: isOld ? 1 : -1),
                coercesTo2D: isOld)
        }
    }

    static let normalizationOperators: [String: OperatorEntry] = {
        let last = standardLast
        var entries: [String: OperatorEntry] = [
            "Softmax": softmax(.softmax), "LogSoftmax": softmax(.logSoftmax), "Hardmax": softmax(.hardmax),
            "LayerNormalization": OperatorEntry(17...last, 2...3, outputs: 1...3, widening: .narrowing([0])) {
                (description) throws(OperatorError) -> any OperatorKernel in
                MomentsKernel(
                    form: .layer(axis: try description.integer("axis", default: -1), subtractsMean: true),
                    epsilon: Double(try description.float("epsilon", default: 1e-5)))
            },
            "RMSNormalization": OperatorEntry(23...last, 2...2, widening: .narrowing([0])) {
                (description) throws(OperatorError) -> any OperatorKernel in
                MomentsKernel(
                    form: .layer(axis: try description.integer("axis", default: -1), subtractsMean: false),
                    epsilon: Double(try description.float("epsilon", default: 1e-5)))
            },
        ]
        entries["InstanceNormalization"] = OperatorEntry(6...last, 3...3, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            MomentsKernel(
                form: .instance, epsilon: Double(try description.float("epsilon", default: 1e-5)))
        }
        entries["GroupNormalization"] = OperatorEntry(18...last, 3...3, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            MomentsKernel(
                form: .group(try description.integer("num_groups", default: 0)),
                epsilon: Double(try description.float("epsilon", default: 1e-5)))
        }
        entries["BatchNormalization"] = OperatorEntry(
            7...last, 5...5, outputs: 1...5, widening: .narrowing([0])
        ) {
            (description) throws(OperatorError) -> any OperatorKernel in
            guard try !description.flag("training_mode"), try description.flag("spatial", default: true)
            else {
                throw OperatorError(unsupported: "training_mode and spatial = 0 are not done here")
            }
            return BatchNormalizationKernel(
                epsilon: Double(try description.float("epsilon", default: 1e-5)))
        }
        entries["LpNormalization"] = OperatorEntry(1...last, 1...1, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            let power = try description.integer("p", default: 2)
            guard power == 1 || power == 2 else { throw OperatorError("p is \(power)") }
            return LpNormalizationKernel(axis: try description.integer("axis", default: -1), power: power)
        }
        entries["LRN"] = OperatorEntry(1...last, 1...1, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            guard let size = try description.integer("size"), (1...65_536).contains(size) else {
                throw OperatorError("the attribute \"size\" is missing or out of range")
            }
            return LocalResponseKernel(
                size: size, alpha: try description.float("alpha", default: 0.0001),
                beta: try description.float("beta", default: 0.75),
                bias: try description.float("bias", default: 1))
        }
        return entries
    }()
}
