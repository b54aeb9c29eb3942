// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dispatch
internal import HTTP
internal import Telemetry

/// Writes the metrics for whoever scrapes them, one scrape after the other, off the event loops: thousands of
/// series take tens of milliseconds, for which no prediction shall wait.
///
/// State: immutable; any loop may call it.
final class MetricsDesk: Sendable {
    private let metrics: MetricRegistry
    private let inFlight: Gauge
    private let queue = DispatchQueue(label: "metrics", qos: .utility)

    init(_ metrics: MetricRegistry) {
        self.metrics = metrics
        inFlight = metrics.gauge(.httpRequestsInFlight)
    }

    /// Has the request answered; it counts as in flight already, and until its answer is written.
    func answer(_ request: borrowing Request, _ response: inout Response) {
        let route = response.route
        let job = Job(deferred: request.deferAnswer())
        queue.async { [metrics, inFlight] in
            job.deferred.answer { request, response in
                response.route = route
                let format = ExpositionFormat(accept: request.header("Accept"))
                response.contentType = ContentType(format.contentType)
                metrics.write(format, into: &response.body)
            }
            inFlight.add(-1)
            job.deferred.complete()
        }
    }

    private struct Job: Sendable { let deferred: DeferredRequest }
}
