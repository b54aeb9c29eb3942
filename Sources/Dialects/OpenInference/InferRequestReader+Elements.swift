// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Where the elements of an input go: into rows, the margins of rows, or an operator graph's tensors.
extension InferRequestReader {
    /// Reads an input's elements at `data`.
    mutating func readData(
        _ reader: inout JSONReader, header: TensorHeader, workspace: Workspace
    ) throws {
        guard header.datatype.hasJSONForm else {
            throw PredictError.unsupported(
                "receiving \(header.datatype.rawValue) data via JSON is not supported. "
                    + "Please use the binary data format for input '\(header.name)'")
        }
        if model.takesTensors { return try readTensor(&reader, header: header, workspace: workspace) }
        if let margins = model.rowMargins(named: header.name) {
            let rows = try place(header, margins, workspace: workspace)
            let cells = JSONCells(index: margins.index, datatype: header.datatype)
            let tensor = JSONTensor(
                name: header.name, target: margins.target, rowCount: rows, cells: cells)
            return try tensor.read(from: &reader, into: &workspace.rowMargins)
        }
        let (target, rows) = try place(header, workspace: workspace)
        let cells = JSONCells(index: model.index, datatype: header.datatype)
        let tensor = JSONTensor(name: header.name, target: target, rowCount: rows, cells: cells)
        try tensor.read(from: &reader, into: &workspace.rows)
    }

    /// Reads an input's elements in their binary form.
    mutating func readBytes(
        _ bytes: Span<UInt8>, header: TensorHeader, workspace: Workspace
    ) throws(PredictError) {
        if model.takesTensors { return try readTensor(bytes, header: header, workspace: workspace) }
        if let margins = model.rowMargins(named: header.name) {
            let rows = try place(header, margins, workspace: workspace)
            let tensor = BinaryTensor(
                header: header, target: margins.target, rowCount: rows, index: margins.index)
            return try tensor.read(bytes, into: &workspace.rowMargins)
        }
        let (target, rows) = try place(header, workspace: workspace)
        let tensor = BinaryTensor(header: header, target: target, rowCount: rows, index: model.index)
        try tensor.read(bytes, into: &workspace.rows)
    }

    /// Reads `data` of an operator graph's input: flat in row-major order, or nested as the shape says.
    private func readTensor(
        _ reader: inout JSONReader, header: TensorHeader, workspace: Workspace
    ) throws {
        let (index, shape) = try placeTensor(header, workspace: workspace)
        var tensor = GraphTensor(name: header.name, datatype: header.datatype)
        try tensor.read(from: &reader)
        let count = shape.reduce(1, *)
        // A scalar may also come as an array of one.
        guard tensor.values.count == count, tensor.shape == shape || tensor.shape.count <= 1 else {
            throw PredictError.wrongElementCount(
                input: header.name, expected: count,
                given: "\(tensor.values.count) in the shape \(tensor.shape)")
        }
        workspace.tensors.store(tensor.values, shape: shape, for: index)
    }

    private func readTensor(
        _ bytes: Span<UInt8>, header: TensorHeader, workspace: Workspace
    ) throws(PredictError) {
        let (index, shape) = try placeTensor(header, workspace: workspace)
        var tensor = GraphTensor(name: header.name, datatype: header.datatype)
        try tensor.read(bytes, count: shape.reduce(1, *))
        workspace.tensors.store(tensor.values, shape: shape, for: index)
    }

    private func placeTensor(
        _ header: TensorHeader, workspace: Workspace
    ) throws(PredictError) -> (index: Int, shape: [Int]) {
        let index = try workspace.tensors.index(of: header.name, model: model.name)
        try workspace.tensors.check(header.datatype, for: index)
        try workspace.tensors.check(header.shape.dimensions, for: index)
        return (index, header.shape.dimensions)
    }

    /// Binds the input to its columns and makes room for its rows.
    private mutating func place(
        _ header: TensorHeader, workspace: Workspace
    ) throws(PredictError) -> (InputBinder.Target, Int) {
        let target = try binder.bind(header.name)
        guard target.isCategorical == (header.datatype == .bytes) else {
            throw .wrongDatatype(
                input: header.name, given: header.datatype.rawValue,
                expected: target.isCategorical ? "BYTES" : "a numeric data-type")
        }
        return (target, try makeRows(header, columnCount: target.columnCount, workspace))
    }

    /// Makes room for the margins of the rows.
    private mutating func place(
        _ header: TensorHeader, _ margins: RowMargins, workspace: Workspace
    ) throws(PredictError) -> Int {
        guard header.datatype != .bytes else {
            throw .wrongDatatype(
                input: header.name, given: header.datatype.rawValue, expected: "a numeric data-type")
        }
        guard workspace.rowMargins.rowCount == 0 else { throw .repeatedInput(header.name) }
        let rows = try makeRows(header, columnCount: margins.width, workspace)
        try workspace.makeRoom(forMarginsOf: rows, margins)
        return rows
    }

    /// The rows of the input, which the first input of a request makes and the others must have too.
    private mutating func makeRows(
        _ header: TensorHeader, columnCount: Int, _ workspace: Workspace
    ) throws(PredictError) -> Int {
        let rows = try header.rowCount(for: columnCount)
        if let rowCount {
            guard rows == rowCount else {
                throw .wrongShape(
                    input: header.name, given: header.shape.dimensions,
                    expected: "\(rowCount) rows as in the inputs before")
            }
        } else {
            guard rows > 0 else {
                throw .wrongShape(
                    input: header.name, given: header.shape.dimensions, expected: "at least one row")
            }
            try workspace.makeRoom(forRows: rows)
            rowCount = rows
        }
        return rows
    }
}
