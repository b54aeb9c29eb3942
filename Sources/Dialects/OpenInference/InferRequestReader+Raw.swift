// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// One tensor alone: the body is its elements and nothing else.
extension InferRequestReader {
    /// Reads a body that is the bytes of the model's only input and nothing else. The size decides what the
    /// shape leaves open.
    mutating func readRaw(_ body: Span<UInt8>, into workspace: Workspace) throws(PredictError) {
        workspace.begin(model, bodySize: body.count)
        let header = try rawHeader(byteCount: body.count)
        guard header.datatype == .bytes else {
            return try readBytes(body, header: header, workspace: workspace)
        }
        // One text: as an element of a tensor it has its length in front.
        var framed = ByteBuffer(capacity: body.count + 4)
        for shift in [0, 8, 16, 24] { framed.append(UInt8(truncatingIfNeeded: body.count >> shift)) }
        framed.append(body)
        try readBytes(framed.bytes, header: header, workspace: workspace)
    }

    /// Reads the elements of the model's only input, of which another format has said type and shape; one row
    /// may come without its first dimension.
    mutating func readOnly(
        _ bytes: Span<UInt8>, datatype: Datatype, shape sizes: [Int], into workspace: Workspace
    ) throws(PredictError) {
        let name: String
        let rank: Int
        if let inputs = model.tensorInputs {
            guard inputs.count == 1 else { throw rawIsUnclear() }
            (name, rank) = (inputs[0].name, inputs[0].dimensions?.count ?? sizes.count)
        } else {
            name = model.schema.count == 1 ? model.schema.features[0].name : InputBinder.matrixName
            rank = model.schema.count == 1 ? 1 : 2
        }
        var shape = TensorShape()
        if sizes.count + 1 == rank { try shape.append(1) }
        for size in sizes { try shape.append(size) }
        let header = TensorHeader(name: name, datatype: datatype, shape: shape)
        try readBytes(bytes, header: header, workspace: workspace)
    }

    private func rawHeader(byteCount: Int) throws(PredictError) -> TensorHeader {
        let name: String
        let datatype: Datatype
        let dimensions: [Int?]
        if let inputs = model.tensorInputs {
            guard inputs.count == 1, let known = inputs[0].dimensions else { throw rawIsUnclear() }
            (name, datatype, dimensions) = (inputs[0].name, inputs[0].datatype, known)
        } else if InputBinder.takesMatrix(model.index) {
            let number = Datatype(rawValue: model.inputType.rawValue) ?? .float64
            (name, datatype, dimensions) = (InputBinder.matrixName, number, [nil, model.schema.count])
        } else if model.schema.count == 1 {
            (name, datatype, dimensions) = (model.schema.features[0].name, .bytes, [nil])
        } else {
            throw rawIsUnclear()
        }
        guard dimensions.filter({ $0 == nil }).count <= 1 else { throw rawIsUnclear() }
        let known = dimensions.compactMap { $0 }.reduce(1, *)
        if let width = datatype.byteWidth {
            let rowSize = width * known
            let fits =
                dimensions.contains(nil) ? rowSize > 0 && byteCount % rowSize == 0 : byteCount == rowSize
            guard fits, byteCount > 0 else {
                throw .wrongElementCount(
                    input: name, expected: known,
                    given: "\(byteCount) bytes of \(datatype.rawValue), no whole number of rows")
            }
        }
        let count = datatype.byteWidth.map { byteCount / $0 } ?? 1
        var shape = TensorShape()
        for size in dimensions { try shape.append(size ?? (known > 0 ? count / known : 0)) }
        return TensorHeader(name: name, datatype: datatype, shape: shape)
    }

    private func rawIsUnclear() -> PredictError {
        .unsupported(
            "a raw binary request needs a model with one input of at most one variable dimension; "
                + "model '\(model.name)' has others")
    }
}
