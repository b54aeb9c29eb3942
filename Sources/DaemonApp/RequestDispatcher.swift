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
    private let answerer: DialectAnswerer
    private let workers: WorkerPool?
    private let inFlight: Gauge
    private var captures: [String] = []

    /// - Parameters:
    ///   - costMax: predictions that are expected to take more nanoseconds go to the workers.
    ///   - workers: nil when there are none; then everything is answered here.
    init(
        service: PredictService, metrics: MetricRegistry, rowLimit: Int, costMax: UInt64 = .max,
        workers: WorkerPool? = nil
    ) {
        self.metrics = metrics
        inFlight = metrics.gauge(.httpRequestsInFlight)
        self.workers = workers
        answerer = DialectAnswerer(
            service: service, rowLimit: rowLimit, costMax: workers == nil ? .max : costMax)
    }

    func handle(_ request: borrowing Request, _ response: inout Response) {
        inFlight.add(1)
        defer { inFlight.add(-1) }
        guard let route = DaemonRoutes.router.resolve(request, &captures, &response) else { return }
        let path = PathParameters(model: captures.first ?? "", version: captures.dropFirst().first)
        switch DaemonRoutes.destinations[route] {
        case .dialect(let endpoint):
            if case .tooCostly(let cost) = answerer.answer(endpoint, path, request, &response) {
                workers?.submit(endpoint, path, cost: cost, request, &response)
            }
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
