// SPDX-License-Identifier: Apache-2.0

/// One named tensor that a model takes, as metadata lists it and requests send it.
public struct TensorSpecification: Sendable, Equatable {
    public var name: String
    public var datatype: Datatype
    /// The sizes of the axes, rows first; nil where the request decides. Nil as a whole: any shape.
    public var dimensions: [Int?]?

    public init(name: String, datatype: Datatype, dimensions: [Int?]?) {
        self.name = name
        self.datatype = datatype
        self.dimensions = dimensions
    }

    /// Whether a tensor of this shape may be sent.
    public func accepts(_ shape: [Int]) -> Bool {
        guard let dimensions else { return true }
        return dimensions.count == shape.count && zip(dimensions, shape).allSatisfy { $0 == nil || $0 == $1 }
    }
}
