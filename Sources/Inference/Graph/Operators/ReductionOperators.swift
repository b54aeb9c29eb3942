// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat

/// The elements that each result of a reduction is made from.
struct ReductionPlan {
    /// The result's shape, with the reduced axes as 1 or left out.
    let shape: Shape
    /// For each result the place of its first element.
    let bases: [Int]
    /// From there the distances to all of its elements.
    let offsets: [Int]

    init(_ input: Shape, axes: Set<Int>, keepsAxes: Bool) {
        let own = input.strides
        var outer = Shape()
        var inner = Shape()
        var outerStrides = InlineArray<8, Int>(repeating: 0)
        var innerStrides = InlineArray<8, Int>(repeating: 0)
        var shape = Shape()
        for axis in 0..<input.rank {
            if axes.contains(axis) {
                innerStrides[inner.rank] = own[axis]
                inner.append(input[axis])
                if keepsAxes { shape.append(1) }
            } else {
                outerStrides[outer.rank] = own[axis]
                outer.append(input[axis])
                shape.append(input[axis])
            }
        }
        self.shape = shape
        var bases: [Int] = []
        var offsets: [Int] = []
        outer.walk(outerStrides, from: 0) { bases.append($0) }
        inner.walk(innerStrides, from: 0) { offsets.append($0) }
        self.bases = bases
        self.offsets = offsets
    }
}

/// One number from many, along some axes.
struct ReductionKernel: OperatorKernel {
    enum Function: Sendable {
        case sum, mean, product, maximum, minimum, l1, l2, sumSquare, logSum, logSumExp
    }

    let function: Function
    let keepsAxes: Bool
    /// Axes as an attribute, before operator set 18 (13 for sums).
    let axes: [Int]?
    let leavesWithoutAxes: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let given = try axes.or(context.optionalInput(1)?.integers("the axes")) ?? []
        if given.isEmpty && leavesWithoutAxes { return context.set(0, try pointwise(x)) }
        var reduced: Set<Int> = []
        for axis in given { reduced.insert(try x.shape.axis(axis)) }
        if given.isEmpty { reduced = Set(0..<x.shape.rank) }
        let plan = ReductionPlan(x.shape, axes: reduced, keepsAxes: keepsAxes)
        switch x.elements {
        case .float32(let values):
            let results = plan.bases.map { Float(floating(values.span, plan, base: $0)) }
            context.set(0, plan.shape, results)
        case .float64(let values):
            context.set(0, plan.shape, plan.bases.map { floating(values.span, plan, base: $0) })
        case .int64(let values):
            context.set(0, plan.shape, plan.bases.map { whole(values.span, plan, base: $0) })
        case .uint64(let values):
            context.set(0, plan.shape, plan.bases.map { whole(values.span, plan, base: $0) })
        case .bool(let values):
            guard function == .maximum || function == .minimum else { throw undefined(x.type) }
            let any = function == .maximum
            context.set(
                0, plan.shape,
                plan.bases.map { base in
                    plan.offsets.contains { values[base + $0] == any } ? any : !any
                })
        default: throw undefined(x.type)
        }
    }

    private func undefined(_ type: ElementType) -> OperatorError {
        OperatorError("reducing \(type) is not defined")
    }

    /// "No axes, do nothing" still applies what the reduction does to each element.
    private func pointwise(_ x: Tensor) throws(OperatorError) -> Tensor {
        func apply(_ value: Double) -> Double {
            switch function {
            case .l1, .l2: abs(value)
            case .sumSquare: value * value
            case .logSum: log(value)
            default: value
            }
        }
        switch (function, x.elements) {
        case (.sum, _), (.mean, _), (.product, _), (.maximum, _), (.minimum, _), (.logSumExp, _): return x
        case (_, .float32(let values)):
            return Tensor(
                shape: x.shape, elements: .float32(values.prefix(x.count).map { Float(apply(Double($0))) }))
        case (_, .float64(let values)):
            return Tensor(shape: x.shape, elements: .float64(values.prefix(x.count).map(apply)))
        default:
            let values = try x.convertedToLongs().map { Int64(truncating: apply(Double($0))) }
            return try Tensor(shape: x.shape, elements: .int64(values)).cast(to: x.type)
        }
    }

    /// Sums of Float32 are made in Float64 and rounded once.
    @inline(__always)
    private func floating<Value: BinaryFloatingPoint>(
        _ values: Span<Value>, _ plan: ReductionPlan, base: Int
    ) -> Double {
        let offsets = plan.offsets.span
        var result = 0.0
        switch function {
        case .sum, .logSum:
            for index in offsets.indices { result += Double(values[base + offsets[index]]) }
            return function == .sum ? result : log(result)
        case .mean:
            for index in offsets.indices { result += Double(values[base + offsets[index]]) }
            return result / Double(offsets.count)
        case .product:
            result = 1
            for index in offsets.indices { result *= Double(values[base + offsets[index]]) }
            return result
        case .l1:
            for index in offsets.indices { result += abs(Double(values[base + offsets[index]])) }
            return result
        case .l2, .sumSquare:
            for index in offsets.indices {
                let value = Double(values[base + offsets[index]])
                result += value * value
            }
            return function == .l2 ? result.squareRoot() : result
        case .maximum:
            result = -.infinity
            for index in offsets.indices {
                let value = Double(values[base + offsets[index]])
                if value > result || value.isNaN { result = value }
                if result.isNaN { break }
            }
            return result
        case .minimum:
            result = .infinity
            for index in offsets.indices {
                let value = Double(values[base + offsets[index]])
                if value < result || value.isNaN { result = value }
                if result.isNaN { break }
            }
            return result
        case .logSumExp:
            var largest = -Double.infinity
            for index in offsets.indices { largest = max(largest, Double(values[base + offsets[index]])) }
            if !largest.isFinite { return largest }
            for index in offsets.indices { result += exp(Double(values[base + offsets[index]]) - largest) }
            return log(result) + largest
        }
    }

    private func whole<Value: FixedWidthInteger>(
        _ values: Span<Value>, _ plan: ReductionPlan, base: Int
    ) -> Value {
        let offsets = plan.offsets.span
        var result: Value = function == .product ? 1 : 0
        if function == .maximum { result = .min }
        if function == .minimum { result = .max }
        for index in offsets.indices {
            let value = values[base + offsets[index]]
            switch function {
            case .sum, .mean, .logSum, .logSumExp: result = result &+ value
            case .product: result = result &* value
            case .maximum: result = max(result, value)
            case .minimum: result = min(result, value)
            case .l1: result = result &+ (value < 0 ? 0 &- value : value)
            case .l2, .sumSquare: result = result &+ (value &* value)
            }
        }
        switch function {
        case .mean: return offsets.count == 0 ? 0 : result / Value(truncatingIfNeeded: offsets.count)
        case .l2: return Value(truncatingIfNeeded: Int64(truncating: Double(result).squareRoot()))
        case .logSum: return Value(truncatingIfNeeded: Int64(truncating: log(Double(result))))
        default: return result
        }
    }
}

