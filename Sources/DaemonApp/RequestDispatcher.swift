// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dialects
internal import HTTP
internal import Serving
internal import Telemetry

/// The routing table of the daemon: the dialects' routes and its own.
enum DaemonRoutes {
    enum Destination: Sendable {
        case dialect(Endpoint)
        case metrics
    }

    /// By route number.
    static let destinations: [Destination] = Route.all.map { .dialect($0.endpoint) } + [.metrics]

    static let router: Router = {
        var router = Router()
        for route in Route.all { router.add(route.method, route.pattern) }
        router.add(.get, "/metrics")
        return router
    }()
}

/// Leads each request of one event loop to the dialect that answers it.
///
/// State: owned by its loop.
final class RequestDispatcher: RequestHandler {
    private let metrics: MetricRegistry
    private let openInference: OpenInferenceDialect
    private let instances: InstancesDialect
    private let inFlight: Gauge
    private var captures: [String] = []

    init(service: PredictService, metrics: MetricRegistry, rowLimit: Int) {
        self.metrics = metrics
        inFlight = metrics.gauge(.httpRequestsInFlight)
        let workspace = Workspace(rowLimit: rowLimit)
        openInference = OpenInferenceDialect(
            service: service, serverVersion: Daemon.version, workspace: workspace)
        instances = InstancesDialect(service: service, workspace: workspace)
    }

    func handle(_ request: borrowing Request, _ response: inout Response) {
        inFlight.add(1)
        defer { inFlight.add(-1) }
        guard let route = DaemonRoutes.router.resolve(request, &captures, &response) else { return }
        let path = PathParameters(model: captures.first ?? "", version: captures.dropFirst().first)
        switch DaemonRoutes.destinations[route] {
        case .dialect(.openInference(let endpoint)):
            openInference.answer(endpoint, path, request, &response)
        case .dialect(.instances(let endpoint)):
            instances.answer(endpoint, path, request, &response)
        case .metrics:
            writeMetrics(request, &response)
        }
    }

    private func writeMetrics(_ request: borrowing Request, _ response: inout Response) {
        let format = ExpositionFormat(accept: request.header("Accept"))
        response.contentType =
            switch format {
            case .prometheusText: ContentType("text/plain; version=0.0.4; charset=utf-8")
            case .openMetrics: ContentType("application/openmetrics-text; version=1.0.0; charset=utf-8")
            }
        metrics.write(format, into: &response.body)
    }
}
