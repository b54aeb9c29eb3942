// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// The k largest or smallest elements along an axis, and where they stood.
struct TopKKernel: OperatorKernel {
    let axis: Int
    let picksLargest: Bool
    /// Before operator set 10.
    let count: Int?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        guard x.shape.rank > 0 else { throw OperatorError("a scalar has no axis") }
        let axis = try x.shape.axis(axis)
        let k = try count.or(context.input(1).integers("k").first) ?? 0
        guard k >= 0, k <= x.shape[axis] else { throw OperatorError("\(k) of \(x.shape[axis])") }
        var shape = x.shape
        shape[axis] = k
        let size = x.shape[axis]
        let stride = x.shape.product(axis + 1..<x.shape.rank)
        let outer = x.shape.product(0..<axis)
        var starts = [Int](repeating: 0, count: shape.count)
        var numbers = [Int64](repeating: 0, count: shape.count)
        let order = try ordering(x)
        for block in 0..<outer {
            for offset in 0..<stride {
                let base = block * size * stride + offset
                // Equal elements keep their order: the lower index comes first.
                let ranked = (0..<size).sorted { left, right in
                    let comparison = order(base + left * stride, base + right * stride)
                    return comparison == 0 ? left < right : comparison < 0
                }
                for place in 0..<k {
                    let target = (block * k + place) * stride + offset
                    starts[target] = base + ranked[place] * stride
                    numbers[target] = Int64(ranked[place])
                }
            }
        }
        context.set(0, try x.gathered(RunList(starts: starts, length: 1), shape: shape))
        context.set(1, shape, numbers)
    }

    /// Negative when the element at the first place comes first. NaN counts as the largest.
    private func ordering(_ x: Tensor) throws(OperatorError) -> (Int, Int) -> Int {
        let sign = picksLargest ? -1 : 1
        switch x.elements {
        case .float32(let values):
            return { left, right in
                let (a, b) = (values[left], values[right])
                if a.isNaN || b.isNaN { return a.isNaN == b.isNaN ? 0 : a.isNaN ? sign : -sign }
                return a == b ? 0 : a < b ? -sign : sign
            }
        case .float64(let values):
            return { left, right in
                let (a, b) = (values[left], values[right])
                if a.isNaN || b.isNaN { return a.isNaN == b.isNaN ? 0 : a.isNaN ? sign : -sign }
                return a == b ? 0 : a < b ? -sign : sign
            }
        case .uint64(let values):
            return { values[$0] == values[$1] ? 0 : values[$0] < values[$1] ? -sign : sign }
        case .string: throw OperatorError("strings have no order here")
        default:
            let values = try x.type.wide == .float32 ? x.converted(toFloating: Double.self).map { $0 } : []
            if !values.isEmpty {
                return { values[$0] == values[$1] ? 0 : values[$0] < values[$1] ? -sign : sign }
            }
            let longs = try x.convertedToLongs()
            return { longs[$0] == longs[$1] ? 0 : longs[$0] < longs[$1] ? -sign : sign }
        }
    }
}

/// Sums of all elements up to each, along an axis.
struct CumulativeSumKernel: OperatorKernel {
    let isExclusive: Bool
    let isReverse: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        guard let wanted = try context.input(1).integers("the axis").first, x.shape.rank > 0 else {
            throw OperatorError("the axis is missing")
        }
        let plan = ReductionPlan(x.shape, axes: [try x.shape.axis(wanted)], keepsAxes: true)
        switch x.elements {
        case .float32(let values):
            context.set(0, x.shape, sums(Array(values.prefix(x.count)), plan) { $0 + $1 })
        case .float64(let values):
            context.set(0, x.shape, sums(Array(values.prefix(x.count)), plan) { $0 + $1 })
        case .int64(let values):
            context.set(0, x.shape, sums(Array(values.prefix(x.count)), plan) { $0 &+ $1 })
        case .uint64(let values):
            context.set(0, x.shape, sums(Array(values.prefix(x.count)), plan) { $0 &+ $1 })
        default: throw OperatorError("it is not defined for \(x.type)")
        }
    }

    private func sums<Value: Numeric>(
        _ values: [Value], _ plan: ReductionPlan, _ add: (Value, Value) -> Value
    ) -> [Value] {
        var result = values
        let offsets = isReverse ? plan.offsets.reversed() : plan.offsets
        for base in plan.bases {
            var sum: Value = 0
            for offset in offsets {
                if isExclusive { result[base + offset] = sum }
                sum = add(sum, values[base + offset])
                if !isExclusive { result[base + offset] = sum }
            }
        }
        return result
    }
}

