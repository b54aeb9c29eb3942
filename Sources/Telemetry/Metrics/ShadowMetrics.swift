// SPDX-License-Identifier: Apache-2.0

/// What is counted of the copies of requests that a version was sent as a shadow.
package struct ShadowMetrics: Sendable {
    package enum Outcome: String, Sendable, CaseIterable {
        /// All its answers were those of the version that answered.
        case same
        case different
        /// Too many copies waited, or the request was too large.
        case dropped
        /// It takes other features, or gives other outputs.
        case incompatible
    }

    private let requests: [Outcome: Counter]
    private let sameRows: Counter
    private let differentRows: Counter

    init(_ registry: MetricRegistry, labels: [String]) {
        requests = Dictionary(
            uniqueKeysWithValues: Outcome.allCases.map {
                ($0, registry.counter(.shadowRequests, labels + [$0.rawValue]))
            })
        sameRows = registry.counter(.shadowRows, labels + [Outcome.same.rawValue])
        differentRows = registry.counter(.shadowRows, labels + [Outcome.different.rawValue])
    }

    /// Counts a copy.
    package func count(_ outcome: Outcome) { requests[outcome]?.add() }

    /// Counts the rows of a copy that was compared.
    package func count(rows: Int, different: Int) {
        sameRows.add(UInt64(rows - different))
        differentRows.add(UInt64(different))
    }
}

extension MetricRegistry {
    /// The counters of a shadow. They stay with the process: shadows are few.
    package func shadow(model: String, version: String) -> ShadowMetrics {
        modelSeries.acquire(["shadow", model, version], count: ShadowMetrics.Outcome.allCases.count + 2) {
            ShadowMetrics(self, labels: $0 == nil ? ["other", "other"] : [model, version])
        }
    }
}
