// SPDX-License-Identifier: Apache-2.0
package import Base

/// What is counted of one model version: made at its first request, gone with it.
///
/// When the registry's budget of model series is spent, the requests are counted under `model="other"`. (A
/// model of that name stays apart: its versions are numbers.)
package final class ModelMetrics: Sendable {
    private static let families: [MetricDefinition] = [.modelInferences, .modelRequestDuration, .modelReady]
    private static let outcomes = ["success", "error"]
    /// Time series a version.
    package static let seriesCount =
        families.reduce(0) { $0 + $1.seriesPerLabelSet } + outcomes.count

    private let registry: MetricRegistry
    /// The label values that are ours alone; nil when we count under "other".
    private let ownLabels: [String]?
    private let instruments: Instruments
    /// Ours alone, also when the series are counted under "other".
    package let statistics = ModelStatistics()

    private struct Instruments {
        let successes: Counter
        let errors: Counter
        let inferences: Counter
        let duration: Histogram

        init(_ registry: MetricRegistry, _ labels: [String]) {
            successes = registry.counter(.modelRequests, labels + ["success"])
            errors = registry.counter(.modelRequests, labels + ["error"])
            inferences = registry.counter(.modelInferences, labels)
            duration = registry.histogram(.modelRequestDuration, labels)
        }
    }

    package init(_ registry: MetricRegistry, model: String, version: String) {
        self.registry = registry
        (ownLabels, instruments) = registry.modelSeries.acquire(
            [model, version], count: Self.seriesCount
        ) { labels in
            if let labels { registry.gauge(.modelReady, labels).set(1) }
            return (labels, Instruments(registry, labels ?? ["other", "other"]))
        }
    }

    deinit {
        guard let labels = ownLabels else { return }
        registry.modelSeries.release(labels, count: Self.seriesCount) {
            for definition in Self.families { registry.remove(definition, labels) }
            for outcome in Self.outcomes { registry.remove(.modelRequests, labels + [outcome]) }
        }
    }

    /// Counts one prediction request that ended: `rows` were answered, or none because of an error.
    ///
    /// - Parameter executions: runs of the model that the request was the first of: 0 or 1.
    package func record(
        rows: Int, isError: Bool, _ times: RequestTimes, executions: Int, at now: MonotonicInstant
    ) {
        (isError ? instruments.errors : instruments.successes).add(1)
        if rows > 0 { instruments.inferences.add(UInt64(rows)) }
        instruments.duration.observe(nanoseconds: times.total - times.queue)
        statistics.record(rows: rows, isError: isError, times, executions: executions, at: now)
    }

    /// Counts a request of which only the whole duration is known.
    package func record(rows: Int, isError: Bool, nanoseconds: UInt64) {
        var times = RequestTimes()
        times.compute = nanoseconds
        record(rows: rows, isError: isError, times, executions: isError ? 0 : 1, at: .now)
    }
}

extension MetricRegistry {
    /// Counts a version of `model` that was refused. The series stays with the process: failures are rare,
    /// and what they are divided by goes on.
    package func countLoadFailure(model: String) {
        let key = ["", model]
        modelSeries.acquire(key, count: 1) { labels in
            counter(.modelLoadFailures, [labels == nil ? "other" : model])
        }.add()
    }
}