/// The places of elements that are not zero, one column each.
struct NonZeroKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let flags: [Bool]
        if case .string(let texts) = x.elements {
            flags = texts.prefix(x.count).map { !$0.isEmpty }
        } else if case .bool(let found)? = try? x.cast(to: .bool).elements {
            flags = found
        } else {
            flags = []
        }
        let places = flags.indices.filter { flags[$0] }
        let strides = x.shape.strides
        var result: [Int64] = []
        for axis in 0..<x.shape.rank {
            for place in places { result.append(Int64(place / strides[axis] % x.shape[axis])) }
        }
        context.set(0, Shape(x.shape.rank, places.count), result)
    }
}

/// Channels to blocks of pixels, and back.
struct BlockKernel: OperatorKernel {
    enum Form: Sendable { case depthToSpace(columnRowDepth: Bool), spaceToDepth(columnRowDepth: Bool) }

    let form: Form
    let size: Int

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        guard x.shape.rank == 4, size > 0 else { throw OperatorError("an input of \(x.shape)") }
        let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        let before: [Int]
        let order: [Int]
        let after: [Int]
        switch form {
        case .depthToSpace(let columnRowDepth):
            guard c % (size * size) == 0 else { throw OperatorError("\(c) channels in blocks of \(size)") }
            let rest = c / (size * size)
            before = columnRowDepth ? [n, rest, size, size, h, w] : [n, size, size, rest, h, w]
            order = columnRowDepth ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
            after = [n, rest, h * size, w * size]
        case .spaceToDepth(let columnRowDepth):
            guard h % size == 0, w % size == 0 else { throw OperatorError("\(x.shape) in blocks of \(size)") }
            before = [n, c, h / size, size, w / size, size]
            order = columnRowDepth ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]
            after = [n, c * size * size, h / size, w / size]
        }
        let original = context.replacements
        context.replacements = [Tensor(shape: Shape(before), elements: x.elements)]
        defer { context.replacements = original }
        try TransposeKernel(order: order).run(&context)
        if var result = context.output(0) {
            result.shape = Shape(after)
            context.set(0, result)
        }
    }
}

/// The first elements of each sequence in reverse order.
struct ReverseSequenceKernel: OperatorKernel {
    let batchAxis: Int
    let timeAxis: Int

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let lengths = try context.input(1).integers("the lengths")
        guard x.shape.rank >= 2, batchAxis != timeAxis, (0...1).contains(batchAxis),
            (0...1).contains(timeAxis),
            lengths.count == x.shape[batchAxis], lengths.allSatisfy({ (0...x.shape[timeAxis]).contains($0) })
        else { throw OperatorError("lengths \(lengths) of \(x.shape)") }
        let inner = x.shape.product(2..<x.shape.rank)
        var starts: [Int] = []
        for first in 0..<x.shape[0] {
            for second in 0..<x.shape[1] {
                let batch = batchAxis == 0 ? first : second
                let time = batchAxis == 0 ? second : first
                let source = time < lengths[batch] ? lengths[batch] - 1 - time : time
                starts.append(
                    (batchAxis == 0 ? batch * x.shape[1] + source : source * x.shape[1] + batch) * inner)
            }
        }
        context.set(0, try x.gathered(RunList(starts: starts, length: inner), shape: x.shape))
    }
}

extension OperatorTable {
    static let sortingOperators: [String: OperatorEntry] = {
        let last = standardLast
        var entries: [String: OperatorEntry] = [
            "TopK": OperatorEntry(1...last, 1...2, outputs: 2...2) {
                (description) throws(OperatorError) -> any OperatorKernel in
                TopKKernel(
                    axis: try description.integer("axis", default: -1),
                    picksLargest: try description.flag("largest", default: true),
                    count: try description.integer("k"))
            },
            "CumSum": OperatorEntry(11...last, 2...2, widening: .narrowing([0])) {
                (description) throws(OperatorError) -> any OperatorKernel in
                CumulativeSumKernel(
                    isExclusive: try description.flag("exclusive"),
                    isReverse: try description.flag("reverse"))
            },
            "NonZero": OperatorEntry(9...last, 1...1) { _ in NonZeroKernel() },
        ]
        entries["DepthToSpace"] = OperatorEntry(1...last, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in
            let mode = try description.string("mode", default: "DCR")
            guard mode == "DCR" || mode == "CRD" else { throw OperatorError("the mode \"\(mode)\"") }
            return BlockKernel(
                form: .depthToSpace(columnRowDepth: mode == "CRD"),
                size: min(try description.integer("blocksize", default: 0), 1 << 16))
        }
        entries["SpaceToDepth"] = OperatorEntry(1...last, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in
            BlockKernel(
                form: .spaceToDepth(columnRowDepth: try description.string("mode", default: "DCR") == "CRD"),
                size: min(try description.integer("blocksize", default: 0), 1 << 16))
        }
        entries["ReverseSequence"] = OperatorEntry(10...last, 2...2) {
            (description) throws(OperatorError) -> any OperatorKernel in
            ReverseSequenceKernel(
                batchAxis: try description.integer("batch_axis", default: 1),
                timeAxis: try description.integer("time_axis", default: 0))
        }
        return entries
    }()
}
