// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Tabular

/// A request to a SageMaker container: CSV, JSON, JSON lines, a NumPy array or bare numbers; the answer in
/// the form that it accepts.
struct SageMakerForm: PredictionForm {
    private enum Kind { case table, document, lines, array, bytes }

    private let defaultAccept: String?
    private var kind = Kind.document
    private var hasHeader = false
    private var answer = InvocationAnswer.json
    private var outputs: NamedOutputs?

    private static let mediaTypes = [
        "text/csv", "application/json", "application/jsonlines", "application/x-npy",
        "application/octet-stream",
    ]

    init(defaultAccept: String?) { self.defaultAccept = defaultAccept }

    mutating func begin(_ request: borrowing Request, _ model: ServedModel) throws(PredictError) -> BodySize {
        if let header = request.header("Content-Type") { try readType(header) }
        answer = try InvocationAnswer.accepted(request.header("Accept"), standard: defaultAccept)
        if let attributes = request.header("X-Amzn-SageMaker-Custom-Attributes") {
            outputs = try NamedOutputs.read(attributes, model)
        }
        switch kind {
        case .table, .document, .lines: return BodySize(text: request.body.count)
        case .array, .bytes: return BodySize(text: 0, binary: request.body.count)
        }
    }

    private mutating func readType(_ header: Span<UInt8>) throws(PredictError) {
        let type = MediaType(header)
        switch type.essence {
        case "text/csv": kind = .table
        case "application/json", "": kind = .document
        case "application/jsonlines", "application/x-jsonlines", "application/jsonlines+json": kind = .lines
        case "application/x-npy": kind = .array
        case "application/octet-stream": kind = .bytes
        default: throw .unsupportedMediaType(String(copying: header), supported: Self.mediaTypes)
        }
        if kind == .table, let range = type.parameterRange("header") {
            hasHeader = String(copying: header.extracting(range)) == "present"
        }
    }

    mutating func read(_ body: Span<UInt8>, _ model: ServedModel, into workspace: Workspace) throws {
        workspace.begin(model, bodySize: body.count)
        switch kind {
        case .table: try TableReader(model: model, hasHeader: hasHeader).read(body, into: workspace)
        case .document: try RecordReader(model: model).readDocument(body, into: workspace)
        case .lines: try RecordReader(model: model).readLines(body, into: workspace)
        case .array: try NumPyArray.read(body, model, into: workspace)
        case .bytes:
            var reader = InferRequestReader(model: model)
            try reader.readRaw(body, into: workspace)
        }
        try workspace.checkMargins(of: model)
    }

    func write(
        _ workspace: Workspace, _ model: ServedModel, into response: inout Response
    ) throws(PredictError) {
        try answer.write(workspace, model, outputs, into: &response)
    }
}
