// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// A part of a tensor along some axes, with steps.
struct SliceKernel: OperatorKernel {
    /// Attributes of operator sets before 10: starts, ends, axes.
    let fixed: (starts: [Int], ends: [Int], axes: [Int]?)?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let starts = try (fixed?.starts).or(context.input(1).integers("the starts"))
        let ends = try (fixed?.ends).or(context.input(2).integers("the ends"))
        let axes =
            try (fixed == nil ? context.optionalInput(3)?.integers("the axes") : fixed?.axes)
            ?? Array(0..<starts.count)
        let steps =
            try (fixed == nil ? context.optionalInput(4)?.integers("the steps") : nil)
            ?? [Int](repeating: 1, count: starts.count)
        guard starts.count == ends.count, starts.count == axes.count, starts.count == steps.count else {
            throw OperatorError("starts, ends, axes and steps of different lengths")
        }
        let own = x.shape.strides
        var strides = own
        var shape = x.shape
        var base = 0
        var seen: Set<Int> = []
        for index in starts.indices {
            let axis = try x.shape.axis(axes[index])
            guard axis < x.shape.rank, seen.insert(axis).inserted else {
                throw OperatorError("axis \(axis) is cut twice, or is none")
            }
            let (first, count) = try Self.range(
                start: starts[index], end: ends[index], step: steps[index], size: x.shape[axis])
            shape[axis] = count
            strides[axis] = own[axis] * steps[index]
            base += first * own[axis]
        }
        try cut(x, shape: shape, strides: strides, base: base, &context)
    }

    /// The first index and how many, by NumPy's rules.
    static func range(start: Int, end: Int, step: Int, size: Int) throws(OperatorError) -> (Int, Int) {
        guard step != 0 else { throw OperatorError("a step of 0") }
        func clamp(_ index: Int, _ low: Int, _ high: Int) -> Int {
            min(max(index < 0 ? index + size : index, low), high)
        }
        if step > 0 {
            let first = clamp(start, 0, size)
            let last = clamp(end, 0, size)
            return (first, last <= first ? 0 : (last - first - 1) / step + 1)
        }
        let first = clamp(start, 0, size - 1)
        // The lowest end is "before the first element".
        let last = end < 0 && end + size < 0 ? -1 : clamp(end, -1, size - 1)
        if size == 0 || first <= last { return (0, 0) }
        return (first, (first - last - 1) / -max(step, -(1 << 60)) + 1)
    }

    private func cut(
        _ x: Tensor, shape: Shape, strides: InlineArray<8, Int>, base: Int, _ context: inout OperatorContext
    ) throws(OperatorError) {
        // Axes at the end that are whole travel together.
        var kept = shape.rank
        let own = x.shape.strides
        while kept > 0 && shape[kept - 1] == x.shape[kept - 1] && strides[kept - 1] == own[kept - 1] {
            kept -= 1
        }
        var length = x.shape.product(kept..<shape.rank)
        // So does a run of neighbours along the last axis that is cut.
        if kept > 0 && strides[kept - 1] == own[kept - 1] {
            length *= shape[kept - 1]
            kept -= 1
        }
        if kept == 0 && base == 0 && length == x.count {
            return context.set(0, Tensor(shape: shape, elements: x.elements))
        }
        var outer = Shape()
        for axis in 0..<kept { outer.append(shape[axis]) }
        var starts: [Int] = []
        if shape.count > 0 { outer.walk(strides, from: base) { starts.append($0) } }
        context.set(
            0, try x.gathered(RunList(starts: starts, length: shape.count > 0 ? length : 0), shape: shape))
    }
}

/// Picks slices along an axis by number.
struct GatherKernel: OperatorKernel {
    let axis: Int

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let indices = try context.input(1)
        let axis = try x.shape.axis(axis)
        guard x.shape.rank > 0, x.shape.rank + indices.shape.rank - 1 <= Shape.rankMax else {
            throw OperatorError("ranks \(x.shape.rank) and \(indices.shape.rank)")
        }
        let size = x.shape[axis]
        var places: [Int] = []
        for index in try indices.convertedToLongs() {
            places.append(try resolve(index, size))
        }
        var shape = Shape()
        for other in 0..<axis { shape.append(x.shape[other]) }
        for other in 0..<indices.shape.rank { shape.append(indices.shape[other]) }
        for other in axis + 1..<x.shape.rank { shape.append(x.shape[other]) }
        let inner = x.shape.product(axis + 1..<x.shape.rank)
        guard shape.checkedCount != nil else { throw OperatorError("a result of shape \(shape)") }
        var starts: [Int] = []
        if inner > 0 {
            for outer in 0..<x.shape.product(0..<axis) {
                for place in places { starts.append((outer * size + place) * inner) }
            }
        }
        context.set(0, try x.gathered(RunList(starts: starts, length: inner), shape: shape))
    }
}

