// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Tabular

/// A request to MLflow's scoring server: JSON with a data frame or tensors, or CSV with a header.
struct MLflowForm: PredictionForm {
    private var hasTable = false
    private var hasHeader = true
    private var outputs: NamedOutputs?

    private static let kinds = ["dataframe_split", "dataframe_records", "instances", "inputs"]
    private static let mediaTypes = ["application/json", "text/csv"]

    mutating func begin(_ request: borrowing Request, _ model: ServedModel) throws(PredictError) -> BodySize {
        let size = BodySize(text: request.body.count)
        guard let header = request.header("Content-Type") else { return size }
        let type = MediaType(header)
        hasTable = type.essence == "text/csv"
        guard hasTable || type.essence == "application/json" else {
            throw .unsupportedMediaType(String(copying: header), supported: Self.mediaTypes)
        }
        for name in type.parameterNames {
            guard let range = type.parameterRange(name) else { continue }
            let value = String(copying: header.extracting(range)).lowercased()
            switch (name, value) {
            case ("charset", "utf-8"), ("charset", "utf8"): break
            case ("header", "present") where hasTable: hasHeader = true
            case ("header", "absent") where hasTable: hasHeader = false
            default: throw .unsupportedMediaType(String(copying: header), supported: Self.mediaTypes)
            }
        }
        return size
    }

    mutating func read(_ body: Span<UInt8>, _ model: ServedModel, into workspace: Workspace) throws {
        workspace.begin(model, bodySize: body.count)
        if hasTable {
            try TableReader(model: model, hasHeader: hasHeader).read(body, into: workspace)
        } else {
            try readDocument(body, model, workspace)
        }
        try workspace.checkMargins(of: model)
    }

    private mutating func readDocument(_ body: Span<UInt8>, _ model: ServedModel, _ workspace: Workspace)
        throws
    {
        var reader = JSONReader(body, options: .allowsNonFinite)
        var kind: String?
        var hasParameters = false
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case _ where Self.kinds.contains(key):
                guard kind == nil else { throw wrongKeys("it has '\(kind ?? "")' and '\(key)'") }
                kind = key
                try readData(key, &reader, body, model, workspace)
            case "params":
                guard !hasParameters else { throw PredictError.repeatedField("params") }
                hasParameters = true
                guard try [.object, .null].contains(reader.peek()) else {
                    throw PredictError.invalidField("params", reason: "expected an object")
                }
                outputs = try NamedOutputs.read(&reader, model)
            case "signature_name":
                throw PredictError.unsupported("\"signature_name\" parameter is currently not supported")
            default: throw wrongKeys("'\(key)' is none of them")
            }
        }
        try reader.expectEnd()
        guard kind != nil else { throw wrongKeys("it has none") }
    }

    private func readData(
        _ kind: String, _ reader: inout JSONReader, _ body: Span<UInt8>, _ model: ServedModel,
        _ workspace: Workspace
    ) throws {
        let frame = DataframeReader(model: model)
        switch kind {
        case "dataframe_split": try frame.readSplit(&reader, body, workspace)
        case "dataframe_records": try frame.readRecords(&reader, workspace)
        default:
            try InstancesRequestReader(model: model).readList(
                kind == "instances" ? .rows : .columns, from: &reader, into: workspace)
        }
    }

    private func wrongKeys(_ reason: String) -> PredictError {
        let kinds = Self.kinds.map { "'\($0)'" }.joined(separator: ", ")
        return .unsupported(
            "The input must be a JSON dictionary with exactly one of the input fields {\(kinds)}: \(reason)")
    }

    func write(
        _ workspace: Workspace, _ model: ServedModel, into response: inout Response
    ) throws(PredictError) {
        let writer = InstancesResponseWriter(model: model, list: .rows, outputs: outputs)
        try writer.write(workspace, into: &response.body)
    }

    func fail(_ error: PredictError, _ response: inout Response) {
        response.status = error.status
        response.contentType = .json
        response.body.clear()
        response.body.append("{\"error_code\":\"")
        response.body.append(Self.code(of: error.status))
        response.body.append("\",\"message\":")
        response.body.append(quoted: error.description)
        response.body.append("}")
        response.addHeaders(of: error)
    }

    private static func code(of status: Status) -> StaticString {
        switch status {
        case .notFound: "RESOURCE_DOES_NOT_EXIST"
        case .serviceUnavailable: "TEMPORARILY_UNAVAILABLE"
        case .contentTooLarge, .tooManyRequests: "REQUEST_LIMIT_EXCEEDED"
        default: "BAD_REQUEST"
        }
    }
}
