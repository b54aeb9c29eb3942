// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving

/// A V2 inference request: JSON, then the bytes of its binary tensors; or the bytes of one tensor alone.
struct InferForm: PredictionForm {
    private var jsonLength = 0
    private var request = InferRequest()
    private let known: KnownTensorHeader?

    /// Looking for the scheduling parameters ahead costs a pass over the JSON, on the event loop.
    private static let scannedBytesMax = 32_768

    /// - Parameter known: how the tensor of an earlier request of this thread began.
    init(known: KnownTensorHeader? = nil) { self.known = known }

    mutating func begin(_ request: borrowing Request, _ model: ServedModel) throws(PredictError) -> BodySize {
        jsonLength = try InferHeaderLength.read(request)
        return BodySize(text: jsonLength, binary: request.body.count - jsonLength)
    }

    func demand(_ body: Span<UInt8>, _ model: ServedModel, _ size: BodySize, cost: UInt64) -> WorkDemand {
        var demand = model.demand(
            cost: cost, rows: model.estimatedRows(jsonSize: size.text, binarySize: size.binary))
        guard (1...Self.scannedBytesMax).contains(jsonLength) else { return demand }
        let parameters = SchedulingParameters(lookingInto: body.extracting(0..<jsonLength))
        demand.priority = parameters.priority
        if parameters.timeout > 0 { demand.timeout = parameters.timeout &* 1000 }
        return demand
    }

    mutating func read(_ body: Span<UInt8>, _ model: ServedModel, into workspace: Workspace) throws {
        var reader = InferRequestReader(model: model, known: known)
        if jsonLength == 0 && !body.isEmpty {
            try reader.readRaw(body, into: workspace)
            request.wantsBinaryOutput = true
        } else {
            request = try reader.read(
                body.extracting(0..<jsonLength), binary: body.extracting(jsonLength..<body.count),
                into: workspace)
        }
    }

    var timeout: UInt64 { request.scheduling.timeout }

    func extraCost(_ model: ServedModel, _ workspace: Workspace) -> UInt64 {
        request.explanationCost(model, workspace)
    }

    /// Triton says 503 where others say 429.
    func fail(_ error: PredictError, _ response: inout Response) {
        if case .tooManyRequests = error { return response.fail(error, as: .serviceUnavailable) }
        response.fail(error)
    }

    func write(
        _ workspace: Workspace, _ model: ServedModel, into response: inout Response
    ) throws(PredictError) {
        let writer = InferResponseWriter(model: model, request: request)
        if let length = try writer.write(workspace, into: &response.body) {
            response.contentType = .octetStream
            response.addHeader("Inference-Header-Content-Length", "\(length)")
        }
    }
}
