// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// A tensor that the node carries.
struct ConstantKernel: OperatorKernel {
    let value: Tensor

    init(_ description: OperatorDescription) throws(OperatorError) {
        if let tensor = try description.tensor("value") {
            value = Tensor(tensor)
        } else if description.has("value_float") {
            value = Tensor(
                shape: Shape(), elements: .float32([try description.float("value_float", default: 0)]))
        } else if let values = try description.floats("value_floats") {
            value = Tensor(shape: Shape(values.count), elements: .float32(values))
        } else if case .integer(let number)? = description.node.attributes["value_int"] {
            value = Tensor(shape: Shape(), elements: .int64([number]))
        } else if let values = try description.longs("value_ints") {
            value = Tensor(shape: Shape(values.count), elements: .int64(values))
        } else if description.has("value_string") {
            value = Tensor(
                shape: Shape(), elements: .string([try description.string("value_string", default: "")]))
        } else if let values = try description.strings("value_strings") {
            value = Tensor(shape: Shape(values.count), elements: .string(values))
        } else {
            throw OperatorError("it has no value that is read here")
        }
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) { context.set(0, value) }
}

/// One value, repeated to a shape: `ConstantOfShape`.
struct ConstantOfShapeKernel: OperatorKernel {
    let value: Tensor

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let sizes = try context.input(0).integers("the shape")
        guard sizes.count <= Shape.rankMax else { throw OperatorError("more than eight axes") }
        let shape = Shape(sizes)
        guard let count = shape.checkedCount else { throw OperatorError("a result of \(sizes)") }
        context.set(
            0,
            try value.gathered(RunList(starts: [Int](repeating: 0, count: count), length: 1), shape: shape))
    }
}

/// Stretched to a shape by broadcasting.
struct ExpandKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let sizes = try context.input(1).integers("the shape")
        guard sizes.count <= Shape.rankMax else { throw OperatorError("more than eight axes") }
        let shape = try x.shape.broadcast(with: Shape(sizes))
        guard shape.checkedCount != nil else { throw OperatorError("a result of \(shape)") }
        context.set(
            0,
            try x.gathered(RunList(starts: x.shape.places(broadcastTo: shape), length: 1), shape: shape))
    }
}

/// Repeated along each axis.
struct TileKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let repeats = try context.input(1).integers("the repeats")
        let rank = x.shape.rank
        guard repeats.count == rank, repeats.allSatisfy({ $0 >= 0 }) else {
            throw OperatorError("repeats \(repeats) of \(x.shape)")
        }
        var shape = x.shape
        for axis in 0..<rank {
            let (size, overflow) = x.shape[axis].multipliedReportingOverflow(by: repeats[axis])
            guard !overflow else { throw OperatorError("repeats \(repeats)") }
            shape[axis] = size
        }
        guard let count = shape.checkedCount else { throw OperatorError("a result of \(shape)") }
        let strides = x.shape.strides
        var starts = [Int](repeating: 0, count: count)
        var block = count
        for axis in 0..<rank where count > 0 {
            block /= shape[axis]
            for index in 0..<count {
                starts[index] += index / block % shape[axis] % x.shape[axis] * strides[axis]
            }
        }
        context.set(0, try x.gathered(RunList(starts: starts, length: 1), shape: shape))
    }
}

/// Elements added before and behind along axes, or taken away.
struct PadKernel: OperatorKernel {
    enum Mode: String, Sendable { case constant, reflect, edge, wrap }

