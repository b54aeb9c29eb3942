// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Reads a V2 inference request (`docs/protocols/open-inference.md`): JSON, then the bytes of its binary
/// tensors.
struct InferRequestReader {
    let model: ServedModel
    /// Of the bytes behind the JSON, in the order of the inputs that carry `binary_data_size`, those read.
    var binaryOffset = 0
    let known: KnownTensorHeader?
    var binder: InputBinder
    /// Of the inputs that have been read; nil before the first.
    var rowCount: Int?
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
    func skipsNull(_ reader: inout JSONReader) throws -> Bool {
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
    func readCustomParameter(_ reader: inout JSONReader, _ key: String) throws {
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
}
