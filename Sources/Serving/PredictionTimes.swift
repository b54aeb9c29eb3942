// SPDX-License-Identifier: Apache-2.0
package import Base
internal import Registry
internal import Telemetry

/// How long one request waited and what it spent where; nanoseconds.
package struct PredictionTimes: Sendable {
    /// In the queue for a worker; 0 when it was answered on its event loop.
    package var queue: UInt64 = 0
    /// Parsing.
    package var input: UInt64 = 0
    /// The model.
    package var compute: UInt64 = 0
    /// Writing the answer.
    package var output: UInt64 = 0

    package init() {}
}

/// What has been counted of one version since its first request.
package struct ServedStatistics: Sendable {
    /// A number of events, and the nanoseconds that they took together.
    package struct Sum: Sendable {
        package var count: UInt64
        package var nanoseconds: UInt64

        package init(count: UInt64, nanoseconds: UInt64) {
            self.count = count
            self.nanoseconds = nanoseconds
        }
    }

    package var success: Sum
    package var failure: Sum
    package var queue: Sum
    package var input: Sum
    package var compute: Sum
    package var output: Sum
    package var rows: UInt64
    /// Runs of the model; fewer than the requests where some were joined.
    package var executions: UInt64
    /// Nanoseconds since the last answer; nil before the first.
    package var age: UInt64?
}

extension ServedModel {
    package var statistics: ServedStatistics {
        let sums = loaded.metrics.statistics.snapshot
        return ServedStatistics(
            success: .init(count: sums.successes, nanoseconds: sums.successNanoseconds),
            failure: .init(count: sums.failures, nanoseconds: sums.failureNanoseconds),
            // Every request counts, also one that waited for nobody: Triton's tools tell by this that a
            // version answers at all.
            queue: .init(count: sums.successes, nanoseconds: sums.queueNanoseconds),
            input: .init(count: sums.successes, nanoseconds: sums.inputNanoseconds),
            compute: .init(count: sums.successes, nanoseconds: sums.computeNanoseconds),
            output: .init(count: sums.successes, nanoseconds: sums.outputNanoseconds),
            rows: sums.rows, executions: sums.executions,
            age: sums.last.map { MonotonicInstant.now.nanoseconds(since: $0) })
    }
}

extension PredictService {
    /// Counts a request for predictions that reached `model`: `rows` were answered, or it failed.
    ///
    /// - Parameter executions: runs of the model that the request was the first of: 0 or 1.
    package func record(
        _ model: ServedModel, rows: Int, isError: Bool, _ times: PredictionTimes, executions: Int = 1,
        at now: MonotonicInstant
    ) {
        var spent = RequestTimes()
        spent.queue = times.queue
        spent.input = times.input
        spent.compute = times.compute
        spent.output = times.output
        model.loaded.metrics.record(rows: rows, isError: isError, spent, executions: executions, at: now)
    }
}
