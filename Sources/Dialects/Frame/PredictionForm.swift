// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving

/// How one kind of request for predictions is read and answered. What is the same for all of them, from the
/// look-up of the model to the counting, is `PredictionFrame`'s.
protocol PredictionForm {
    /// Whether the model can be asked so at all.
    func check(_ model: ServedModel) throws(PredictError)

    /// Looks at the headers: how many bytes of the body are text, and how many are numbers in binary.
    mutating func begin(_ request: borrowing Request, _ model: ServedModel) throws(PredictError) -> BodySize

    /// What the request asks of the workers when it is not answered here; only its beginning is read.
    func demand(_ body: Span<UInt8>, _ model: ServedModel, _ size: BodySize, cost: UInt64) -> WorkDemand

    /// Reads the body into the workspace.
    ///
    /// - Throws: `JSONError`, `CSVError`, `PredictError`.
    mutating func read(_ body: Span<UInt8>, _ model: ServedModel, into workspace: Workspace) throws

    /// The longest that it may have waited for its turn, in microseconds; 0: any time. Known once it is read.
    var timeout: UInt64 { get }

    /// What it is expected to take beyond the predictions, in nanoseconds; known once it is read.
    func extraCost(_ model: ServedModel, _ workspace: Workspace) -> UInt64

    /// Writes the answer from the workspace.
    func write(
        _ workspace: Workspace, _ model: ServedModel, into response: inout Response
    ) throws(PredictError)

    /// Answers with an error in the dialect's own form.
    func fail(_ error: PredictError, _ response: inout Response)
}

/// The two parts of a request's body, in bytes.
struct BodySize {
    var text: Int
    var binary = 0
}

extension PredictionForm {
    func check(_ model: ServedModel) throws(PredictError) {}

    mutating func begin(_ request: borrowing Request, _ model: ServedModel) throws(PredictError) -> BodySize {
        BodySize(text: request.body.count)
    }

    func demand(_ body: Span<UInt8>, _ model: ServedModel, _ size: BodySize, cost: UInt64) -> WorkDemand {
        model.demand(
            cost: cost, rows: model.estimatedRows(jsonSize: size.text, binarySize: size.binary))
    }

    var timeout: UInt64 { 0 }

    func extraCost(_ model: ServedModel, _ workspace: Workspace) -> UInt64 { 0 }

    func fail(_ error: PredictError, _ response: inout Response) { response.fail(error) }
}
