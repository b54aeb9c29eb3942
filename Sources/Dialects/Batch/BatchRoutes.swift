// SPDX-License-Identifier: Apache-2.0
package import HTTP

/// What can be asked about files of records: docs/protocols/batch.md.
package enum BatchEndpoint: Sendable, Equatable {
    /// Records in, answers out.
    case records
    /// Records in, answered in the background.
    case create
    case job(JobEndpoint)

    package enum JobEndpoint: Sendable, Equatable { case list, status, pause, resume, cancel, result, remove }
}

/// A line of the routing table for files of records.
package struct BatchRoute: Sendable {
    package var method: Method
    package var pattern: String
    package var endpoint: BatchEndpoint

    package static let all: [BatchRoute] = [
        BatchRoute(.post, "/v2/models/{model}/batch", .records),
        BatchRoute(.post, "/v2/models/{model}/versions/{version}/batch", .records),
        BatchRoute(.post, "/v2/models/{model}/batch/jobs", .create),
        BatchRoute(.post, "/v2/models/{model}/versions/{version}/batch/jobs", .create),
        BatchRoute(.get, "/v2/batch/jobs", .job(.list)),
        BatchRoute(.get, "/v2/batch/jobs/{job}", .job(.status)),
        BatchRoute(.delete, "/v2/batch/jobs/{job}", .job(.remove)),
        BatchRoute(.get, "/v2/batch/jobs/{job}/result", .job(.result)),
        BatchRoute(.post, "/v2/batch/jobs/{job}/pause", .job(.pause)),
        BatchRoute(.post, "/v2/batch/jobs/{job}/resume", .job(.resume)),
        BatchRoute(.post, "/v2/batch/jobs/{job}/cancel", .job(.cancel)),
    ]

    init(_ method: Method, _ pattern: String, _ endpoint: BatchEndpoint) {
        self.method = method
        self.pattern = pattern
        self.endpoint = endpoint
    }
}
