// SPDX-License-Identifier: Apache-2.0

#if _endian(big)
    #error("native files are little-endian, and so must be the machine")
#endif

/// The numbers of one tensor with their shape, row-major.
struct Tensor {
    enum Values {
        case float64([Double])
        case float32([Float])
        case int32([Int32])
        case bool([Bool])
    }

    var shape: [Int]
    var values: Values

    init(_ values: [Double], shape: [Int]? = nil) { self.init(.float64(values), shape ?? [values.count]) }
    init(_ values: [Float], shape: [Int]? = nil) { self.init(.float32(values), shape ?? [values.count]) }
    init(_ values: [Int32]) { self.init(.int32(values), [values.count]) }
    init(_ values: [Bool]) { self.init(.bool(values), [values.count]) }

    private init(_ values: Values, _ shape: [Int]) {
        self.values = values
        self.shape = shape
    }

    var type: TensorType {
        switch values {
        case .float64: .float64
        case .float32: .float32
        case .int32: .int32
        case .bool: .bool
        }
    }

    var byteCount: Int {
        switch values {
        case .float64(let numbers): numbers.count * 8
        case .float32(let numbers): numbers.count * 4
        case .int32(let numbers): numbers.count * 4
        case .bool(let flags): flags.count
        }
    }

    /// Adds the tensor's bytes to `file`.
    func append(to file: inout [UInt8]) {
        // Safe because the arrays' bytes are only read during the call and copied whole.
        switch values {
        case .float64(let numbers): unsafe numbers.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
        case .float32(let numbers): unsafe numbers.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
        case .int32(let numbers): unsafe numbers.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
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
