// SPDX-License-Identifier: Apache-2.0

#if _endian(big)
    #error("native files are little-endian, and so must be the machine")
#endif

/// The numbers of one tensor with their shape, row-major.
struct Tensor {
    private enum Values {
        case float64([Double])
        case float32([Float])
        /// The bits.
        case float16([UInt16])
        case int64([Int64])
        case int32([Int32])
        case int16([Int16])
        case int8([Int8])
        case uint8([UInt8])
        case bool([Bool])
    }

    let type: TensorType
    let shape: [Int]
    private let values: Values

    // The type is stored and not computed from the case: with the latter, swiftc 6.3.1 -O stops in
    // CopyPropagation.
    init(_ values: [Double], shape: [Int]? = nil) {
        (type, self.shape, self.values) = (.float64, shape ?? [values.count], .float64(values))
    }

    init(_ values: [Float], shape: [Int]? = nil) {
        (type, self.shape, self.values) = (.float32, shape ?? [values.count], .float32(values))
    }

    init(float16 values: [UInt16], shape: [Int]? = nil) {
        (type, self.shape, self.values) = (.float16, shape ?? [values.count], .float16(values))
    }

    init(_ values: [Int8], shape: [Int]? = nil) {
        (type, self.shape, self.values) = (.int8, shape ?? [values.count], .int8(values))
    }

    init(_ values: [Int16]) { (type, shape, self.values) = (.int16, [values.count], .int16(values)) }
    init(_ values: [Int64]) { (type, shape, self.values) = (.int64, [values.count], .int64(values)) }
    init(_ values: [Int32]) { (type, shape, self.values) = (.int32, [values.count], .int32(values)) }
    init(_ values: [UInt8]) { (type, shape, self.values) = (.uint8, [values.count], .uint8(values)) }
    init(_ values: [Bool]) { (type, shape, self.values) = (.bool, [values.count], .bool(values)) }

    /// The shape is that of numbers in memory, so the product cannot overflow.
    var byteCount: Int { shape.reduce(type.byteWidth, *) }

    /// Adds the tensor's bytes to `file`.
    func append(to file: inout [UInt8]) {
        // Safe because the arrays' bytes are only read during the call and copied whole.
        switch values {
        case .float64(let numbers): unsafe numbers.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
        case .float32(let numbers): unsafe numbers.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
        case .float16(let bits): unsafe bits.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
        case .int64(let numbers): unsafe numbers.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
        case .int32(let numbers): unsafe numbers.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
        case .int16(let numbers): unsafe numbers.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
        case .int8(let numbers): for number in numbers { file.append(UInt8(bitPattern: number)) }
        case .uint8(let numbers): file.append(contentsOf: numbers)
        case .bool(let flags): for flag in flags { file.append(flag ? 1 : 0) }
        }
    }

    /// The numbers in `bytes`, which hold a whole number of them; any bit pattern is a valid `Number`.
    static func numbers<Number: BitwiseCopyable>(_ type: Number.Type, in bytes: Span<UInt8>) -> [Number] {
        let count = bytes.count / MemoryLayout<Number>.stride
        // Safe because exactly `count` numbers are copied, which both the source and the new array have room
        // for.
        return unsafe bytes.withUnsafeBytes { source in
            unsafe [Number](unsafeUninitializedCapacity: count) { target, initialized in
                let size = count * MemoryLayout<Number>.stride
                let raw = UnsafeMutableRawBufferPointer(target)
                unsafe raw.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<size]))
                initialized = count
            }
        }
    }
}
