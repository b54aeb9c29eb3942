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
    case float32 = "FP32"
    case float64 = "FP64"
    case bytes = "BYTES"

    /// Bytes an element in binary form; nil for BYTES, whose elements vary.
    public var byteWidth: Int? {
        switch self {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .bytes: nil
        }
    }
}

/// One named tensor that a model answers with.
public struct OutputSpecification: Sendable, Equatable {
    public var name: String
    public var datatype: Datatype
    /// Values a row; nil where an answer is one value a row and its shape `[rows]`.
    public var width: Int?

    public init(name: String, datatype: Datatype, width: Int?) {
        self.name = name
        self.datatype = datatype
        self.width = width
    }
}