/// An index along an axis of `size`; negative ones count from the end.
func resolve(_ index: Int64, _ size: Int) throws(OperatorError) -> Int {
    let resolved = index < 0 ? index + Int64(size) : index
    guard resolved >= 0 && resolved < Int64(size) else {
        throw OperatorError("the index \(index) is outside an axis of \(size)")
    }
    return Int(resolved)
}

/// Picks single elements: along an axis (`GatherElements`).
struct GatherElementsKernel: OperatorKernel {
    let axis: Int

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let indices = try context.input(1)
        let axis = try x.shape.axis(axis)
        let places = try elementPlaces(of: indices, in: x.shape, axis: axis)
        context.set(0, try x.gathered(RunList(starts: places, length: 1), shape: indices.shape))
    }
}

/// For each element of `indices` the place in a tensor of `shape` that it means along `axis`.
func elementPlaces(of indices: Tensor, in shape: Shape, axis: Int) throws(OperatorError) -> [Int] {
    guard indices.shape.rank == shape.rank, shape.rank > 0 else {
        throw OperatorError("indices of rank \(indices.shape.rank) into \(shape)")
    }
    for other in 0..<shape.rank where other != axis && indices.shape[other] > shape[other] {
        throw OperatorError("indices of shape \(indices.shape) into \(shape)")
    }
    var strides = shape.strides
    let own = strides[axis]
    strides[axis] = 0
    var bases: [Int] = []
    indices.shape.walk(strides, from: 0) { bases.append($0) }
    let numbers = try indices.convertedToLongs()
    for place in bases.indices { bases[place] += try resolve(numbers[place], shape[axis]) * own }
    return bases
}

/// Picks slices by tuples of indices.
struct GatherNDKernel: OperatorKernel {
    let batchAxes: Int

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let indices = try context.input(1)
        let rank = indices.shape.rank
        guard rank > 0, batchAxes >= 0, batchAxes < min(rank, x.shape.rank) else {
            throw OperatorError("\(batchAxes) batch axes of \(x.shape) and \(indices.shape)")
        }
        let width = indices.shape[rank - 1]
        guard width + batchAxes <= x.shape.rank else { throw OperatorError("tuples of \(width)") }
        for axis in 0..<batchAxes where indices.shape[axis] != x.shape[axis] {
            throw OperatorError("batch axes of \(x.shape) and \(indices.shape)")
        }
        var shape = Shape()
        let rest = batchAxes + width..<x.shape.rank
        guard rank - 1 + rest.count <= Shape.rankMax else { throw OperatorError("more than eight axes") }
        for axis in 0..<rank - 1 { shape.append(indices.shape[axis]) }
        for axis in rest { shape.append(x.shape[axis]) }
        let numbers = try indices.convertedToLongs()
        let tuples = indices.shape.product(0..<rank - 1)
        let batches = max(1, x.shape.product(0..<batchAxes))
        let strides = x.shape.strides
        let length = x.shape.product(rest)
        var starts: [Int] = []
        for tuple in 0..<tuples {
            var place = tuple / max(1, tuples / batches) * x.shape.product(batchAxes..<x.shape.rank)
            for axis in 0..<width {
                let size = x.shape[batchAxes + axis]
                place += try resolve(numbers[tuple * width + axis], size) * strides[batchAxes + axis]
            }
            starts.append(place)
        }
        guard shape.checkedCount == starts.count * length else { throw OperatorError("a result of \(shape)") }
        context.set(0, try x.gathered(RunList(starts: starts, length: length), shape: shape))
    }
}