    let mode: Mode
    /// Attributes of operator sets before 11.
    let fixed: (pads: [Int], value: Float)?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let pads = try (fixed?.pads).or(context.input(1).integers("the pads"))
        let rank = x.shape.rank
        let axes = try fixed == nil ? context.optionalInput(3)?.integers("the axes") : nil
        let count = axes?.count ?? rank
        guard pads.count == 2 * count, pads.allSatisfy({ abs($0) <= GraphLimits.elementsMax }) else {
            throw OperatorError("pads \(pads) of \(x.shape)")
        }
        var before = [Int](repeating: 0, count: rank)
        var shape = x.shape
        for index in 0..<count {
            let axis = try x.shape.axis(axes?[index] ?? index)
            guard axis < rank else { throw OperatorError("a scalar cannot be padded") }
            before[axis] = pads[index]
            shape[axis] = x.shape[axis] + pads[index] + pads[count + index]
        }
        guard let total = shape.checkedCount else { throw OperatorError("a result of \(shape)") }
        var maps: [[Int]] = []
        for axis in 0..<rank {
            maps.append(try map(shape[axis], before: before[axis], size: x.shape[axis]))
        }
        let strides = x.shape.strides
        var starts = [Int](repeating: 0, count: total)
        var block = total
        for axis in 0..<rank where total > 0 {
            block /= shape[axis]
            for index in 0..<total where starts[index] >= 0 {
                let place = maps[axis][index / block % shape[axis]]
                starts[index] = place < 0 ? -1 : starts[index] + place * strides[axis]
            }
        }
        let fill = try fixed.map { TensorElements.float32([$0.value]) }.or(filling(context, x))
        context.set(0, try x.gathered(RunList(starts: starts, length: 1), shape: shape, fill: fill))
    }

    private func filling(_ context: OperatorContext, _ x: Tensor) throws(OperatorError) -> TensorElements? {
        guard let value = context.optionalInput(2), value.count == 1 else { return nil }
        guard value.type == x.type else { throw OperatorError("a value of \(value.type) for \(x.type)") }
        return value.elements
    }

    /// For each index along an axis of the result the one in the input, -1 for the filling.
    private func map(_ size: Int, before: Int, size old: Int) throws(OperatorError) -> [Int] {
        guard old > 0 || mode == .constant || size == 0 else {
            throw OperatorError("an empty axis is padded")
        }
        return (0..<max(size, 0)).map { index in
            let place = index - before
            if place >= 0 && place < old { return place }
            switch mode {
            case .constant: return -1
            case .edge: return min(max(place, 0), old - 1)
            case .wrap: return ((place % old) + old) % old
            case .reflect:
                if old == 1 { return 0 }
                let period = 2 * (old - 1)
                let folded = ((place % period) + period) % period
                return folded < old ? folded : period - folded
            }
        }
    }
}

/// start, start + delta, … before limit.
struct RangeKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let start = try context.input(0)
        let limit = try context.input(1)
        let delta = try context.input(2)
        guard start.count == 1, limit.count == 1, delta.count == 1 else { throw OperatorError("no scalars") }
        switch start.type {
        case .float32, .float64:
            let first = try start.converted(toFloating: Double.self)[0]
            let step = try delta.converted(toFloating: Double.self)[0]
            let steps = ((try limit.converted(toFloating: Double.self)[0] - first) / step).rounded(.up)
            guard steps.isFinite, steps < Double(GraphLimits.elementsMax) else {
                throw OperatorError("endless")
            }
            let values = (0..<max(0, Int(steps))).map { first + Double($0) * step }
            context.set(
                0,
                try Tensor(shape: Shape(values.count), elements: .float64(values)).cast(to: start.type))
        default:
            let first = try start.convertedToLongs()[0]
            let step = try delta.convertedToLongs()[0]
            let (span, overflow) = try limit.convertedToLongs()[0].subtractingReportingOverflow(first)
            guard step != 0, !overflow, span != .min, step != .min else { throw OperatorError("endless") }
            let steps = span == 0 || (span < 0) != (step < 0) ? 0 : (abs(span) - 1) / abs(step) + 1
            guard steps < Int64(GraphLimits.elementsMax) else { throw OperatorError("\(steps) elements") }
            let values = (0..<steps).map { first &+ $0 &* step }
            context.set(
                0, try Tensor(shape: Shape(values.count), elements: .int64(values)).cast(to: start.type))
        }
    }
}

/// Ones on a diagonal.
struct EyeLikeKernel: OperatorKernel {
    let diagonal: Int
    let type: ElementType?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        guard x.shape.rank == 2 else { throw OperatorError("a tensor of \(x.shape) is no matrix") }
        var values = [Float](repeating: 0, count: x.count)
        for row in 0..<x.shape[0] {
            let column = row + diagonal
            if column >= 0 && column < x.shape[1] { values[row * x.shape[1] + column] = 1 }
        }
        context.set(0, try Tensor(shape: x.shape, elements: .float32(values)).cast(to: type ?? x.type))
    }
}

