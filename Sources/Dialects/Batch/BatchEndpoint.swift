// SPDX-License-Identifier: Apache-2.0
internal import HTTP

/// What can be asked about files of records: docs/protocols/batch.md.
package enum BatchEndpoint: Sendable, Equatable {
    /// Records in, answers out.
    case records
    /// Records in, answered in the background.
    case create
    case job(JobEndpoint)

    package enum JobEndpoint: Sendable, Equatable { case list, status, pause, resume, cancel, result, remove }
}

extension BatchEndpoint {
    package static let routes: [Route<BatchEndpoint>] = [
        Route(.post, "/v2/models/{model}/batch", .records),
        Route(.post, "/v2/models/{model}/versions/{version}/batch", .records),
        Route(.post, "/v2/models/{model}/batch/jobs", .create),
        Route(.post, "/v2/models/{model}/versions/{version}/batch/jobs", .create),
        Route(.get, "/v2/batch/jobs", .job(.list)),
        Route(.get, "/v2/batch/jobs/{job}", .job(.status)),
        Route(.delete, "/v2/batch/jobs/{job}", .job(.remove)),
        Route(.get, "/v2/batch/jobs/{job}/result", .job(.result)),
        Route(.post, "/v2/batch/jobs/{job}/pause", .job(.pause)),
        Route(.post, "/v2/batch/jobs/{job}/resume", .job(.resume)),
        Route(.post, "/v2/batch/jobs/{job}/cancel", .job(.cancel)),
    ]
}