/// Picks slices along an axis, or elements of all, by yes and no.
struct CompressKernel: OperatorKernel {
    let axis: Int?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        var x = try context.input(0)
        let condition = try context.input(1)
        let wanted = try condition.array(Bool.self, "the condition").prefix(condition.count)
        if axis == nil { x.shape = Shape(x.count) }
        let axis = try x.shape.axis(axis ?? 0)
        guard x.shape.rank > 0, wanted.count <= x.shape[axis] else {
            throw OperatorError("a condition of \(wanted.count) for \(x.shape)")
        }
        let picked = wanted.indices.filter { wanted[$0] }
        let inner = x.shape.product(axis + 1..<x.shape.rank)
        var starts: [Int] = []
        for outer in 0..<x.shape.product(0..<axis) {
            for place in picked { starts.append((outer * x.shape[axis] + place) * inner) }
        }
        var shape = x.shape
        shape[axis] = picked.count
        context.set(0, try x.gathered(RunList(starts: starts, length: inner), shape: shape))
    }
}

/// z = condition ? x : y
struct WhereKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let condition = try context.input(0)
        let x = try context.input(1)
        let y = try context.input(2)
        let shape = try condition.shape.broadcast(with: x.shape).broadcast(with: y.shape)
        guard shape.checkedCount != nil else { throw OperatorError("a result of shape \(shape)") }
        guard x.type == y.type else { throw OperatorError("choices of \(x.type) and \(y.type)") }
        var chooser = Chooser(
            condition: try condition.array(Bool.self, "the condition"),
            places: condition.shape.places(broadcastTo: shape), y: y,
            left: x.shape.places(broadcastTo: shape), right: y.shape.places(broadcastTo: shape))
        context.set(0, Tensor(shape: shape, elements: try x.elements.accept(&chooser)))
    }

    private struct Chooser: ElementVisitor {
        let condition: [Bool]
        let places: [Int]
        let y: Tensor
        let left: [Int]
        let right: [Int]

        func visit<Element: TensorElement>(_ x: [Element]) throws(OperatorError) -> TensorElements {
            let y = try y.array(Element.self)
            return Element.elements(
                places.indices.map { condition[places[$0]] ? x[left[$0]] : y[right[$0]] })
        }
    }
}

extension OperatorTable {
    static let selectionOperators: [String: OperatorEntry] = {
        let last = standardLast
        var entries: [String: OperatorEntry] = [
            "Slice": OperatorEntry(1...last, 1...5) {
                (description) throws(OperatorError) -> any OperatorKernel in
                guard description.version < 10 else { return SliceKernel(fixed: nil) }
                guard let starts = try description.integers("starts"),
                    let ends = try description.integers("ends")
                else { throw OperatorError("the attributes \"starts\" and \"ends\" are missing") }
                return SliceKernel(fixed: (starts, ends, try description.integers("axes")))
            },
            "Gather": OperatorEntry(1...last, 2...2) {
                (description) throws(OperatorError) -> any OperatorKernel in
                GatherKernel(axis: try description.integer("axis", default: 0))
            },
            "GatherElements": OperatorEntry(11...last, 2...2) {
                (description) throws(OperatorError) -> any OperatorKernel in
                GatherElementsKernel(axis: try description.integer("axis", default: 0))
            },
            "GatherND": OperatorEntry(11...last, 2...2) {
                (description) throws(OperatorError) -> any OperatorKernel in
                GatherNDKernel(batchAxes: try description.integer("batch_dims", default: 0))
            },
            "Compress": OperatorEntry(9...last, 2...2) {
                (description) throws(OperatorError) -> any OperatorKernel in
                CompressKernel(axis: try description.integer("axis"))
            },
            "Where": OperatorEntry(9...last, 3...3) { _ in WhereKernel() },
        ]
        for name in ["ScatterElements", "Scatter"] {
            entries[name] = OperatorEntry(name == "Scatter" ? 9...10 : 11...last, 3...3) {
                (description) throws(OperatorError) -> any OperatorKernel in
                ScatterKernel(
                    form: .elements(axis: try description.integer("axis", default: 0)),
                    reduction: try ScatterKernel.reduction(description))
            }
        }
        entries["ScatterND"] = OperatorEntry(11...last, 3...3) {
            (description) throws(OperatorError) -> any OperatorKernel in
            ScatterKernel(form: .slices, reduction: try ScatterKernel.reduction(description))
        }
        return entries
    }()
}
