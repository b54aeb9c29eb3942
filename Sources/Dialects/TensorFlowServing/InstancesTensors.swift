// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Reads the values of a V1 request for an operator graph, whose inputs are tensors with names.
struct InstancesTensorReader {
    let model: ServedModel

    private var inputs: [TensorSpecification] { model.tensorInputs ?? [] }

    /// - Throws: `JSONError`, `PredictError`.
    func read(from reader: inout JSONReader, into workspace: Workspace, list: InstancesList) throws {
        switch list {
        case .rows: try readRows(&reader, workspace)
        case .columns: try readColumns(&reader, workspace)
        }
    }

    private func tensor(_ index: Int) -> GraphTensor {
        GraphTensor(name: inputs[index].name, datatype: inputs[index].datatype, takesBase64: true)
    }

    // MARK: Row form

    /// `[row, row, …]`: each the value of the only input, or `{"a": …, "b": …}`.
    private func readRows(_ reader: inout JSONReader, _ workspace: Workspace) throws {
        var tensors = inputs.indices.map(tensor)
        var rows = 0
        try reader.beginArray()
        while try reader.nextElement() {
            if try reader.peek() == .object {
                try readNamed(&reader, &tensors, row: rows)
            } else {
                guard tensors.count == 1 else {
                    throw PredictError.invalidField(
                        "instances", reason: "a model of \(tensors.count) inputs takes objects")
                }
                tensors[0] = try readRow(&reader, after: tensors[0], index: 0, row: rows)
            }
            rows += 1
        }
        guard rows > 0 else {
            throw PredictError.invalidField("instances", reason: InstancesRequestReader.isEmpty)
        }
        for (index, tensor) in tensors.enumerated() {
            try store(tensor, shape: [rows] + rowShape(of: tensor, index), index, workspace)
        }
    }

    private func readNamed(
        _ reader: inout JSONReader, _ tensors: inout [GraphTensor], row: Int
    ) throws {
        var seen: Set<Int> = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard let index = inputs.firstIndex(where: { $0.name == key }) else {
                if key == EncodedText.key, inputs.count == 1, inputs[0].datatype == .bytes, seen.isEmpty,
                    try reader.peek() == .string
                {
                    // The bare value of the only input.
                    guard let text = try EncodedText.decode(from: &reader), try reader.nextKey() == nil else {
                        throw PredictError.wrongValue(
                            input: inputs[0].name, row: row, reason: EncodedText.expected)
                    }
                    return try tensors[0].append(text, row: row)
                }
                throw PredictError.unexpectedInput(
                    key, model: model.name, expected: inputs.map(\.name), row: row)
            }
            guard seen.insert(index).inserted else { throw PredictError.repeatedInput(key) }
            tensors[index] = try readRow(&reader, after: tensors[index], index: index, row: row)
        }
        guard seen.count == inputs.count else {
            let missing = inputs.indices.filter { !seen.contains($0) }.map { inputs[$0].name }
            throw PredictError.missingInputs(missing, model: model.name, row: row)
        }
    }

    /// The rows read so far and one more, all of one shape.
    private func readRow(
        _ reader: inout JSONReader, after tensor: GraphTensor, index: Int, row: Int
    ) throws -> GraphTensor {
        var joined = tensor
        try joined.readAnother(from: &reader, row: row)
        return joined
    }

    /// Rows of one number may come bare or in brackets, whatever the model's shape says.
    private func rowShape(of tensor: GraphTensor, _ index: Int) -> [Int] {
        let expected = inputs[index].dimensions.map { Array($0.dropFirst()) }
        if let expected, expected.count <= 1, tensor.shape.count <= 1,
            (tensor.shape.first ?? 1) == 1, ((expected.first ?? nil) ?? 1) == 1
        {
            return expected.map { _ in 1 }
        }
        return tensor.shape
    }

    // MARK: Columnar form

    /// `{"a": tensor, "b": tensor}`, or the tensor of the only input.
    private func readColumns(_ reader: inout JSONReader, _ workspace: Workspace) throws {
        guard try reader.peek() == .object else {
            guard inputs.count == 1 else {
                throw PredictError.invalidField("inputs", reason: "expected an object with every input")
            }
            return try readColumn(&reader, 0, workspace)
        }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            try readColumn(&reader, try workspace.tensors.index(of: key, model: model.name), workspace)
        }
    }

    private func readColumn(_ reader: inout JSONReader, _ index: Int, _ workspace: Workspace) throws {
        var tensor = tensor(index)
        try tensor.read(from: &reader)
        var shape = tensor.shape
        // A column of single numbers may come as a plain list.
        if shape.count == 1, inputs[index].dimensions?.count == 2, (inputs[index].dimensions?[1] ?? 1) == 1 {
            shape.append(1)
        }
        try store(tensor, shape: shape, index, workspace)
    }

    private func store(
        _ tensor: GraphTensor, shape: [Int], _ index: Int, _ workspace: Workspace
    ) throws(PredictError) {
        try workspace.tensors.check(shape, for: index)
        workspace.tensors.store(tensor.values, shape: shape, for: index)
    }
}

/// Writes the answer of an operator graph to a V1 request: bare values when it has one output, objects by
/// name when several; arrays nest by the outputs' shapes.
struct InstancesTensorWriter {
    let model: ServedModel
    let list: InstancesList

    func write(_ workspace: Workspace, into body: inout ByteBuffer) {
        let outputs = model.outputs.indices
        switch list {
        case .rows:
            body.append("{\"predictions\":[")
            for row in 0..<workspace.answeredRows(of: model) {
                if row > 0 { body.append(",") }
                writeNamed(outputs, into: &body) { output, body in
                    let extent = workspace.extent(of: output, model)
                    // An output without a row for this one has the same answer for all.
                    let place = row < extent.rows ? row : 0
                    nest(
                        workspace, output, Array(workspace.dimensions(of: output).dropFirst())[...],
                        from: place * extent.width, into: &body)
                }
            }
            body.append("]}")
        case .columns:
            body.append("{\"outputs\":")
            writeNamed(outputs, into: &body) { output, body in
                nest(workspace, output, workspace.dimensions(of: output)[...], from: 0, into: &body)
            }
            body.append("}")
        }
    }

    private func writeNamed(
        _ outputs: Range<Int>, into body: inout ByteBuffer, _ write: (Int, inout ByteBuffer) -> Void
    ) {
        if outputs.count == 1 { return write(0, &body) }
        body.append("{")
        for output in outputs {
            if output > 0 { body.append(",") }
            body.append(quoted: model.outputs[output].name)
            body.append(":")
            write(output, &body)
        }
        body.append("}")
    }

    private func nest(
        _ workspace: Workspace, _ output: Int, _ sizes: ArraySlice<Int>, from place: Int,
        into body: inout ByteBuffer
    ) {
        guard let count = sizes.first else {
            let width = max(1, workspace.extent(of: output, model).width)
            let value = workspace.value(
                output: output, of: model, row: place / width, column: place % width)
            _ = value.appendJSON(to: &body, nonFinite: .tokens)
            return
        }
        let rest = sizes.dropFirst()
        let step = rest.reduce(1, *)
        body.append("[")
        for index in 0..<count {
            if index > 0 { body.append(",") }
            nest(workspace, output, rest, from: place + index * step, into: &body)
        }
        body.append("]")
    }
}
