// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Operators that give the same elements another shape: nothing is copied.
struct ReshapeKernel: OperatorKernel {
    enum Form: Sendable {
        /// The second input, or this attribute, is the shape.
        case reshape(shape: [Int]?, allowsZero: Bool)
        case flatten(axis: Int)
        case squeeze(axes: [Int]?)
        case unsqueeze(axes: [Int]?)
    }

    let form: Form

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        var x = try context.input(0)
        switch form {
        case .reshape(let shape, let allowsZero):
            let wanted = try shape.or(context.input(1).integers("the shape"))
            x.shape = try reshaped(x.shape, to: wanted, allowsZero: allowsZero)
        case .flatten(let axis):
            let axis = axis == x.shape.rank ? axis : try x.shape.axis(axis)
            x.shape = Shape(x.shape.product(0..<axis), x.shape.product(axis..<x.shape.rank))
        case .squeeze(let axes):
            let axes = try axes.or(context.optionalInput(1)?.integers("the axes"))
            x.shape = try squeezed(x.shape, axes)
        case .unsqueeze(let axes):
            let axes = try axes.or(context.input(1).integers("the axes"))
            x.shape = try unsqueezed(x.shape, axes)
        }
        context.set(0, x)
    }

    private func reshaped(_ shape: Shape, to wanted: [Int], allowsZero: Bool) throws(OperatorError) -> Shape {
        guard wanted.count <= Shape.rankMax else { throw OperatorError("more than eight axes") }
        var result = Shape()
        var open: Int?
        for (axis, size) in wanted.enumerated() {
            if size == -1 {
                guard open == nil else { throw OperatorError("two sizes of the new shape are -1") }
                open = axis
                result.append(1)
            } else if size == 0 && !allowsZero {
                guard axis < shape.rank else { throw OperatorError("size 0 copies no axis of \(shape)") }
                result.append(shape[axis])
            } else {
                guard size >= 0 else { throw OperatorError("a size of \(size)") }
                result.append(size)
            }
        }
        guard let known = result.checkedCount else { throw OperatorError("a result of \(wanted)") }
        if let open {
            guard known > 0, shape.count % known == 0 else {
                throw OperatorError("\(shape) cannot become \(wanted)")
            }
            result[open] = shape.count / known
        }
        guard result.count == shape.count else { throw OperatorError("\(shape) cannot become \(wanted)") }
        return result
    }

    private func squeezed(_ shape: Shape, _ axes: [Int]?) throws(OperatorError) -> Shape {
        var dropped: Set<Int> = []
        if let axes {
            for axis in axes {
                let axis = try shape.axis(axis)
                guard shape.rank > axis, shape[axis] == 1 else {
                    throw OperatorError("axis \(axis) of \(shape) is not 1")
                }
                dropped.insert(axis)
            }
        } else {
            for axis in 0..<shape.rank where shape[axis] == 1 { dropped.insert(axis) }
        }
        return Shape((0..<shape.rank).filter { !dropped.contains($0) }.map { shape[$0] })
    }

    private func unsqueezed(_ shape: Shape, _ axes: [Int]) throws(OperatorError) -> Shape {
        guard shape.rank + axes.count <= Shape.rankMax else { throw OperatorError("more than eight axes") }
        var added: Set<Int> = []
        for axis in axes {
            let axis = try shape.axis(axis, adding: axes.count)
            guard added.insert(axis).inserted else { throw OperatorError("axis \(axis) is added twice") }
        }
        var result = Shape()
        var next = 0
        for axis in 0..<shape.rank + axes.count {
            if added.contains(axis) {
                result.append(1)
            } else {
                result.append(shape[next])
                next += 1
            }
        }
        return result
    }
}

