// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// The parts of a V2 inference request that are not numbers; the numbers go into the workspace's row block.
struct InferRequest {
    var id: String?
    /// In the order of the request; empty when it lists none.
    var outputs: [RequestedOutput] = []
    /// `parameters.binary_data_output`: the form of the answer when the request lists no outputs.
    var wantsBinaryOutput = false
    /// `parameters.explain`: the contributions are wanted beside what else is.
    var wantsExplanation = false
    var scheduling = SchedulingParameters()

    /// What the contributions that are asked for are expected to take; 0 when none are.
    func explanationCost(_ model: ServedModel, _ workspace: Workspace) -> UInt64 {
        guard outputs.contains(where: { model.outputs[$0.output].kind == .contributions }) else { return 0 }
        return model.explanationCost(rows: workspace.rows.rowCount)
    }
}

struct RequestedOutput {
    /// Index in the model's outputs.
    var output: Int
    var isBinary: Bool
    /// The classification extension: so many of the largest values of each row, with their labels.
    var classCount: Int?
}

/// Reads a V2 inference request (`docs/protocols/open-inference.md`): JSON, then the bytes of its binary
/// tensors.
struct InferRequestReader {
    let model: ServedModel
    /// The bytes behind the JSON, in the order of the inputs that carry `binary_data_size`.
    private var binaryOffset = 0
    private let known: KnownTensorHeader?
    private var binder: InputBinder
    private var rowCount: Int?
    private var hasID = false
    private var hasInputs = false
    private var hasOutputs = false
    private var hasParameters = false

    /// - Parameter known: how the tensor of an earlier request began; nil where there is no such memory.
    init(model: ServedModel, known: KnownTensorHeader? = nil) {
        self.model = model
        self.known = known
        binder = InputBinder(index: model.index, modelName: model.name)
    }

    /// - Parameter json: the JSON document alone.
    /// - Parameter binary: what follows it; empty without the binary extension.
    /// - Throws: `JSONError`, `PredictError`.
    mutating func read(
        _ json: Span<UInt8>, binary: Span<UInt8>, into workspace: Workspace
    ) throws -> InferRequest {
        var request = InferRequest()
        var reader = JSONReader(json)
        workspace.begin(model, bodySize: json.count + binary.count)
        try reader.beginObject()
        while let key = try reader.nextKeyText() {
            if reader.matches(key, "inputs") {
                guard !hasInputs else { throw PredictError.repeatedField("inputs") }
                hasInputs = true
                try readInputs(&reader, json: json, binary: binary, workspace: workspace)
            } else if reader.matches(key, "id") {
                guard !hasID else { throw PredictError.repeatedField("id") }
                hasID = true
                if try !skipsNull(&reader) { request.id = try reader.readString() }
            } else if reader.matches(key, "parameters") {
                guard !hasParameters else { throw PredictError.repeatedField("parameters") }
                hasParameters = true
                if try !skipsNull(&reader) { try readParameters(&reader, into: &request) }
            } else if reader.matches(key, "outputs") {
                guard !hasOutputs else { throw PredictError.repeatedField("outputs") }
                hasOutputs = true
                if try !skipsNull(&reader) { request.outputs = try readOutputs(&reader) }
            } else {
                try reader.skipValue()
            }
        }
        try reader.expectEnd()
        if request.wantsExplanation { try addExplanation(to: &request) }
        guard hasInputs else { throw PredictError.missingField("inputs") }
        if !model.takesTensors {
            try binder.requireAll()
            try workspace.checkMargins(of: model)
        }
        guard binaryOffset == binary.count else {
            throw PredictError.invalidField(
                "inputs",
                reason:
                    "unexpected additional input data: \(binary.count - binaryOffset) bytes follow the last tensor"
            )
        }
        return request
    }

    /// Whether the value is null, which clients write for what they do not send; then it is read over.
    private func skipsNull(_ reader: inout JSONReader) throws -> Bool {
        guard try reader.peek() == .null else { return false }
        try reader.readNull()
        return true
    }

