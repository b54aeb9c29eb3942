// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Tensors of another size along some axes: the nearest elements, or mixtures of neighbours.
struct ResizeKernel: OperatorKernel {
    /// Where the inputs stand, which differs between operator sets.
    struct Ports: Sendable {
        var region: Int?
        var scales: Int?
        var sizes: Int?
    }

    /// What becomes of axes when sizes are asked for.
    enum AspectRatio: String, Sendable {
        case stretched = "stretch"
        case notLarger = "not_larger"
        case notSmaller = "not_smaller"
    }

    let sampling: AxisSampling
    let ports: Ports
    /// The attribute of operator sets before 9.
    let fixedScales: [Float]?
    /// Nil: all of them.
    let axes: [Int]?
    let aspectRatio: AspectRatio
    /// Stands where a region reaches beyond the input.
    let extrapolation: Float

    /// Of a resized axis.
    private static let sizeMax = 1 << 20

    /// An axis to be resized.
    private struct Request {
        var scale: Float
        var size: Int
        var region: (start: Float, end: Float) = (0, 1)
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let requests = try requests(x.shape, context)
        var shape = x.shape
        for (axis, request) in requests.enumerated() { shape[axis] = request.size }
        guard let count = shape.checkedCount else { throw OperatorError("a result of shape \(shape)") }
        guard count > 0 else {
            return context.set(0, try x.gathered(RunList(starts: [], length: 0), shape: shape))
        }
        guard x.count > 0 else { throw OperatorError("an empty input for \(shape)") }
        for (axis, request) in requests.enumerated()
        where request.size > Self.sizeMax && request.size != x.shape[axis] {
            throw OperatorError("an axis of \(request.size)")
        }
        let plans = requests.enumerated().map { axis, request in
            sampling.plan(
                size: x.shape[axis], resized: request.size, scale: request.scale, region: request.region)
        }
        if plans.allSatisfy({ $0.tapCount == 1 }) {
            context.set(0, try nearest(x, plans, shape))
        } else {
            context.set(0, try mixed(x, plans, shape))
        }
    }

    /// What the inputs ask of each axis.
    private func requests(_ shape: Shape, _ context: OperatorContext) throws(OperatorError) -> [Request] {
        var requests = (0..<shape.rank).map { Request(scale: 1, size: shape[$0]) }
        var places: [Int] = []
        for axis in axes ?? Array(0..<shape.rank) {
            let axis = try shape.axis(axis)
            guard axis < shape.rank, !places.contains(axis) else {
                throw OperatorError("axis \(axis) is named twice, or is none")
            }
            places.append(axis)
        }
        func input(_ port: Int?) -> Tensor? {
            guard let tensor = port.flatMap({ context.optionalInput($0) }), tensor.count > 0 else {
                return nil
            }
            return tensor
        }
        func check(_ count: Int, _ what: String) throws(OperatorError) {
            guard count == places.count else {
                throw OperatorError("\(count) \(what) for \(places.count) axes")
            }
        }
        let scales = try fixedScales.or(input(ports.scales)?.converted(toFloating: Float.self))
        if let scales, !scales.isEmpty {
            try check(scales.count, "scales")
            for (axis, scale) in zip(places, scales) {
                guard scale > 0, scale.isFinite else { throw OperatorError("a scale of \(scale)") }
                requests[axis].scale = scale
                requests[axis].size = Int(bounded: (Float(shape[axis]) * scale).rounded(.down))
            }
        } else if let sizes = try input(ports.sizes)?.integers("the sizes") {
            try check(sizes.count, "sizes")
            guard sizes.allSatisfy({ $0 >= 0 }) else { throw OperatorError("sizes of \(sizes)") }
            resize(shape, places, to: sizes, &requests)
        } else {
            throw OperatorError("neither scales nor sizes")
        }
        if sampling.coordinates == .cropped {
            guard let region = try input(ports.region)?.converted(toFloating: Float.self) else {
                throw OperatorError("the region is missing")
            }
            try check(region.count / 2, "ends of a region")
            for (index, axis) in places.enumerated() {
                requests[axis].region = (region[index], region[places.count + index])
            }
        }
        return requests
    }