/// Changes the order of the axes.
struct TransposeKernel: OperatorKernel {
    let order: [Int]?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let rank = x.shape.rank
        let order = order ?? Array((0..<rank).reversed())
        var seen: UInt = 0
        for axis in order where (0..<rank).contains(axis) { seen |= 1 << UInt(axis) }
        guard order.count == rank, seen == (1 << UInt(rank)) - 1 else {
            throw OperatorError("the order \(order) is none of \(rank) axes")
        }
        let shape = Shape(order.map { x.shape[$0] })
        // Nothing moves where only axes of one place change theirs: sequences of a single row.
        var last = -1
        var isMoved = false
        for axis in order where x.shape[axis] != 1 {
            if axis < last { isMoved = true }
            last = axis
        }
        if !isMoved { return context.set(0, Tensor(shape: shape, elements: x.elements)) }
        // Axes at the end that keep their place travel together.
        var kept = rank
        while kept > 0 && order[kept - 1] == kept - 1 { kept -= 1 }
        let own = x.shape.strides
        var strides = InlineArray<8, Int>(repeating: 0)
        for axis in 0..<kept { strides[axis] = own[order[axis]] }
        var outer = Shape()
        for axis in 0..<kept { outer.append(shape[axis]) }
        let length = x.shape.product(kept..<rank)
        if case .float32(let values) = x.elements, length == 1 {
            var y = try context.memory(Float.self, 0, shape)
            var index = 0
            outer.walk(strides, from: 0) {
                y[index] = values[$0]
                index += 1
            }
            return context.set(0, shape, y)
        }
        var starts: [Int] = []
        starts.reserveCapacity(outer.count)
        if length > 0 { outer.walk(strides, from: 0) { starts.append($0) } }
        context.set(0, try x.gathered(RunList(starts: starts, length: length), shape: shape))
    }
}

/// The shape as a tensor.
struct ShapeKernel: OperatorKernel {
    let start: Int
    let end: Int?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let shape = try context.input(0).shape
        func clamp(_ axis: Int) -> Int { min(max(axis < 0 ? axis + shape.rank : axis, 0), shape.rank) }
        let first = clamp(start)
        let last = max(first, clamp(end ?? shape.rank))
        context.set(0, Shape(last - first), (first..<last).map { Int64(shape[$0]) })
    }
}

struct SizeKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        context.set(0, Shape(), [Int64(try context.input(0).count)])
    }
}

/// Tensors one after the other along an axis.
struct ConcatKernel: OperatorKernel {
    let axis: Int

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        try run(context.inputCount, &context)
    }

    /// Joins the first `count` inputs.
    func run(_ count: Int, _ context: inout OperatorContext) throws(OperatorError) {
        let first = try context.input(0)
        let axis = try first.shape.axis(axis)
        guard first.shape.rank > 0 else { throw OperatorError("scalars cannot be joined") }
        var shape = first.shape
        var inputs: [Tensor] = []
        var total = 0
        for index in 0..<count {
            let input = try context.input(index)
            guard input.type == first.type, input.shape.rank == shape.rank else {
                throw OperatorError("inputs of \(first.type) \(first.shape) and \(input.type) \(input.shape)")
            }
            for other in 0..<shape.rank where other != axis && input.shape[other] != shape[other] {
                throw OperatorError("inputs of shapes \(first.shape) and \(input.shape)")
            }
            total += input.shape[axis]
            inputs.append(input)
        }
        shape[axis] = total
        guard shape.checkedCount != nil else { throw OperatorError("a result of shape \(shape)") }
        var joiner = Joiner(
            inputs: inputs, outer: shape.product(0..<axis), inner: shape.product(axis + 1..<shape.rank),
            axis: axis)
        context.set(0, Tensor(shape: shape, elements: try first.elements.accept(&joiner)))
    }

    private struct Joiner: ElementVisitor {
        let inputs: [Tensor]
        let outer: Int
        let inner: Int
        let axis: Int

        func visit<Element: TensorElement>(_: [Element]) throws(OperatorError) -> TensorElements {
            var arrays: [(values: [Element], length: Int)] = []
            var total = 0
            for input in inputs {
                let length = input.shape[axis] * inner
                arrays.append((try input.array(Element.self), length))
                total += length
            }
            var result: [Element] = []
            result.reserveCapacity(total * outer)
            for block in 0..<outer {
                for (values, length) in arrays {
                    result.append(contentsOf: values[block * length..<(block + 1) * length])
                }
            }
            return Element.elements(result)
        }
    }
}

