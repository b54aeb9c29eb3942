// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat

/// (x - offset) · scale, to Float32.
struct ScalerKernel: OperatorKernel {
    let offsets: [Float]
    let scales: [Float]

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let width = x.shape.rank == 0 ? 1 : x.shape[x.shape.rank - 1]
        for list in [offsets, scales] {
            guard list.count == 1 || list.count == width else {
                throw OperatorError("\(list.count) offsets or scales for \(width) features")
            }
        }
        var y = try context.memory(Float.self, 0, x.shape)
        if case .float64(let values) = x.elements {
            for index in 0..<x.count {
                let feature = index % max(1, width)
                let offset = Double(offsets[offsets.count == 1 ? 0 : feature])
                y[index] = Float((values[index] - offset) * Double(scales[scales.count == 1 ? 0 : feature]))
            }
            return context.set(0, x.shape, y)
        }
        let values = try x.converted(toFloating: Float.self)
        for index in 0..<x.count {
            let feature = index % max(1, width)
            y[index] =
                (values[index] - offsets[offsets.count == 1 ? 0 : feature])
                * scales[scales.count == 1 ? 0 : feature]
        }
        context.set(0, x.shape, y)
    }
}

/// Each row divided by its norm.
struct NormalizerKernel: OperatorKernel {
    enum Norm: String, Sendable { case max = "MAX", l1 = "L1", l2 = "L2" }

    let norm: Norm

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        guard x.shape.rank > 0 else { throw OperatorError("a scalar has no rows") }
        let values = try x.converted(toFloating: Float.self)
        let axis = min(1, x.shape.rank - 1)
        let plan = ReductionPlan(x.shape, axes: [axis], keepsAxes: true)
        var y = try context.memory(Float.self, 0, x.shape)
        for base in plan.bases {
            var divisor: Float = norm == .max ? -.infinity : 0
            for offset in plan.offsets {
                let value = values[base + offset]
                switch norm {
                case .max: divisor = Swift.max(divisor, value)
                case .l1: divisor += abs(value)
                case .l2: divisor += value * value
                }
            }
            if norm == .l2 { divisor = divisor.squareRoot() }
            for offset in plan.offsets {
                y[base + offset] = divisor == 0 ? values[base + offset] : values[base + offset] / divisor
            }
        }
        context.set(0, x.shape, y)
    }
}

/// 1 above a threshold, else 0.
struct BinarizerKernel: OperatorKernel {
    let threshold: Float

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let values = try x.converted(toFloating: Double.self)
        let results = values.map { $0 > Double(threshold) ? 1.0 : 0 }
        context.set(0, try Tensor(shape: x.shape, elements: .float64(results)).cast(to: x.type))
    }
}

/// Missing or marked values replaced, feature by feature.
struct ImputerKernel: OperatorKernel {
    let floats: [Float]
    let integers: [Int64]
    let replacedFloat: Float
    let replacedInteger: Int64

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let width = x.shape.rank == 0 ? 1 : max(1, x.shape[x.shape.rank - 1])
        func check(_ count: Int) throws(OperatorError) {
            guard count == 1 || count == width else {
                throw OperatorError("\(count) values for \(width) features")
            }
        }
        switch x.elements {
        case .float32(let values):
            try check(floats.count)
            var y = try context.memory(Float.self, 0, x.shape)
            for index in 0..<x.count {
                let value = values[index]
                let isMissing = replacedFloat.isNaN ? value.isNaN : value == replacedFloat
                y[index] = isMissing ? floats[floats.count == 1 ? 0 : index % width] : value
            }
            context.set(0, x.shape, y)
        case .float64(let values):
            try check(floats.count)
            context.set(
                0, x.shape,
                (0..<x.count).map { index in
                    let value = values[index]
                    let isMissing = replacedFloat.isNaN ? value.isNaN : value == Double(replacedFloat)
                    return isMissing ? Double(floats[floats.count == 1 ? 0 : index % width]) : value
                })
        case .int64, .int32:
            try check(integers.count)
            let values = try x.convertedToLongs()
            let results = values.indices.map { index in
                values[index] == replacedInteger
                    ? integers[integers.count == 1 ? 0 : index % width] : values[index]
            }
            context.set(0, try Tensor(shape: x.shape, elements: .int64(results)).cast(to: x.type))
        default: throw OperatorError("imputing \(x.type) is not defined")
        }
    }
}

extension OperatorTable {
    static let scalingOperators: [String: OperatorEntry] = [
        "Scaler": OperatorEntry(1...classicalLast, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in
            ScalerKernel(
                offsets: try description.floats("offset") ?? [0],
                scales: try description.floats("scale") ?? [1])
        },
        "Normalizer": OperatorEntry(1...classicalLast, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in
            let name = try description.string("norm", default: "MAX")
            guard let norm = NormalizerKernel.Norm(rawValue: name) else {
                throw OperatorError("the norm \"\(name)\" is not known")
            }
            return NormalizerKernel(norm: norm)
        },
        "Binarizer": OperatorEntry(1...classicalLast, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in
            BinarizerKernel(threshold: try description.float("threshold", default: 0))
        },
        "Imputer": OperatorEntry(1...classicalLast, 1...1) {
            (description) throws(OperatorError) -> any OperatorKernel in
            ImputerKernel(
                floats: try description.floats("imputed_value_floats") ?? [],
                integers: try description.longs("imputed_value_int64s") ?? [],
                replacedFloat: try description.float("replaced_value_float", default: 0),
                replacedInteger: Int64(try description.integer("replaced_value_int64", default: 0)))
        },
    ]
}
