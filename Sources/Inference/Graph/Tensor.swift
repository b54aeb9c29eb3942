// SPDX-License-Identifier: Apache-2.0
package import ModelFormat

/// A value that flows through an operator graph.
///
/// `elements` may hold more than the shape asks for: the memory of a larger tensor that stood there before.
package struct Tensor: Sendable {
    package var shape: Shape
    package var elements: TensorElements

    package init(shape: Shape, elements: TensorElements) {
        self.shape = shape
        self.elements = elements
    }

    init(_ constant: ConstantTensor) {
        self.init(shape: Shape(constant.shape), elements: constant.elements)
    }

    package var type: ElementType { elements.type }
    package var count: Int { shape.count }
}

/// A type whose arrays tensors are made of.
protocol TensorElement: Sendable {
    static var elementType: ElementType { get }
    /// What padding and fresh memory hold.
    static var filler: Self { get }
    static func array(of elements: TensorElements) -> [Self]?
    static func elements(_ array: [Self]) -> TensorElements
}

extension Float: TensorElement {
    static var elementType: ElementType { .float32 }
    static var filler: Float { 0 }
    static func array(of elements: TensorElements) -> [Float]? {
        if case .float32(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [Float]) -> TensorElements { .float32(array) }
}

extension Double: TensorElement {
    static var elementType: ElementType { .float64 }
    static var filler: Double { 0 }
    static func array(of elements: TensorElements) -> [Double]? {
        if case .float64(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [Double]) -> TensorElements { .float64(array) }
}

extension Int64: TensorElement {
    static var elementType: ElementType { .int64 }
    static var filler: Int64 { 0 }
    static func array(of elements: TensorElements) -> [Int64]? {
        if case .int64(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [Int64]) -> TensorElements { .int64(array) }
}

extension Int32: TensorElement {
    static var elementType: ElementType { .int32 }
    static var filler: Int32 { 0 }
    static func array(of elements: TensorElements) -> [Int32]? {
        if case .int32(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [Int32]) -> TensorElements { .int32(array) }
}

extension Int16: TensorElement {
    static var elementType: ElementType { .int16 }
    static var filler: Int16 { 0 }
    static func array(of elements: TensorElements) -> [Int16]? {
        if case .int16(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [Int16]) -> TensorElements { .int16(array) }
}

extension Int8: TensorElement {
    static var elementType: ElementType { .int8 }
    static var filler: Int8 { 0 }
    static func array(of elements: TensorElements) -> [Int8]? {
        if case .int8(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [Int8]) -> TensorElements { .int8(array) }
}

extension UInt8: TensorElement {
    static var elementType: ElementType { .uint8 }
    static var filler: UInt8 { 0 }
    static func array(of elements: TensorElements) -> [UInt8]? {
        if case .uint8(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [UInt8]) -> TensorElements { .uint8(array) }
}

extension UInt16: TensorElement {
    static var elementType: ElementType { .uint16 }
    static var filler: UInt16 { 0 }
    static func array(of elements: TensorElements) -> [UInt16]? {
        if case .uint16(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [UInt16]) -> TensorElements { .uint16(array) }
}

extension UInt32: TensorElement {
    static var elementType: ElementType { .uint32 }
    static var filler: UInt32 { 0 }
    static func array(of elements: TensorElements) -> [UInt32]? {
        if case .uint32(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [UInt32]) -> TensorElements { .uint32(array) }
}

extension UInt64: TensorElement {
    static var elementType: ElementType { .uint64 }
    static var filler: UInt64 { 0 }
    static func array(of elements: TensorElements) -> [UInt64]? {
        if case .uint64(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [UInt64]) -> TensorElements { .uint64(array) }
}

extension Bool: TensorElement {
    static var elementType: ElementType { .bool }
    static var filler: Bool { false }
    static func array(of elements: TensorElements) -> [Bool]? {
        if case .bool(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [Bool]) -> TensorElements { .bool(array) }
}

extension String: TensorElement {
    static var elementType: ElementType { .string }
    static var filler: String { "" }
    static func array(of elements: TensorElements) -> [String]? {
        if case .string(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [String]) -> TensorElements { .string(array) }
}

extension Float16: TensorElement {
    static var elementType: ElementType { .float16 }
    static var filler: Float16 { 0 }
    static func array(of elements: TensorElements) -> [Float16]? {
        if case .float16(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [Float16]) -> TensorElements { .float16(array) }
}

extension BFloat16: TensorElement {
    static var elementType: ElementType { .bfloat16 }
    static var filler: BFloat16 { BFloat16(bits: 0) }
    static func array(of elements: TensorElements) -> [BFloat16]? {
        if case .bfloat16(let array) = elements { array } else { nil }
    }
    static func elements(_ array: [BFloat16]) -> TensorElements { .bfloat16(array) }
}
