// SPDX-License-Identifier: Apache-2.0
internal import Inference
internal import ModelFormat
internal import Registry
package import Tabular

/// The elements of a tensor as a request carries them, before they become the model's own type.
package enum TensorValues: Sendable {
    case floats([Float])
    case doubles([Double])
    case integers([Int64])
    case unsigned([UInt64])
    case flags([Bool])
    case texts([String])

    package var count: Int {
        switch self {
        case .floats(let values): values.count
        case .doubles(let values): values.count
        case .integers(let values): values.count
        case .unsigned(let values): values.count
        case .flags(let values): values.count
        case .texts(let values): values.count
        }
    }

    /// No elements, of the kind that carries `datatype`.
    package init(for datatype: Datatype) {
        switch datatype {
        case .float16, .bfloat16, .float32: self = .floats([])
        case .float64: self = .doubles([])
        case .bool: self = .flags([])
        case .bytes: self = .texts([])
        case .uint64: self = .unsigned([])
        default: self = .integers([])
        }
    }
}

/// What one request sends to an operator graph: a tensor for each of its inputs.
package struct TensorInputs {
    private var specifications: [TensorSpecification] = []
    private var tensors: [Tensor?] = []
    private var rowLimit = 0
    private var bodySize = 0

    mutating func begin(_ specifications: [TensorSpecification], rowLimit: Int, bodySize: Int) {
        self.specifications = specifications
        self.rowLimit = rowLimit
        self.bodySize = bodySize
        tensors.removeAll(keepingCapacity: true)
        for _ in specifications { tensors.append(nil) }
    }

    mutating func clear() { tensors.removeAll(keepingCapacity: true) }

    /// The input called `name`, which must not have come before.
    ///
    /// - Throws: `unexpectedInput`, `repeatedInput`.
    package func index(of name: String, model: String) throws(PredictError) -> Int {
        guard let index = specifications.firstIndex(where: { $0.name == name }) else {
            throw .unexpectedInput(name, model: model, expected: specifications.map(\.name))
        }
        guard tensors[index] == nil else { throw .repeatedInput(name) }
        return index
    }

    /// Whether the input's elements may be sent as `datatype`: texts only as texts, whole numbers as whole
    /// numbers, floats as any number.
    package func check(_ datatype: Datatype, for index: Int) throws(PredictError) {
        let expected = specifications[index].datatype
        let fits =
            switch expected {
            case .bytes: datatype == .bytes
            case .float16, .bfloat16, .float32, .float64: datatype != .bytes
            default: datatype != .bytes && !datatype.isFloat
            }
        guard fits else {
            throw .wrongDatatype(
                input: specifications[index].name, given: datatype.rawValue, expected: expected.rawValue)
        }
    }

    /// Checks the shape against the model and what the body can hold.
    ///
    /// - Throws: `wrongShape`, `tooManyRows`, `rowsExceedBody`.
    package func check(_ shape: [Int], for index: Int) throws(PredictError) {
        let specification = specifications[index]
        guard shape.count <= Shape.rankMax, specification.accepts(shape) else {
            let sizes = (specification.dimensions ?? []).map { $0.map { "\($0)" } ?? "-1" }
            throw .wrongShape(
                input: specification.name, given: shape, expected: "[\(sizes.joined(separator: ","))]")
        }
        var count = 1
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow, product <= bodySize else {
                throw .rowsExceedBody(
                    rows: shape.first ?? 1, columns: shape.dropFirst().reduce(1) { $0 &* $1 },
                    bodySize: bodySize)
            }
            count = product
        }
        if let rows = shape.first, rows > rowLimit { throw .tooManyRows(limit: rowLimit) }
    }

    /// Stores a tensor whose shape was checked.
    package mutating func store(_ values: TensorValues, shape: [Int], for index: Int) {
        let elements: TensorElements =
            switch values {
            case .floats(let values): .float32(values)
            case .doubles(let values): .float64(values)
            case .integers(let values): .int64(values)
            case .unsigned(let values): .uint64(values)
            case .flags(let values): .bool(values)
            case .texts(let values): .string(values)
            }
        tensors[index] = Tensor(shape: Shape(shape), elements: elements)
    }

    /// The tensors, all of them.
    ///
    /// - Throws: `missingInputs`.
    func complete(model: String) throws(PredictError) -> [Tensor] {
        let missing = zip(specifications, tensors).filter { $0.1 == nil }.map(\.0.name)
        guard missing.isEmpty else { throw .missingInputs(missing, model: model) }
        return tensors.compactMap { $0 }
    }
}

// MARK: Answers

extension Workspace {
    /// Runs an operator graph on the request's tensors.
    func answerTensors(_ model: ServedModel, _ splitter: RowSplitter) throws(PredictError) {
        let inputs = try tensors.complete(model: model.name)
        tensors.clear()
        do {
            let shape = inputs.first?.shape
            let rows = shape.map { $0.rank > 0 ? $0[0] : 1 } ?? 1
            try splitter.predict(
                model.loaded.model, inputs, self, cost: model.loaded.cost.nanoseconds(rows: rows))
        } catch {
            let given = zip(model.tensorInputs ?? [], inputs)
                .map { "'\($0.name)' \($1.shape.dimensions)" }.prefix(8).joined(separator: ", ")
            throw .notAnswerable(
                model: model.name, reason: "\(error.description); the request has \(given)")
        }
    }

    /// The shape of an output of an operator graph.
    package func dimensions(of output: Int) -> [Int] { predictions.tensors[output].shape.dimensions }

    /// An output's rows, and the values of each: all axes but the first taken together.
    package func extent(of output: Int, _ model: ServedModel) -> (rows: Int, width: Int) {
        let specification = model.outputs[output]
        guard specification.kind == .tensor else { return (rows.rowCount, specification.width ?? 1) }
        let shape = predictions.tensors[output].shape
        if shape.rank == 0 { return (1, 1) }
        return (shape[0], shape.product(1..<shape.rank))
    }

    /// Rows that a request was answered for.
    package func answeredRows(of model: ServedModel) -> Int {
        model.tensorInputs == nil ? rows.rowCount : max(1, extent(of: 0, model).rows)
    }

    func tensorValue(_ output: Int, _ place: Int) -> OutputValue {
        tensorElement(predictions.tensors[output], place)
    }
}

/// One element of a tensor, by its row-major place.
func tensorElement(_ tensor: Tensor, _ place: Int) -> OutputValue {
    switch tensor.elements {
    case .float32(let values): .float32(values[place])
    case .float64(let values): .float64(values[place])
    case .float16(let values): .float32(Float(values[place]))
    case .bfloat16(let values): .float32(values[place].value)
    case .int64(let values): .integer(values[place])
    case .int32(let values): .integer(Int64(values[place]))
    case .int16(let values): .integer(Int64(values[place]))
    case .int8(let values): .integer(Int64(values[place]))
    case .uint8(let values): .integer(Int64(values[place]))
    case .uint16(let values): .integer(Int64(values[place]))
    case .uint32(let values): .integer(Int64(values[place]))
    case .uint64(let values): .integer(Int64(clamping: values[place]))
    case .bool(let values): .flag(values[place])
    case .string(let values): .text(values[place])
    }
}