/// One tensor in pieces along an axis.
struct SplitKernel: OperatorKernel {
    let axis: Int
    let sizes: [Int]?
    let isCountGiven: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let axis = try x.shape.axis(axis)
        guard x.shape.rank > 0 else { throw OperatorError("a scalar cannot be split") }
        let total = x.shape[axis]
        let count = context.outputCount
        let sizes: [Int]
        if let given = try self.sizes.or(context.optionalInput(1)?.integers("the sizes")) {
            sizes = given
        } else {
            // Equal pieces; the last may be smaller.
            let size = (total + count - 1) / count
            sizes = (0..<count).map { max(0, min(size, total - $0 * size)) }
        }
        guard sizes.count == count, sizes.allSatisfy({ $0 >= 0 && $0 <= total }),
            sizes.reduce(0, +) == total
        else { throw OperatorError("pieces of \(sizes) from \(total)") }
        let inner = x.shape.product(axis + 1..<x.shape.rank)
        let outer = x.shape.product(0..<axis)
        var first = 0
        for (output, size) in sizes.enumerated() {
            var shape = x.shape
            shape[axis] = size
            let starts = (0..<outer).map { ($0 * total + first) * inner }
            context.set(
                output, try x.gathered(RunList(starts: starts, length: size * inner), shape: shape))
            first += size
        }
    }
}

extension OperatorTable {
    static let layoutOperators: [String: OperatorEntry] = {
        let last = standardLast
        var entries: [String: OperatorEntry] = [
            "Reshape": OperatorEntry(1...last, 1...2) {
                (description) throws(OperatorError) -> any OperatorKernel in
                ReshapeKernel(
                    form: .reshape(
                        shape: try description.integers("shape"),
                        allowsZero: try description.flag("allowzero")))
            },
            "Flatten": OperatorEntry(1...last, 1...1) {
                (description) throws(OperatorError) -> any OperatorKernel in
                ReshapeKernel(form: .flatten(axis: try description.integer("axis", default: 1)))
            },
            "Squeeze": OperatorEntry(1...last, 1...2) {
                (description) throws(OperatorError) -> any OperatorKernel in
                ReshapeKernel(form: .squeeze(axes: try description.integers("axes")))
            },
            "Unsqueeze": OperatorEntry(1...last, 1...2) {
                (description) throws(OperatorError) -> any OperatorKernel in
                ReshapeKernel(form: .unsqueeze(axes: try description.integers("axes")))
            },
            "Transpose": OperatorEntry(1...last, 1...1) {
                (description) throws(OperatorError) -> any OperatorKernel in
                TransposeKernel(order: try description.integers("perm"))
            },
            "Shape": OperatorEntry(1...last, 1...1) {
                (description) throws(OperatorError) -> any OperatorKernel in
                ShapeKernel(
                    start: try description.integer("start", default: 0), end: try description.integer("end"))
            },
        ]
        entries["Size"] = OperatorEntry(1...last, 1...1) { _ in SizeKernel() }
        entries["Concat"] = OperatorEntry(1...last, 1...ONNXPorts.most) {
            (description) throws(OperatorError) -> any OperatorKernel in
            guard let axis = try description.integer("axis") ?? (description.version < 4 ? 1 : nil) else {
                throw OperatorError("the attribute \"axis\" is missing")
            }
            return ConcatKernel(axis: axis)
        }
        entries["Split"] = OperatorEntry(2...last, 1...2, outputs: 1...ONNXPorts.most) {
            (description) throws(OperatorError) -> any OperatorKernel in
            if let count = try description.integer("num_outputs"), count != description.outputCount {
                throw OperatorError("\(description.outputCount) outputs where num_outputs is \(count)")
            }
            return SplitKernel(
                axis: try description.integer("axis", default: 0), sizes: try description.integers("split"),
                isCountGiven: description.has("num_outputs"))
        }
        return entries
    }()
}
