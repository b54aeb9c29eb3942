// SPDX-License-Identifier: Apache-2.0
package import Base
import Synchronization

/// How long one prediction request waited and what it spent where; nanoseconds.
package struct RequestTimes: Sendable {
    /// In the queue for a worker; 0 when it was answered on its event loop.
    package var queue: UInt64 = 0
    /// Parsing.
    package var input: UInt64 = 0
    /// The model.
    package var compute: UInt64 = 0
    /// Writing the answer.
    package var output: UInt64 = 0

    package init() {}

    package var total: UInt64 { queue + input + compute + output }
}

/// The sums of one model version since its first request: what the statistics extension of the Open Inference
/// Protocol asks for.
///
/// State: atomics; any thread may count.
package final class ModelStatistics: Sendable {
    private enum Field: Int, CaseIterable {
        case successes, successNanoseconds, failures, failureNanoseconds
        case queue, input, compute, output, rows, executions, last
    }

    /// The sums at one moment.
    package struct Snapshot: Sendable {
        package var successes: UInt64 = 0
        package var successNanoseconds: UInt64 = 0
        package var failures: UInt64 = 0
        package var failureNanoseconds: UInt64 = 0
        package var queueNanoseconds: UInt64 = 0
        package var inputNanoseconds: UInt64 = 0
        package var computeNanoseconds: UInt64 = 0
        package var outputNanoseconds: UInt64 = 0
        package var rows: UInt64 = 0
        /// Runs of the model; fewer than the requests where some were joined.
        package var executions: UInt64 = 0
        /// When the last request was answered; nil before the first.
        package var last: MonotonicInstant?
    }

    private let fields: InlineArray<11, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }

    package init() {}

    private func add(_ count: UInt64, to field: Field) {
        fields[field.rawValue].wrappingAdd(count, ordering: .relaxed)
    }

    /// - Parameter executions: runs of the model that the request was the first of: 0 or 1.
    package func record(
        rows: Int, isError: Bool, _ times: RequestTimes, executions: Int, at now: MonotonicInstant
    ) {
        if times.queue > 0 { add(times.queue, to: .queue) }
        guard !isError else {
            add(1, to: .failures)
            add(times.total, to: .failureNanoseconds)
            return
        }
        add(1, to: .successes)
        add(times.total, to: .successNanoseconds)
        add(times.input, to: .input)
        add(times.compute, to: .compute)
        add(times.output, to: .output)
        add(UInt64(rows), to: .rows)
        if executions > 0 { add(UInt64(executions), to: .executions) }
        fields[Field.last.rawValue].store(now.nanoseconds, ordering: .relaxed)
    }

    package var snapshot: Snapshot {
        func value(_ field: Field) -> UInt64 { fields[field.rawValue].load(ordering: .relaxed) }
        var snapshot = Snapshot()
        snapshot.successes = value(.successes)
        snapshot.successNanoseconds = value(.successNanoseconds)
        snapshot.failures = value(.failures)
        snapshot.failureNanoseconds = value(.failureNanoseconds)
        snapshot.queueNanoseconds = value(.queue)
        snapshot.inputNanoseconds = value(.input)
        snapshot.computeNanoseconds = value(.compute)
        snapshot.outputNanoseconds = value(.output)
        snapshot.rows = value(.rows)
        snapshot.executions = value(.executions)
        let last = value(.last)
        snapshot.last = last == 0 ? nil : MonotonicInstant(nanoseconds: last)
        return snapshot
    }
}
