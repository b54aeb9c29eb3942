// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// What a request says of one of its tensors before the numbers come.
struct TensorHeader {
    var name: String
    var datatype: Datatype
    var shape: TensorShape

    /// Rows that the tensor carries once it is bound to `columnCount` columns.
    ///
    /// - Throws: `wrongShape` unless the shape is `[rows, columnCount]`, or `[rows]` for a single column.
    func rowCount(for columnCount: Int) throws(PredictError) -> Int {
        let fits =
            shape.rank == 2
            ? shape[1] == columnCount : shape.rank == 1 && columnCount == 1
        guard fits else {
            let expected = columnCount == 1 ? "[rows] or [rows,1]" : "[rows,\(columnCount)]"
            throw .wrongShape(input: name, given: shape.dimensions, expected: expected)
        }
        return shape[0]
    }
}

/// The dimensions of a tensor, at most eight, without an allocation.
struct TensorShape {
    static let maximumRank = 8
    private var storage = InlineArray<8, Int>(repeating: 0)
    private(set) var rank = 0

    init() {}

    /// The number of elements, or nil when it does not fit an Int.
    var elementCount: Int? {
        var product = 1
        for axis in 0..<rank {
            let (next, overflow) = product.multipliedReportingOverflow(by: storage[axis])
            if overflow { return nil }
            product = next
        }
        return product
    }

    var dimensions: [Int] { (0..<rank).map { storage[$0] } }

    subscript(axis: Int) -> Int { storage[axis] }

    mutating func append(_ dimension: Int) throws(PredictError) {
        guard rank < Self.maximumRank else {
            throw .invalidField("shape", reason: "more than \(Self.maximumRank) dimensions")
        }
        storage[rank] = dimension
        rank += 1
    }

    /// Reads `[d0, d1, …]`, each a whole number that is not negative.
    init(from reader: inout JSONReader) throws {
        try reader.beginArray()
        while try reader.nextElement() {
            let dimension = try reader.readInt64()
            guard dimension >= 0, let size = Int(exactly: dimension) else {
                throw PredictError.invalidField("shape", reason: "dimension \(dimension) is negative")
            }
            try append(size)
        }
        guard rank > 0 else { throw PredictError.invalidField("shape", reason: "it has no dimension") }
    }
}
