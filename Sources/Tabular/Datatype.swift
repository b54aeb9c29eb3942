// SPDX-License-Identifier: Apache-2.0

/// The element types of tensors in requests and answers, by their Open Inference Protocol names.
public enum Datatype: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case uint8 = "UINT8"
    case uint16 = "UINT16"
    case uint32 = "UINT32"
    case uint64 = "UINT64"
    case int8 = "INT8"
    case int16 = "INT16"
    case int32 = "INT32"
    case int64 = "INT64"
    case float16 = "FP16"
    case bfloat16 = "BF16"
    case float32 = "FP32"
    case float64 = "FP64"
    case bytes = "BYTES"

    /// Bytes an element in binary form; nil for BYTES, whose elements vary.
    public var byteWidth: Int? {
        switch self {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .bytes: nil
        }
    }

    /// Whether elements have fractions.
    public var isFloat: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        default: false
        }
    }

    /// Whether elements can be written in JSON; the 16-bit floats travel in binary only.
    public var hasJSONForm: Bool { self != .float16 && self != .bfloat16 }

    /// The number whose `byteWidth` bytes are the low ones of `bits`.
    public func number(bits: UInt64) -> Double {
        switch self {
        case .float64: Double(bitPattern: bits)
        case .float32: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case .bfloat16: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16))
        case .float16: Self.half(UInt16(truncatingIfNeeded: bits))
        case .int8: Double(Int8(truncatingIfNeeded: bits))
        case .int16: Double(Int16(truncatingIfNeeded: bits))
        case .int32: Double(Int32(truncatingIfNeeded: bits))
        case .int64: Double(Int64(bitPattern: bits))
        case .bool: bits == 0 ? 0 : 1
        case .uint8, .uint16, .uint32, .uint64: Double(bits)
        case .bytes: .nan
        }
    }

    /// IEEE 754 binary16, without the `Float16` that some platforms lack.
    private static func half(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 0x1f)
        let fraction = Double(bits & 0x3ff)
        let magnitude: Double =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? .infinity : .nan
            default: (fraction + 1024) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
            }
        return bits >> 15 == 1 ? -magnitude : magnitude
    }
}

/// One named answer of a model, as metadata lists it and requests ask for it.
public struct OutputSpecification: Sendable, Equatable {
    /// What the answer is; the raw value is its name on the wire, but for tensors.
    public enum Kind: String, Sendable, CaseIterable {
        /// What the model's own library calls its prediction; always there, always first.
        case predictions
        /// One number a class, summing to 1; classifiers only.
        case probabilities
        /// The name or number of the likeliest class; classifiers only.
        case labels
        /// The estimator's sums before the output transform.
        case margin
        /// What each feature added to the margin, output by output; the last of each is the expected margin.
        case contributions
        /// The number of the leaf that the row reaches in each tree.
        case leaf
        /// The bounds of the interval that the truth lies in with the probability that the model names.
        case lower, upper
        /// An output of an operator graph, which has a name and a shape of its own.
        case tensor
    }

    public var kind: Kind
    public var datatype: Datatype
    /// Columns of the shape [rows, width]; nil means the shape [rows].
    public var width: Int?

    public var name: String
    /// The whole shape of an operator graph's output, rows first, as far as it is known before a request.
    public var dimensions: [Int?]?

    public init(kind: Kind, datatype: Datatype, width: Int?) {
        self.kind = kind
        self.datatype = datatype
        self.width = width
        name = kind.rawValue
    }

    /// An output of an operator graph.
    public init(tensor: TensorSpecification) {
        kind = .tensor
        name = tensor.name
        datatype = tensor.datatype
        dimensions = tensor.dimensions
    }
}
