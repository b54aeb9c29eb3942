// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Which axes of which operands are one index, and which of them are left: the equation of `Einsum`.
struct EinsteinSum: Sendable, Equatable {
    /// An index by its letter's code; axes under an ellipsis count from -1 at the last down.
    typealias Index = Int

    /// One operand's indices, or those of the result.
    struct Term: Sendable, Equatable {
        var before: [Index] = []
        var hasEllipsis = false
        /// Behind the ellipsis; empty without one.
        var behind: [Index] = []

        /// The indices of a tensor's axes, where the ellipsis stands for `hidden` of them.
        func indices(hidden: Int) -> [Index] {
            hasEllipsis ? before + (0..<hidden).map { $0 - hidden } + behind : before
        }
    }

    let operands: [Term]
    /// Nil: what stands once, in alphabetical order behind the ellipsis.
    let result: Term?

    init(equation: String) throws(OperatorError) {
        let text = equation.utf8.filter { $0 != UInt8(ascii: " ") }
        var sides: [[UInt8]] = [[]]
        var place = 0
        while place < text.count {
            let isArrow =
                text[place] == UInt8(ascii: "-") && place + 1 < text.count
                && text[place + 1] == UInt8(ascii: ">")
            if isArrow { sides.append([]) } else { sides[sides.count - 1].append(text[place]) }
            place += isArrow ? 2 : 1
        }
        guard sides.count <= 2 else { throw OperatorError("the equation \"\(equation)\" has two arrows") }
        var operands: [Term] = []
        for part in sides[0].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            operands.append(try EinsteinSum.term(part, equation))
        }
        self.operands = operands
        guard sides.count == 2 else {
            self.result = nil
            return
        }
        let result = try EinsteinSum.term(sides[1][...], equation)
        let known = Set(operands.flatMap { $0.before + $0.behind })
        let own = result.before + result.behind
        guard Set(own).count == own.count, known.isSuperset(of: own) else {
            throw OperatorError("the result of \"\(equation)\" names an index twice, or an unknown one")
        }
        self.result = result
    }

    private static func term(_ text: ArraySlice<UInt8>, _ equation: String) throws(OperatorError) -> Term {
        var term = Term()
        var place = text.startIndex
        while place < text.endIndex {
            switch text[place] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
                if term.hasEllipsis {
                    term.behind.append(Int(text[place]))
                } else {
                    term.before.append(Int(text[place]))
                }
                place += 1
            case UInt8(ascii: ".") where !term.hasEllipsis && text[place...].starts(with: "...".utf8):
                term.hasEllipsis = true
                place += 3
            default: throw OperatorError("the equation \"\(equation)\" is not understood")
            }
        }
        return term
    }

    /// The indices of the operands' axes and of the result's.
    ///
    /// - Parameter ranks: of the operands.
    func resolved(ranks: [Int]) throws(OperatorError) -> (operands: [[Index]], result: [Index]) {
        guard ranks.count == operands.count else {
            throw OperatorError("\(ranks.count) operands of \(operands.count)")
        }
        var all: [[Index]] = []
        var hiddenMax = 0
        for (term, rank) in zip(operands, ranks) {
            let named = term.before.count + term.behind.count
            guard term.hasEllipsis ? rank >= named : rank == named else {
                throw OperatorError("an operand of \(rank) axes where the equation has \(named)")
            }
            hiddenMax = max(hiddenMax, rank - named)
            all.append(term.indices(hidden: rank - named))
        }
        if let result { return (all, result.indices(hidden: hiddenMax)) }
        var counts: [Index: Int] = [:]
        for index in all.joined() { counts[index, default: 0] += 1 }
        let once = counts.filter { $0.key > 0 && $0.value == 1 }.keys.sorted()
        return (all, (0..<hiddenMax).map { $0 - hiddenMax } + once)
    }
}

/// Products of tensors over named axes, summed over those that the result lacks: each pair of operands as a
/// stack of matrix products.
struct EinsteinSumKernel: OperatorKernel {
    let sum: EinsteinSum

    /// A tensor whose axes are named, each once.
    private struct Operand {
        var tensor: Tensor
        var indices: [EinsteinSum.Index]

        /// - Parameter sizes: of all indices; an axis of 1 where another operand has more is left out.
        init(
            _ tensor: Tensor, _ axes: [EinsteinSum.Index], sizes: [EinsteinSum.Index: Int]
        ) throws(OperatorError) {
            var strides: [EinsteinSum.Index: Int] = [:]
            let own = tensor.shape.strides
            var indices: [EinsteinSum.Index] = []
            for (axis, index) in axes.enumerated() where tensor.shape[axis] == sizes[index] {
                // The same index twice walks the diagonal.
                if strides[index] == nil { indices.append(index) }
                strides[index, default: 0] += own[axis]
            }
            self.indices = indices
            var (shape, steps) = (Shape(), InlineArray<8, Int>(repeating: 0))
            for (axis, index) in indices.enumerated() {
                shape.append(sizes[index] ?? 1)
                steps[axis] = strides[index] ?? 0
            }
            self.tensor = try Operand.picked(tensor, shape, steps)
        }

        init(_ tensor: Tensor, named indices: [EinsteinSum.Index]) {
            (self.tensor, self.indices) = (tensor, indices)
        }

        private static func picked(
            _ tensor: Tensor, _ shape: Shape, _ steps: InlineArray<8, Int>
        ) throws(OperatorError) -> Tensor {
            let own = shape.strides
            let isSame = (0..<shape.rank).allSatisfy { steps[$0] == own[$0] } && shape.count == tensor.count
            if isSame { return Tensor(shape: shape, elements: tensor.elements) }
            var starts: [Int] = []
            if shape.count > 0 { shape.walk(steps, from: 0) { starts.append($0) } }
            return try tensor.gathered(RunList(starts: starts, length: 1), shape: shape)
        }

