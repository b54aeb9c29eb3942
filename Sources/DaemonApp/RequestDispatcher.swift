// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dialects
internal import HTTP
internal import Serving
internal import Telemetry

/// The routing table of the daemon: the dialects' routes, the platform's and its own. Immutable.
struct DaemonRoutes: Sendable {
    enum Destination: Sendable {
        case dialect(Endpoint)
        case admin(AdminEndpoint)
        case metrics
        case live
        case ready

        /// With what it is switched on and off for a listener.
        var group: Configuration.RouteGroup {
            switch self {
            case .metrics: .metrics
            case .admin: .admin
            case .live, .ready, .dialect(.openInference(.live)), .dialect(.openInference(.ready)),
                .dialect(.invocations(.ping)), .dialect(.instances(.alive)):
                .health
            case .dialect: .models
            }
        }
    }

    /// By route number.
    let destinations: [Destination]
    let groups: [Configuration.RouteGroup]
    /// Captures before the model's name.
    let ignoredCaptures: [Int]
    let router: Router

    /// - Parameter platform: routes beside those of the dialects.
    init(platform: [Route] = []) {
        let routes = Route.all + platform
        let own: [(path: String, destination: Destination)] = [
            ("/metrics", .metrics), ("/livez", .live), ("/readyz", .ready),
        ]
        let admin = AdminRoute.all
        destinations =
            routes.map { .dialect($0.endpoint) } + admin.map { .admin($0.endpoint) } + own.map(\.destination)
        groups = destinations.map(\.group)
        ignoredCaptures = routes.map(\.ignoredCaptures) + admin.map { _ in 0 } + own.map { _ in 0 }
        var router = Router()
        for route in routes { router.add(route.method, route.pattern) }
        for route in admin { router.add(route.method, route.pattern) }
        for (path, _) in own { router.add(.get, path) }
        self.router = router
    }
}

/// Leads each request of one event loop to the dialect that answers it.
///
/// State: owned by its loop.
final class RequestDispatcher: BodyReceivingHandler {
    private let metrics: MetricRegistry
    private let service: PredictService
    private let table: DaemonRoutes
    /// What is answered, by the listener's index.
    private let routes: [RouteGroups]
    private let answerer: DialectAnswerer
    private let workers: WorkerPool?
    private let admin: AdminDesk?
    private let inFlight: Gauge
    private var captures: [String] = []

    /// - Parameters:
    ///   - routes: what is answered, by the listener's index.
    ///   - costMax: predictions that are expected to take more nanoseconds go to the workers.
    ///   - workers: nil when there are none; then everything is answered here.
    ///   - admin: nil when the registry is not changed over HTTP.
    init(
        service: PredictService, metrics: MetricRegistry, rowLimit: Int, routes: [RouteGroups],
        table: DaemonRoutes = DaemonRoutes(), invocations: InvocationsOptions = InvocationsOptions(),
        costMax: UInt64 = .max, workers: WorkerPool? = nil, admin: AdminDesk? = nil
    ) {
        self.metrics = metrics
        self.service = service
        self.routes = routes
        self.table = table
        inFlight = metrics.gauge(.httpRequestsInFlight)
        self.workers = workers
        self.admin = admin
        answerer = DialectAnswerer(
            service: service, rowLimit: rowLimit, invocations: invocations,
            costMax: workers == nil ? .max : costMax)
    }

    /// Bodies of versions that are published are taken as they come, all others whole.
    func receive(_ head: borrowing Request, _ response: inout Response) -> BodyReception {
        // Each request with a body comes by here, so the question is a cheap one.
        guard let admin,
            head.path.starts(with: AdminRoute.prefix) || head.path.starts(with: AdminRoute.repositoryPrefix)
        else { return .gathered(bytesMax: nil) }
        guard let route = table.router.resolve(head, &captures, &response),
            case .admin(let endpoint) = table.destinations[route],
            routes[head.origin.listener].contains(table.groups[route])
        else { return .gathered(bytesMax: nil) }
        return admin.receive(endpoint, parameters(of: route), head, &response)
    }

    private func parameters(of route: Int) -> PathParameters {
        let names = captures.dropFirst(table.ignoredCaptures[route])
        return PathParameters(model: names.first ?? "", version: names.dropFirst().first)
    }

    func handle(_ request: borrowing Request, _ response: inout Response) {
        inFlight.add(1)
        defer { inFlight.add(-1) }
        guard let route = table.router.resolve(request, &captures, &response) else { return }
        guard routes[request.origin.listener].contains(table.groups[route]) else {
            return response.fail(.notFound, "this is not answered at this address")
        }
        let path = parameters(of: route)
        switch table.destinations[route] {
        case .dialect(let endpoint):
            if case .tooCostly(let demand) = answerer.answer(endpoint, path, request, &response) {
                workers?.submit(endpoint, path, demand, request, &response)
            }
        case .admin(let endpoint):
            guard let admin else { return response.fail(.notFound, "this is not answered here") }
            admin.answer(endpoint, path, request, &response)
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