/// The upper or lower triangle; the rest becomes 0.
struct TriluKernel: OperatorKernel {
    let isUpper: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let rank = x.shape.rank
        guard rank >= 2 else { throw OperatorError("a tensor of \(x.shape) has no matrices") }
        let diagonal = try context.optionalInput(1)?.integers("the diagonal").first ?? 0
        let columns = x.shape[rank - 1]
        let rows = x.shape[rank - 2]
        let starts = (0..<x.count).map { index in
            let distance = index % columns - index / columns % rows
            return (isUpper ? distance >= diagonal : distance <= diagonal) ? index : -1
        }
        context.set(0, try x.gathered(RunList(starts: starts, length: 1), shape: x.shape))
    }
}

/// Rows of one and zeros, by index.
struct OneHotKernel: OperatorKernel {
    let axis: Int

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let indices = try context.input(0)
        guard let depth = try context.input(1).convertedToLongs().first, depth >= 0,
            depth <= Int64(GraphLimits.elementsMax)
        else { throw OperatorError("the depth is no number from 0") }
        let values = try context.input(2)
        guard values.count == 2, indices.shape.rank < Shape.rankMax else {
            throw OperatorError("two values are needed")
        }
        let axis = try indices.shape.axis(axis, adding: 1)
        var shape = Shape()
        for other in 0...indices.shape.rank {
            if other == axis { shape.append(Int(depth)) }
            if other < indices.shape.rank { shape.append(indices.shape[other]) }
        }
        guard let count = shape.checkedCount else { throw OperatorError("a result of \(shape)") }
        let inner = indices.shape.product(axis..<indices.shape.rank)
        var starts = [Int](repeating: 0, count: count)
        for (place, index) in try indices.convertedToLongs().enumerated() {
            let hot = index < 0 ? index + depth : index
            if hot >= 0 && hot < depth {
                starts[(place / inner * Int(depth) + Int(hot)) * inner + place % inner] = 1
            }
        }
        context.set(0, try values.gathered(RunList(starts: starts, length: 1), shape: shape))
    }
}

extension OperatorTable {
    static let fillOperators: [String: OperatorEntry] = {
        let last = standardLast
        var entries: [String: OperatorEntry] = [
            "Constant": OperatorEntry(1...last, 0...0) {
                (description) throws(OperatorError) -> any OperatorKernel in try ConstantKernel(description)
            },
            "ConstantOfShape": OperatorEntry(9...last, 1...1) {
                (description) throws(OperatorError) -> any OperatorKernel in
                let value = try description.tensor("value").map { Tensor($0) }
                if let value, value.count != 1 {
                    throw OperatorError("its value has \(value.count) elements")
                }
                return ConstantOfShapeKernel(
                    value: value ?? Tensor(shape: Shape(1), elements: .float32([0])))
            },
            "Expand": OperatorEntry(8...last, 2...2) { _ in ExpandKernel() },
            "Tile": OperatorEntry(6...last, 2...2) { _ in TileKernel() },
            "Range": OperatorEntry(11...last, 3...3) { _ in RangeKernel() },
            "Pad": OperatorEntry(2...last, 1...4) {
                (description) throws(OperatorError) -> any OperatorKernel in
                let name = try description.string("mode", default: "constant")
                guard let mode = PadKernel.Mode(rawValue: name) else {
                    throw OperatorError("the mode \"\(name)\" is not known")
                }
                guard description.version < 11 else { return PadKernel(mode: mode, fixed: nil) }
                guard let pads = try description.integers("pads") else {
                    throw OperatorError("the attribute \"pads\" is missing")
                }
                return PadKernel(mode: mode, fixed: (pads, try description.float("value", default: 0)))
            },
        ]
        entries["EyeLike"] = OperatorEntry(9...last, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in
            EyeLikeKernel(
                diagonal: try description.integer("k", default: 0), type: try description.elementType("dtype")
            )
        }
        entries["Trilu"] = OperatorEntry(14...last, 1...2) {
            (description) throws(OperatorError) -> any OperatorKernel in
            TriluKernel(isUpper: try description.flag("upper", default: true))
        }
        entries["OneHot"] = OperatorEntry(9...last, 3...3) {
            (description) throws(OperatorError) -> any OperatorKernel in
            OneHotKernel(axis: try description.integer("axis", default: -1))
        }
        return entries
    }()
}
