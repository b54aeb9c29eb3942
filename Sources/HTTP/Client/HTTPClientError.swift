// SPDX-License-Identifier: Apache-2.0
import Net

/// Why an exchange with a server came to nothing.
package enum HTTPClientError: Error, Equatable, CustomStringConvertible {
    /// Connecting failed.
    case connection(NetError)
    /// The connection broke while a request was on its way; the error number, 0 when the server just closed
    /// it.
    case broken(server: String, code: CInt)
    case timedOut(server: String)
    /// The answer is not HTTP as this client understands it.
    case malformedResponse(server: String, reason: String)
    /// The answer is larger than allowed.
    case responseTooLarge(server: String, limit: Int)
    /// A header or target that would break the request.
    case invalidRequest(reason: String)

    package var code: String {
        switch self {
        case .connection: "connection_failed"
        case .broken: "connection_broken"
        case .timedOut: "timed_out"
        case .malformedResponse: "malformed_response"
        case .responseTooLarge: "response_too_large"
        case .invalidRequest: "invalid_request"
        }
    }

    package var description: String {
        switch self {
        case .connection(let error): error.description
        case .broken(let server, let code):
            "the connection to \(server) ended before the answer was complete"
                + (code == 0 ? "" : " (error number \(code))")
        case .timedOut(let server): "no answer from \(server) in time"
        case .malformedResponse(let server, let reason): "the answer of \(server) is not HTTP/1.1: \(reason)"
        case .responseTooLarge(let server, let limit): "the answer of \(server) is larger than \(limit) bytes"
        case .invalidRequest(let reason): reason
        }
    }
}
