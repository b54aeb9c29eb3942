// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving

/// A request that is a CloudEvent in binary mode: its attributes are `ce-` headers, its data is the body. The
/// answer is one, too, as KServe's servers make it.
struct CloudEvent {
    private let identifier: String
    private let model: String

    /// Nil when the request is a plain one.
    ///
    /// - Throws: `missingField` for an event without one of its required attributes.
    init?(_ request: borrowing Request, model: String) throws(PredictError) {
        guard let version = request.header("ce-specversion") else { return nil }
        guard version.count == 3, version[0] == UInt8(ascii: "1") || version[0] == UInt8(ascii: "0") else {
            throw .invalidField("ce-specversion", reason: "1.0 and 0.3 are understood")
        }
        guard let identifier = request.header("ce-id"), !identifier.isEmpty else {
            throw .missingField("ce-id")
        }
        guard let source = request.header("ce-source"), !source.isEmpty else {
            throw .missingField("ce-source")
        }
        guard let type = request.header("ce-type"), !type.isEmpty else { throw .missingField("ce-type") }
        self.identifier = String(copying: identifier)
        self.model = model
    }

    func writeAnswer(_ response: inout Response) {
        response.addHeader("ce-specversion", "1.0")
        response.addHeader("ce-id", identifier)
        response.addHeader("ce-source", "io.kserve.inference.\(model)")
        response.addHeader("ce-type", "io.kserve.inference.response")
    }
}
