// SPDX-License-Identifier: Apache-2.0

extension MetricDefinition {
    /// `docs/reference/metrics.md`, made from the list of metrics; a test compares the two.
    package static var referencePage: String {
        var page = """
            # Metrics

            `GET /metrics` answers in the Prometheus text format 0.0.4, or in OpenMetrics 1.0 when the
            `Accept` header prefers it. This page is generated from
            `Sources/Telemetry/Metrics/MetricNames.swift`.

            Counting never takes a lock; a scrape reads each number once, so numbers of one scrape may be a
            few requests apart, but a histogram's `_count` is always its `+Inf` bucket. A scrape is written by a
            thread of its own, one after the other, so that no prediction waits for it.

            The series of a model version exist from its first request until it is unloaded. There are at most
            `metrics.model_series_limit` (2,000) of them, counted as the scraper sees them: \
            \(ModelMetrics.seriesCount) a version.
            Requests to versions beyond that are counted together under `model="other"`, `version="other"`. No
            label holds anything that a client can choose freely: `route` is a route's template or `other`,
            `method` one of a fixed list.

            | metric | type | labels | meaning |
            |---|---|---|---|

            """
        for definition in all {
            let type = definition.kind == .info ? "info (gauge)" : definition.kind.rawValue
            let labels = definition.labels.map { "`\($0)`" }.joined(separator: ", ")
            page += "| `\(definition.name)` | \(type) | \(labels) | \(definition.help) |\n"
        }
        page += """

            ## Labels

            - `outcome`: `success`, or `error` for requests that got an answer with a status of 400 or more.
            - `state`: `found`, `verifying`, `loading`, `warming`, `ready`, `draining`, `unloaded`, `refused`.
            - `reason`: `queue_full` when as many predictions waited as may, \
              `queue_wait` when they would have waited too long.

            ## Buckets

            Upper bounds in seconds; the last bucket is always `+Inf`.


            """
        for definition in all where definition.kind == .histogram {
            let bounds = definition.buckets.map { "\($0)" }.joined(separator: ", ")
            page += "- `\(definition.name)`: \(bounds)\n"
        }
        return page
    }
}
