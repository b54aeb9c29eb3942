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
        case live
        case ready

        /// With what it is switched on and off for a listener.
        var group: Configuration.RouteGroup {
            switch self {
            case .metrics: .metrics
            case .live, .ready, .dialect(.openInference(.live)), .dialect(.openInference(.ready)): .health
            case .dialect: .models
            }
        }
    }

    /// By route number.
    static let destinations: [Destination] =
        Route.all.map { .dialect($0.endpoint) } + [.metrics, .live, .ready]
    /// By route number: captures before the model's name.
    static let ignoredCaptures: [Int] =
        Route.all.map(\.ignoredCaptures) + Array(repeating: 0, count: destinations.count - Route.all.count)
    static let groups: [Configuration.RouteGroup] = destinations.map(\.group)

    static let router: Router = {
        var router = Router()
        for route in Route.all { router.add(route.method, route.pattern) }
        router.add(.get, "/metrics")
        router.add(.get, "/livez")
        router.add(.get, "/readyz")
        return router
    }()
}

/// Leads each request of one event loop to the dialect that answers it.
///
/// State: owned by its loop.
final class RequestDispatcher: RequestHandler {
    private let metrics: MetricRegistry
    private let service: PredictService
    /// What is answered, by the listener's index.
    private let routes: [RouteGroups]
    private let answerer: DialectAnswerer
    private let workers: WorkerPool?
    private let inFlight: Gauge
    private var captures: [String] = []

    /// - Parameters:
    ///   - routes: what is answered, by the listener's index.
    ///   - costMax: predictions that are expected to take more nanoseconds go to the workers.
    ///   - workers: nil when there are none; then everything is answered here.
    init(
        service: PredictService, metrics: MetricRegistry, rowLimit: Int, routes: [RouteGroups],
        costMax: UInt64 = .max, workers: WorkerPool? = nil
    ) {
        self.metrics = metrics
        self.service = service
        self.routes = routes
        inFlight = metrics.gauge(.httpRequestsInFlight)
        self.workers = workers
        answerer = DialectAnswerer(
            service: service, rowLimit: rowLimit, costMax: workers == nil ? .max : costMax)
    }

    func handle(_ request: borrowing Request, _ response: inout Response) {
        inFlight.add(1)
        defer { inFlight.add(-1) }
        guard let route = DaemonRoutes.router.resolve(request, &captures, &response) else { return }
        guard routes[request.origin.listener].contains(DaemonRoutes.groups[route]) else {
            return response.fail(.notFound, "this is not answered at this address")
        }
        let names = captures.dropFirst(DaemonRoutes.ignoredCaptures[route])
        let path = PathParameters(model: names.first ?? "", version: names.dropFirst().first)
        switch DaemonRoutes.destinations[route] {
        case .dialect(let endpoint):
            if case .tooCostly(let demand) = answerer.answer(endpoint, path, request, &response) {
                workers?.submit(endpoint, path, demand, request, &response)
            }
        case .metrics: writeMetrics(request, &response)
        // Never asks a model: a pod that is restarted because of one would only lose the others.
        case .live: writeHealth(true, &response)
        case .ready: writeHealth(service.isReady, &response)
        }
    }

    private func writeHealth(_ isGood: Bool, _ response: inout Response) {
        response.contentType = .text
        if !isGood { response.status = .serviceUnavailable }
        response.body.append(isGood ? "ok\n" : "not ready\n")
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
