// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// A copy of a tensor with some elements or slices written over, or reduced with what was there.
struct ScatterKernel: OperatorKernel {
    enum Form: Sendable {
        case elements(axis: Int)
        case slices
    }

    enum Reduction: String, Sendable { case none, add, mul, max, min }

    let form: Form
    let reduction: Reduction

    static func reduction(_ description: OperatorDescription) throws(OperatorError) -> Reduction {
        let name = try description.string("reduction", default: "none")
        guard let reduction = Reduction(rawValue: name) else {
            throw OperatorError("the reduction \"\(name)\" is not known")
        }
        return reduction
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let indices = try context.input(1)
        let updates = try context.input(2)
        guard updates.type == x.type else { throw OperatorError("updates of \(updates.type) to \(x.type)") }
        let places: [Int]
        var length = 1
        switch form {
        case .elements(let axis):
            guard updates.shape == indices.shape else {
                throw OperatorError("updates of \(updates.shape) at indices of \(indices.shape)")
            }
            places = try elementPlaces(of: indices, in: x.shape, axis: try x.shape.axis(axis))
        case .slices: (places, length) = try slices(x.shape, indices)
        }
        guard updates.count == places.count * length else {
            throw OperatorError("updates of shape \(updates.shape)")
        }
        if reduction == .none {
            var writer = Writer(places: places, length: length, count: x.count, updates: updates)
            return context.set(0, Tensor(shape: x.shape, elements: try x.elements.accept(&writer)))
        }
        context.set(0, try reduced(x, updates, places, length))
    }

    private func slices(_ shape: Shape, _ indices: Tensor) throws(OperatorError) -> ([Int], Int) {
        let rank = indices.shape.rank
        guard rank > 0, indices.shape[rank - 1] <= shape.rank else {
            throw OperatorError("indices of \(indices.shape) into \(shape)")
        }
        let width = indices.shape[rank - 1]
        let strides = shape.strides
        let numbers = try indices.convertedToLongs()
        var places: [Int] = []
        for tuple in 0..<indices.shape.product(0..<rank - 1) {
            var place = 0
            for axis in 0..<width {
                place += try resolve(numbers[tuple * width + axis], shape[axis]) * strides[axis]
            }
            places.append(place)
        }
        return (places, shape.product(width..<shape.rank))
    }

    private struct Writer: ElementVisitor {
        let places: [Int]
        let length: Int
        let count: Int
        let updates: Tensor

        func visit<Element: TensorElement>(_ x: [Element]) throws(OperatorError) -> TensorElements {
            let updates = try updates.array(Element.self)
            var result = Array(x.prefix(count))
            for (index, place) in places.enumerated() {
                for offset in 0..<length { result[place + offset] = updates[index * length + offset] }
            }
            return Element.elements(result)
        }
    }

    private func reduced(
        _ x: Tensor, _ updates: Tensor, _ places: [Int], _ length: Int
    ) throws(OperatorError) -> Tensor {
        func floating<Value: BinaryFloatingPoint>(_ x: [Value], _ updates: [Value]) -> [Value] {
            var result = Array(x)
            for (index, place) in places.enumerated() {
                for offset in 0..<length {
                    let value = updates[index * length + offset]
                    let old = result[place + offset]
                    switch reduction {
                    case .add: result[place + offset] = old + value
                    case .mul: result[place + offset] = old * value
                    case .max: result[place + offset] = max(old, value)
                    case .min: result[place + offset] = min(old, value)
                    case .none: break
                    }
                }
            }
            return result
        }
        func whole(_ x: [Int64], _ updates: [Int64]) -> [Int64] {
            var result = x
            for (index, place) in places.enumerated() {
                for offset in 0..<length {
                    let value = updates[index * length + offset]
                    let old = result[place + offset]
                    switch reduction {
                    case .add: result[place + offset] = old &+ value
                    case .mul: result[place + offset] = old &* value
                    case .max: result[place + offset] = max(old, value)
                    case .min: result[place + offset] = min(old, value)
                    case .none: break
                    }
                }
            }
            return result
        }
        switch (x.elements, updates.elements) {
        case (.float32(let a), .float32(let b)):
            return Tensor(shape: x.shape, elements: .float32(floating(a, b)))
        case (.float64(let a), .float64(let b)):
            return Tensor(shape: x.shape, elements: .float64(floating(a, b)))
        case (.float16, _), (.bfloat16, _):
            let a = try x.converted(toFloating: Float.self)
            let b = try updates.converted(toFloating: Float.self)
            return try Tensor(shape: x.shape, elements: .float32(floating(a, b))).cast(to: x.type)
        default:
            let a = try x.convertedToLongs()
            let b = try updates.convertedToLongs()
            return try Tensor(shape: x.shape, elements: .int64(whole(a, b))).cast(to: x.type)
        }
    }
}