/// The index of the largest or smallest element along an axis.
struct ArgumentKernel: OperatorKernel {
    let isMaximum: Bool
    let axis: Int
    let keepsAxes: Bool
    let picksLast: Bool

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        guard x.shape.rank > 0 else { throw OperatorError("a scalar has no axis") }
        let axis = try x.shape.axis(axis)
        guard x.shape[axis] > 0 || x.count == 0 && x.shape[axis] > 0 else {
            throw OperatorError("an empty axis has no extreme")
        }
        let plan = ReductionPlan(x.shape, axes: [axis], keepsAxes: keepsAxes)
        switch x.elements {
        case .float32(let values): context.set(0, plan.shape, places(values.span, plan))
        case .float64(let values): context.set(0, plan.shape, places(values.span, plan))
        case .int64(let values): context.set(0, plan.shape, places(values.span, plan))
        case .uint64(let values): context.set(0, plan.shape, places(values.span, plan))
        default: throw OperatorError("extremes of \(x.type) are not defined")
        }
    }

    private func places<Value: Comparable>(_ values: Span<Value>, _ plan: ReductionPlan) -> [Int64] {
        var places: [Int64] = []
        places.reserveCapacity(plan.bases.count)
        for base in plan.bases {
            var best = 0
            for index in 1..<max(1, plan.offsets.count) {
                let value = values[base + plan.offsets[index]]
                let held = values[base + plan.offsets[best]]
                let isBetter =
                    isMaximum
                    ? value > held || picksLast && value == held
                    : value < held || picksLast && value == held
                if isBetter { best = index }
            }
            places.append(Int64(best))
        }
        return places
    }
}

extension OperatorTable {
    private static func reduction(_ function: ReductionKernel.Function) -> OperatorEntry {
        OperatorEntry(1...standardLast, 1...2, widening: .narrowing([0])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            ReductionKernel(
                function: function, keepsAxes: try description.flag("keepdims", default: true),
                axes: try description.integers("axes"),
                leavesWithoutAxes: try description.flag("noop_with_empty_axes"))
        }
    }

    private static func argument(isMaximum: Bool) -> OperatorEntry {
        OperatorEntry(1...standardLast, 1...1, widening: .narrowing([])) {
            (description) throws(OperatorError) -> any OperatorKernel in
            ArgumentKernel(
                isMaximum: isMaximum, axis: try description.integer("axis", default: 0),
                keepsAxes: try description.flag("keepdims", default: true),
                picksLast: try description.flag("select_last_index"))
        }
    }

    static let reductionOperators: [String: OperatorEntry] = [
        "ReduceSum": reduction(.sum), "ReduceMean": reduction(.mean), "ReduceProd": reduction(.product),
        "ReduceMax": reduction(.maximum), "ReduceMin": reduction(.minimum), "ReduceL1": reduction(.l1),
        "ReduceL2": reduction(.l2), "ReduceSumSquare": reduction(.sumSquare),
        "ReduceLogSum": reduction(.logSum), "ReduceLogSumExp": reduction(.logSumExp),
        "ArgMax": argument(isMaximum: true), "ArgMin": argument(isMaximum: false),
    ]
}
