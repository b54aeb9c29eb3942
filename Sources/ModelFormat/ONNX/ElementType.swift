// SPDX-License-Identifier: Apache-2.0

/// The element types of an operator graph's tensors; the raw values are ONNX's.
public enum ElementType: Int, Sendable, CaseIterable {
    case float32 = 1
    case uint8 = 2
    case int8 = 3
    case uint16 = 4
    case int16 = 5
    case int32 = 6
    case int64 = 7
    case string = 8
    case bool = 9
    case float16 = 10
    case float64 = 11
    case uint32 = 12
    case uint64 = 13
    case bfloat16 = 16

    /// Bytes an element; nil for strings.
    public var byteWidth: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .float32, .int32, .uint32: 4
        case .float64, .int64, .uint64: 8
        case .string: nil
        }
    }
}

/// The upper half of a Float32.
public struct BFloat16: Sendable, Equatable {
    public var bits: UInt16

    public init(bits: UInt16) { self.bits = bits }

    /// Rounds to nearest, ties to even; NaN stays NaN.
    public init(_ value: Float) {
        let pattern = value.bitPattern
        if value.isNaN {
            bits = UInt16(truncatingIfNeeded: pattern >> 16) | 0x40
        } else {
            bits = UInt16(truncatingIfNeeded: (pattern &+ 0x7FFF &+ ((pattern >> 16) & 1)) >> 16)
        }
    }

    public var value: Float { Float(bitPattern: UInt32(bits) << 16) }
}

/// A tensor's elements, row-major, one array of the type's own.
public enum TensorElements: Sendable, Equatable {
    case float32([Float])
    case uint8([UInt8])
    case int8([Int8])
    case uint16([UInt16])
    case int16([Int16])
    case int32([Int32])
    case int64([Int64])
    case string([String])
    case bool([Bool])
    case float16([Float16])
    case float64([Double])
    case uint32([UInt32])
    case uint64([UInt64])
    case bfloat16([BFloat16])

    public var type: ElementType {
        switch self {
        case .float32: .float32
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .int32: .int32
        case .int64: .int64
        case .string: .string
        case .bool: .bool
        case .float16: .float16
        case .float64: .float64
        case .uint32: .uint32
        case .uint64: .uint64
        case .bfloat16: .bfloat16
        }
    }

    public var count: Int {
        switch self {
        case .float32(let values): values.count
        case .uint8(let values): values.count
        case .int8(let values): values.count
        case .uint16(let values): values.count
        case .int16(let values): values.count
        case .int32(let values): values.count
        case .int64(let values): values.count
        case .string(let values): values.count
        case .bool(let values): values.count
        case .float16(let values): values.count
        case .float64(let values): values.count
        case .uint32(let values): values.count
        case .uint64(let values): values.count
        case .bfloat16(let values): values.count
        }
    }

    /// Elements of a numeric type from little-endian bytes, whose count must be a multiple of its width.
    init(littleEndian bytes: Span<UInt8>, type: ElementType) {
        func decode<Bits: FixedWidthInteger & BitwiseCopyable, Value>(
            _: Bits.Type, _ make: (Bits) -> Value
        ) -> [Value] {
            let width = MemoryLayout<Bits>.size
            // Safe because a UInt8 has no padding bytes.
            let raw = unsafe bytes.bytes
            var values: [Value] = []
            values.reserveCapacity(bytes.count / width)
            for index in 0..<bytes.count / width {
                // Safe because the index keeps the load inside the bytes, and any bits are an integer.
                let bits = unsafe raw.unsafeLoadUnaligned(fromByteOffset: index * width, as: Bits.self)
                values.append(make(Bits(littleEndian: bits)))
            }
            return values
        }
        switch type {
        case .float32: self = .float32(decode(UInt32.self) { Float(bitPattern: $0) })
        case .uint8: self = .uint8(decode(UInt8.self) { $0 })
        case .int8: self = .int8(decode(Int8.self) { $0 })
        case .uint16: self = .uint16(decode(UInt16.self) { $0 })
        case .int16: self = .int16(decode(Int16.self) { $0 })
        case .int32: self = .int32(decode(Int32.self) { $0 })
        case .int64: self = .int64(decode(Int64.self) { $0 })
        case .string: self = .string([])
        case .bool: self = .bool(decode(UInt8.self) { $0 != 0 })
        case .float16: self = .float16(decode(UInt16.self) { Float16(bitPattern: $0) })
        case .float64: self = .float64(decode(UInt64.self) { Double(bitPattern: $0) })
        case .uint32: self = .uint32(decode(UInt32.self) { $0 })
        case .uint64: self = .uint64(decode(UInt64.self) { $0 })
        case .bfloat16: self = .bfloat16(decode(UInt16.self) { BFloat16(bits: $0) })
        }
    }
}

/// A tensor that a graph carries: an initializer, or an attribute's value.
public struct ConstantTensor: Sendable, Equatable {
    public var name: String
    public var shape: [Int]
    public var elements: TensorElements

    public init(name: String = "", shape: [Int], elements: TensorElements) {
        self.name = name
        self.shape = shape
        self.elements = elements
    }
}
