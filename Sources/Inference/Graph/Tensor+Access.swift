// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

extension Tensor {
    /// The elements as Float32; the array may be longer than the shape.
    func floats(_ what: String = "the input") throws(OperatorError) -> [Float] {
        guard case .float32(let array) = elements else { throw wrongType(what, .float32) }
        return array
    }

    func array<Element: TensorElement>(
        _: Element.Type, _ what: String = "the input"
    ) throws(OperatorError) -> [Element] {
        guard let array = Element.array(of: elements) else { throw wrongType(what, Element.elementType) }
        return array
    }

    private func wrongType(_ what: String, _ expected: ElementType) -> OperatorError {
        OperatorError("\(what) is \(type), and \(expected) is needed")
    }

    /// Few integers, such as axes or a shape, as Int64 or Int32.
    func integers(_ what: String) throws(OperatorError) -> [Int] {
        guard count <= 1 << 20 else { throw OperatorError("\(what) has \(count) elements") }
        switch elements {
        case .int64(let array):
            return array.prefix(count).map { Int(max(min($0, 1 << 60), -(1 << 60))) }
        case .int32(let array): return array.prefix(count).map { Int($0) }
        default: throw OperatorError("\(what) is \(type), and int64 is needed")
        }
    }

    /// The elements, exactly as many as the shape has, converted to `Element`.
    func converted<Element: TensorElement & BinaryFloatingPoint>(
        toFloating _: Element.Type
    ) throws(OperatorError) -> [Element] {
        let count = count
        switch elements {
        case .float32(let array): return array.prefix(count).map { Element($0) }
        case .float64(let array): return array.prefix(count).map { Element($0) }
        case .int64(let array): return array.prefix(count).map { Element($0) }
        case .int32(let array): return array.prefix(count).map { Element($0) }
        case .int16(let array): return array.prefix(count).map { Element($0) }
        case .int8(let array): return array.prefix(count).map { Element($0) }
        case .uint8(let array): return array.prefix(count).map { Element($0) }
        case .uint16(let array): return array.prefix(count).map { Element($0) }
        case .uint32(let array): return array.prefix(count).map { Element($0) }
        case .uint64(let array): return array.prefix(count).map { Element($0) }
        case .bool(let array): return array.prefix(count).map { $0 ? 1 : 0 }
        case .float16(let array): return array.prefix(count).map { Element(Float($0)) }
        case .bfloat16(let array): return array.prefix(count).map { Element($0.value) }
        case .string: throw OperatorError("strings are no numbers")
        }
    }

    /// The elements as Int64, floats truncated and kept in range.
    func convertedToLongs() throws(OperatorError) -> [Int64] {
        let count = count
        switch elements {
        case .float32(let array): return array.prefix(count).map { Int64(truncating: Double($0)) }
        case .float64(let array): return array.prefix(count).map { Int64(truncating: $0) }
        case .int64(let array): return Array(array.prefix(count))
        case .int32(let array): return array.prefix(count).map { Int64($0) }
        case .int16(let array): return array.prefix(count).map { Int64($0) }
        case .int8(let array): return array.prefix(count).map { Int64($0) }
        case .uint8(let array): return array.prefix(count).map { Int64($0) }
        case .uint16(let array): return array.prefix(count).map { Int64($0) }
        case .uint32(let array): return array.prefix(count).map { Int64($0) }
        case .uint64(let array): return array.prefix(count).map { Int64(truncatingIfNeeded: $0) }
        case .bool(let array): return array.prefix(count).map { $0 ? 1 : 0 }
        case .float16(let array): return array.prefix(count).map { Int64(truncating: Double($0)) }
        case .bfloat16(let array): return array.prefix(count).map { Int64(truncating: Double($0.value)) }
        case .string: throw OperatorError("strings are no numbers")
        }
    }
}

extension Int64 {
    /// Towards zero; what does not fit, and NaN, becomes what x86 makes of it.
    init(truncating value: Double) {
        self = value > -9.3e18 && value < 9.223372036854775e18 ? Int64(value) : .min
    }
}