        func sizes(_ indices: [EinsteinSum.Index]) -> [Int] {
            indices.map { index in self.indices.firstIndex(of: index).map { tensor.shape[$0] } ?? 1 }
        }

        /// Of all elements over these indices, which are many beside an axis of none.
        func size(_ indices: [EinsteinSum.Index]) throws(OperatorError) -> Int {
            let shape = Shape(sizes(indices))
            guard let count = shape.checkedCount else { throw OperatorError("a part of shape \(shape)") }
            return count
        }

        /// The axes in this order; all of them are here.
        func arranged(_ order: [EinsteinSum.Index]) throws(OperatorError) -> Tensor {
            var (shape, steps) = (Shape(), InlineArray<8, Int>(repeating: 0))
            let own = tensor.shape.strides
            for (axis, index) in order.enumerated() {
                guard let place = indices.firstIndex(of: index) else { throw OperatorError("no such index") }
                shape.append(tensor.shape[place])
                steps[axis] = own[place]
            }
            return try Operand.picked(tensor, shape, steps)
        }
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        var inputs: [Tensor] = []
        for index in 0..<context.inputCount { inputs.append(try context.input(index)) }
        let (axes, result) = try sum.resolved(ranks: inputs.map(\.shape.rank))
        var sizes: [EinsteinSum.Index: Int] = [:]
        for (input, indices) in zip(inputs, axes) {
            for (axis, index) in indices.enumerated() {
                let (size, other) = (input.shape[axis], sizes[index] ?? 1)
                guard size == other || size == 1 || other == 1 else {
                    throw OperatorError("an index of sizes \(other) and \(size)")
                }
                sizes[index] = other == 1 ? size : other
            }
        }
        let original = context.replacements
        defer { context.replacements = original }
        var product = try Operand(inputs[0], axes[0], sizes: sizes)
        for next in 1..<max(1, inputs.count) {
            let needed = Set(axes[(next + 1)...].joined()).union(result)
            let right = try Operand(inputs[next], axes[next], sizes: sizes)
            product = try multiply(product, right, needed, &context)
        }
        product = try reduced(product, keeping: { result.contains($0) }, &context)
        // An index whose size is 1 in all operands is there; one that was left out has another size.
        var shape = Shape()
        guard result.count <= Shape.rankMax else { throw OperatorError("more than eight axes") }
        for index in result { shape.append(sizes[index] ?? 1) }
        var answer = try product.arranged(result.filter { product.indices.contains($0) })
        answer.shape = shape
        guard answer.elements.count >= shape.count else { throw OperatorError("a result of \(shape)") }
        context.set(0, answer)
    }

    /// The sum over the indices that are not kept.
    private func reduced(
        _ operand: Operand, keeping isKept: (EinsteinSum.Index) -> Bool, _ context: inout OperatorContext
    ) throws(OperatorError) -> Operand {
        let kept = operand.indices.filter(isKept)
        let dropped = operand.indices.filter { !isKept($0) }
        if dropped.isEmpty { return operand }
        let count = try operand.size(dropped)
        let ones = try Tensor(
            shape: Shape(count, 1), elements: .float32([Float](repeating: 1, count: count))
        ).cast(to: operand.tensor.type)
        var matrix = try operand.arranged(kept + dropped)
        let shape = Shape(operand.sizes(kept))
        matrix.shape = Shape(try operand.size(kept), count)
        var sum = try matrixProduct(matrix, ones, &context)
        sum.shape = shape
        return Operand(sum, named: kept)
    }

    private func multiply(
        _ first: Operand, _ second: Operand, _ needed: Set<EinsteinSum.Index>,
        _ context: inout OperatorContext
    ) throws(OperatorError) -> Operand {
        let left = try reduced(
            first, keeping: { needed.contains($0) || second.indices.contains($0) }, &context)
        let right = try reduced(
            second, keeping: { needed.contains($0) || left.indices.contains($0) }, &context)
        let shared = left.indices.filter { right.indices.contains($0) }
        let stacked = shared.filter { needed.contains($0) }
        let summed = shared.filter { !needed.contains($0) }
        let rows = left.indices.filter { !shared.contains($0) }
        let columns = right.indices.filter { !shared.contains($0) }
        var a = try left.arranged(stacked + rows + summed)
        var b = try right.arranged(stacked + summed + columns)
        let indices = stacked + rows + columns
        guard indices.count <= Shape.rankMax else { throw OperatorError("more than eight axes") }
        let shape = Shape(left.sizes(stacked + rows) + right.sizes(columns))
        var stack = Shape(try left.size(stacked))
        stack.append(try left.size(rows))
        stack.append(try left.size(summed))
        a.shape = stack
        stack[1] = stack[2]
        stack[2] = try right.size(columns)
        b.shape = stack
        var product = try matrixProduct(a, b, &context)
        product.shape = shape
        return Operand(product, named: indices)
    }

    private func matrixProduct(
        _ a: Tensor, _ b: Tensor, _ context: inout OperatorContext
    ) throws(OperatorError) -> Tensor {
        context.replacements = [a, b]
        try MatMulKernel().run(&context)
        guard let product = context.output(0) else { throw OperatorError("its result is not read") }
        return product
    }
}

extension OperatorTable {
    static let einsteinSumOperators: [String: OperatorEntry] = [
        "Einsum": OperatorEntry(12...standardLast, 1...64, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            EinsteinSumKernel(
                sum: try EinsteinSum(equation: try description.string("equation", default: "")))
        }
    ]
}