    private func resize(_ shape: Shape, _ places: [Int], to sizes: [Int], _ requests: inout [Request]) {
        let scales = zip(places, sizes).map { Float($1) / Float(max(1, shape[$0])) }
        let common: Float? =
            switch aspectRatio {
            case .stretched: nil
            case .notLarger: scales.min()
            case .notSmaller: scales.max()
            }
        for (index, axis) in places.enumerated() {
            requests[axis].scale = common ?? scales[index]
            requests[axis].size =
                common.map { Int(bounded: ($0 * Float(shape[axis]) + 0.5).rounded(.down)) } ?? sizes[index]
        }
    }

    private func nearest(
        _ x: Tensor, _ plans: [AxisSampling.Plan], _ shape: Shape
    ) throws(OperatorError) -> Tensor {
        var starts = [0]
        let strides = x.shape.strides
        for (axis, plan) in plans.enumerated() {
            var next: [Int] = []
            next.reserveCapacity(starts.count * plan.places.count)
            for start in starts {
                for (index, place) in plan.places.enumerated() {
                    next.append(start < 0 || plan.isOutside[index] ? -1 : start + place * strides[axis])
                }
            }
            starts = next
        }
        let fill = try Tensor(shape: Shape(), elements: .float32([extrapolation])).cast(to: x.type)
        return try x.gathered(RunList(starts: starts, length: 1), shape: shape, fill: fill.elements)
    }

    /// Axis by axis, each sum in Float64.
    private func mixed(
        _ x: Tensor, _ plans: [AxisSampling.Plan], _ shape: Shape
    ) throws(OperatorError) -> Tensor {
        var values = try x.converted(toFloating: Double.self)
        var current = x.shape
        for (axis, plan) in plans.enumerated() where !plan.isIdentity {
            let (size, inner) = (current[axis], current.product(axis + 1..<current.rank))
            let outer = current.product(0..<axis)
            current[axis] = plan.isOutside.count
            guard let count = current.checkedCount else { throw OperatorError("a result of \(current)") }
            var resized = [Double](repeating: 0, count: count)
            var target = 0
            for block in 0..<outer {
                for index in 0..<plan.isOutside.count {
                    for tap in index * plan.tapCount..<(index + 1) * plan.tapCount {
                        let source = (block * size + plan.places[tap]) * inner
                        let weight = plan.weights[tap]
                        for offset in 0..<inner {
                            resized[target + offset] += weight * values[source + offset]
                        }
                    }
                    target += inner
                }
            }
            values = resized
        }
        for (axis, plan) in plans.enumerated() where plan.isOutside.contains(true) {
            let inner = shape.product(axis + 1..<shape.rank)
            for index in values.indices where plan.isOutside[index / inner % shape[axis]] {
                values[index] = Double(extrapolation)
            }
        }
        return try Tensor(shape: shape, elements: .float64(values)).cast(to: x.type)
    }
}

extension OperatorTable {
    static let resizeOperators: [String: OperatorEntry] = [
        "Resize": OperatorEntry(10...standardLast, 1...4) {
            (description) throws(OperatorError) -> any OperatorKernel in
            if try description.flag("antialias") {
                throw OperatorError(unsupported: "antialias is not known")
            }
            let policy = try description.string("keep_aspect_ratio_policy", default: "stretch")
            guard let ratio = ResizeKernel.AspectRatio(rawValue: policy) else {
                throw OperatorError("the policy \"\(policy)\" is not known")
            }
            let isOld = description.version < 11
            return ResizeKernel(
                sampling: try AxisSampling(description, isOld: isOld),
                ports: isOld ? .init(scales: 1) : .init(region: 1, scales: 2, sizes: 3), fixedScales: nil,
                axes: try description.integers("axes"), aspectRatio: ratio,
                extrapolation: try description.float("extrapolation_value", default: 0))
        },
        "Upsample": OperatorEntry(7...9, 1...2) {
            (description) throws(OperatorError) -> any OperatorKernel in
            ResizeKernel(
                sampling: try AxisSampling(description, isOld: true), ports: .init(scales: 1),
                fixedScales: try description.floats("scales"), axes: nil, aspectRatio: .stretched,
                extrapolation: 0)
        },
    ]
}