    /// Reads request parameters. Those that mean nothing here are checked for their form alone.
    private func readParameters(_ reader: inout JSONReader, into request: inout InferRequest) throws {
        var seen: Set<String> = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard seen.insert(key).inserted else { throw PredictError.repeatedField(key) }
            switch key {
            case "binary_data_output": request.wantsBinaryOutput = try reader.readBool()
            case "explain": request.wantsExplanation = try reader.readBool()
            case "priority": request.scheduling.priority = Int(clamping: try reader.readUInt64())
            case "timeout": request.scheduling.timeout = try reader.readUInt64()
            case _ where key.hasPrefix("triton_"):
                throw PredictError.invalidField(
                    key,
                    reason:
                        "parameter keys starting with 'triton_' are reserved and should not be specified")
            default: try readCustomParameter(&reader, key)
            }
        }
    }

    /// A parameter is a string, a number or a boolean.
    private func readCustomParameter(_ reader: inout JSONReader, _ key: String) throws {
        switch try reader.peek() {
        case .object, .array, .null:
            let given = try reader.peek().name
            throw PredictError.invalidField(
                key, reason: "a parameter is a string, a number or a boolean, not \(given)")
        default: try reader.skipValue()
        }
    }

    /// Asks for the contributions beside the outputs that the request lists, or beside the predictions.
    private func addExplanation(to request: inout InferRequest) throws(PredictError) {
        guard let output = model.outputs.firstIndex(where: { $0.kind == .contributions }) else {
            throw .unknownOutput("contributions", model: model.name, available: model.outputs.map(\.name))
        }
        if request.outputs.isEmpty {
            request.outputs = [RequestedOutput(output: 0, isBinary: request.wantsBinaryOutput)]
        }
        if !request.outputs.contains(where: { $0.output == output }) {
            request.outputs.append(
                RequestedOutput(output: output, isBinary: request.outputs.allSatisfy(\.isBinary)))
        }
    }

    // MARK: One tensor alone

    /// Reads a body that is the bytes of the model's only input and nothing else. The size decides what the
    /// shape leaves open.
    mutating func readRaw(_ body: Span<UInt8>, into workspace: Workspace) throws(PredictError) {
        workspace.begin(model, bodySize: body.count)
        let header = try rawHeader(byteCount: body.count)
        if header.datatype == .bytes { return try readRawText(body, header, workspace) }
        if model.tensorInputs != nil {
            return try readTensor(body, header: header, workspace: workspace)
        }
        let (target, rows) = try place(header, workspace: workspace)
        let tensor = BinaryTensor(header: header, target: target, rowCount: rows, index: model.index)
        try tensor.read(body, into: &workspace.rows)
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
        if model.tensorInputs != nil {
            return try readTensor(bytes, header: header, workspace: workspace)
        }
        let (target, rows) = try place(header, workspace: workspace)
        let tensor = BinaryTensor(header: header, target: target, rowCount: rows, index: model.index)
        try tensor.read(bytes, into: &workspace.rows)
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

    private mutating func readRawText(
        _ body: Span<UInt8>, _ header: TensorHeader, _ workspace: Workspace
    ) throws(PredictError) {
        var framed = ByteBuffer(capacity: body.count + 4)
        for shift in [0, 8, 16, 24] { framed.append(UInt8(truncatingIfNeeded: body.count >> shift)) }
        framed.append(body)
        if model.tensorInputs != nil {
            return try readTensor(framed.bytes, header: header, workspace: workspace)
        }
        let (target, rows) = try place(header, workspace: workspace)
        let tensor = BinaryTensor(header: header, target: target, rowCount: rows, index: model.index)
        try tensor.read(framed.bytes, into: &workspace.rows)
    }

    private func rawIsUnclear() -> PredictError {
        .unsupported(
            "a raw binary request needs a model with one input of at most one variable dimension; "
                + "model '\(model.name)' has others")
    }

    // MARK: Inputs

    private mutating func readInputs(
        _ reader: inout JSONReader, json: Span<UInt8>, binary: Span<UInt8>, workspace: Workspace
    ) throws {
        try reader.beginArray()
        while try reader.nextElement() {
            try readInput(&reader, json: json, binary: binary, workspace: workspace)
        }
    }

    /// The members of one input as they come; `data` is read at once when it comes last, as all clients write
    /// it, and found again when it does not.
    private struct PartialInput {
        var name: String?
        var datatype: Datatype?
        var shape: TensorShape?
        var binarySize: Int?
        /// Where `data` begins, when it came before the rest.
        var deferredData: Range<Int>?
        var hasReadData = false
        var hasParameters = false
        /// There were other members than those that the header is made of.
        var hasOthers = false

        /// Nil until all three parts have come.
        var completeHeader: TensorHeader? {
            guard let name, let datatype, let shape else { return nil }
            return TensorHeader(name: name, datatype: datatype, shape: shape)
        }

        func header() throws(PredictError) -> TensorHeader {
            guard let name else { throw .missingField("inputs[].name") }
            guard datatype != nil else { throw .missingField("inputs[\(name)].datatype") }
            guard let completeHeader else { throw .missingField("inputs[\(name)].shape") }
            return completeHeader
        }
    }

    private mutating func readInput(
        _ reader: inout JSONReader, json: Span<UInt8>, binary: Span<UInt8>, workspace: Workspace
    ) throws {
        var input = PartialInput()
        try reader.beginObject()
        let start = reader.position
        if let header = known?.take(from: &reader) {
            (input.name, input.datatype, input.shape) = (header.name, header.datatype, header.shape)
            try readData(&reader, header: header, workspace: workspace)
            input.hasReadData = true
        }
        while let key = try reader.nextKeyText() {
            if reader.matches(key, "name") {
                guard input.name == nil else { throw PredictError.repeatedField("inputs[].name") }
                input.name = try reader.readString()
            } else if reader.matches(key, "datatype") {
                guard input.datatype == nil else { throw PredictError.repeatedField("inputs[].datatype") }
                input.datatype = try readDatatype(&reader)
            } else if reader.matches(key, "shape") {
                guard input.shape == nil else { throw PredictError.repeatedField("inputs[].shape") }
                input.shape = try TensorShape(from: &reader)
            } else if reader.matches(key, "data") {
                guard !input.hasReadData, input.deferredData == nil else {
                    throw PredictError.repeatedField("inputs[].data")
                }
                if let header = input.completeHeader {
                    if !input.hasOthers {
                        known?.remember(json.extracting(start..<reader.position), header)
                    }
                    try readData(&reader, header: header, workspace: workspace)
                    input.hasReadData = true
                } else {
                    input.deferredData = try reader.skipValue()
                }
            } else if reader.matches(key, "parameters") {
                guard !input.hasParameters else { throw PredictError.repeatedField("inputs[].parameters") }
                input.hasParameters = true
                input.hasOthers = true
                if try !skipsNull(&reader) { input.binarySize = try readBinarySize(&reader) }
            } else {
                input.hasOthers = true
                try reader.skipValue()
            }
        }
        try finish(input, json: json, binary: binary, workspace: workspace)
    }

    private mutating func finish(
        _ input: PartialInput, json: Span<UInt8>, binary: Span<UInt8>, workspace: Workspace
    ) throws {
        if input.hasReadData && input.binarySize == nil { return }
        let header = try input.header()
        switch (input.hasReadData || input.deferredData != nil, input.binarySize) {
        case (true, nil):
            guard let range = input.deferredData else { return }
            var reader = JSONReader(json.extracting(range))
            do {
                try readData(&reader, header: header, workspace: workspace)
            } catch let error as JSONError {
                throw JSONError(offset: error.offset + range.lowerBound, reason: error.reason)
            }
        case (false, let size?):
            try readBinary(binary, size: size, header: header, workspace: workspace)
        case (true, .some):
            throw PredictError.invalidField(
                "inputs[\(header.name)]",
                reason: "it must set only one of 'data' and 'binary_data_size' in 'parameters'")
        case (false, nil):
            throw PredictError.missingField("inputs[\(header.name)].data")
        }
    }

    private mutating func readData(
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

    private mutating func readBinary(
        _ binary: Span<UInt8>, size: Int, header: TensorHeader, workspace: Workspace
    ) throws {
        guard size <= binary.count - binaryOffset else {
            throw PredictError.wrongElementCount(
                input: header.name, expected: header.shape.elementCount ?? Int.max,
                given: "\(binary.count - binaryOffset) bytes left for 'binary_data_size' \(size)")
        }
        if model.takesTensors {
            let bytes = binary.extracting(binaryOffset..<binaryOffset + size)
            binaryOffset += size
            return try readTensor(bytes, header: header, workspace: workspace)
        }
        if let margins = model.rowMargins(named: header.name) {
            let bytes = binary.extracting(binaryOffset..<binaryOffset + size)
            binaryOffset += size
            let rows = try place(header, margins, workspace: workspace)
            let tensor = BinaryTensor(
                header: header, target: margins.target, rowCount: rows, index: margins.index)
            return try tensor.read(bytes, into: &workspace.rowMargins)
        }
        let (target, rows) = try place(header, workspace: workspace)
        let tensor = BinaryTensor(header: header, target: target, rowCount: rows, index: model.index)
        try tensor.read(binary.extracting(binaryOffset..<binaryOffset + size), into: &workspace.rows)
        binaryOffset += size
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

    private func readDatatype(_ reader: inout JSONReader) throws -> Datatype {
        let name = try reader.readText()
        // Without a String for the two types that nearly all clients send.
        if reader.matches(name, "FP32") { return .float32 }
        if reader.matches(name, "FP64") { return .float64 }
        guard let datatype = Datatype(rawValue: reader.string(name)) else {
            let known = Datatype.allCases.map(\.rawValue).joined(separator: ", ")
            throw PredictError.invalidField(
                "datatype", reason: "'\(reader.string(name))' is none of \(known)")
        }
        return datatype
    }

    private func readBinarySize(_ reader: inout JSONReader) throws -> Int? {
        var size: Int?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key == "binary_data_size" {
                guard size == nil else { throw PredictError.repeatedField(key) }
                let value = try reader.readInt64()
                guard let positive = Int(exactly: value), positive >= 0 else {
                    throw PredictError.invalidField(key, reason: "\(value) is negative")
                }
                size = positive
            } else if key.hasPrefix("shared_memory") {
                throw PredictError.unsupported("shared memory is not supported; send the data in the request")
            } else {
                _ = try reader.skipValue()
            }
        }
        return size
    }

    // MARK: Outputs

    private func readOutputs(_ reader: inout JSONReader) throws -> [RequestedOutput] {
        var outputs: [RequestedOutput] = []
        try reader.beginArray()
        while try reader.nextElement() {
            let output = try readOutput(&reader)
            guard !outputs.contains(where: { $0.output == output.output }) else {
                throw PredictError.repeatedOutput(model.outputs[output.output].name)
            }
            outputs.append(output)
        }
        return outputs
    }

    private func readOutput(_ reader: inout JSONReader) throws -> RequestedOutput {
        var name: String?
        var parameters: OutputParameters?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name":
                guard name == nil else { throw PredictError.repeatedField("outputs[].name") }
                name = try reader.readString()
            case "parameters":
                guard parameters == nil else { throw PredictError.repeatedField("outputs[].parameters") }
                parameters = OutputParameters()
                if try !skipsNull(&reader) { parameters = try readOutputParameters(&reader) }
            default: try reader.skipValue()
            }
        }
        guard let name else { throw PredictError.missingField("outputs[].name") }
        guard let output = model.outputs.firstIndex(where: { $0.name == name }) else {
            throw PredictError.unknownOutput(
                name, model: model.name, available: model.outputs.map(\.name))
        }
        if parameters?.classCount != nil, !model.outputs[output].datatype.isFloat {
            throw PredictError.invalidField(
                "classification", reason: "output '\(name)' has no numbers to sort")
        }
        return RequestedOutput(
            output: output, isBinary: parameters?.isBinary ?? false, classCount: parameters?.classCount)
    }

    private struct OutputParameters {
        var isBinary: Bool?
        var classCount: Int?
    }

    private func readOutputParameters(_ reader: inout JSONReader) throws -> OutputParameters {
        var parameters = OutputParameters()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "binary_data":
                guard parameters.isBinary == nil else { throw PredictError.repeatedField(key) }
                parameters.isBinary = try reader.readBool()
            case "classification":
                guard parameters.classCount == nil else { throw PredictError.repeatedField(key) }
                let count = try reader.readUInt64()
                // Zero is how tritonclient writes that no classes are asked for.
                if count > 0 { parameters.classCount = Int(clamping: count) }
            case _ where key.hasPrefix("shared_memory"):
                throw PredictError.unsupported("shared memory is not supported; outputs come in the answer")
            default: try readCustomParameter(&reader, key)
            }
        }
        return parameters
    }
}
