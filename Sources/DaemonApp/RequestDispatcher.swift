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
    /// What stands behind the model is an alias.
    let namesLabel: [Bool]
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
        namesLabel = routes.map(\.namesLabel) + (0..<admin.count + own.count).map { _ in false }
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
    private let rowLimit: Int
    private let invocations: InvocationsOptions
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
        self.rowLimit = rowLimit
        self.invocations = invocations
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
        let last = names.dropFirst().first
        let isLabel = table.namesLabel[route]
        return PathParameters(
            model: names.first ?? "", version: isLabel ? nil : last, label: isLabel ? last : nil)
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
            switch answerer.answer(endpoint, path, request, &response) {
            case .answered, .joined: break
            case .tooCostly(let demand): workers?.submit(endpoint, path, demand, request, &response)
            case .needsLoading(let model): load(model, endpoint, path, request, route: response.route)
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

    /// Has the request answered when its model is loaded; the loop serves others meanwhile.
    private func load(
        _ model: String, _ endpoint: Endpoint, _ path: PathParameters, _ request: borrowing Request,
        route: Int
    ) {
        var path = path
        path.hasWaited = true
        let job = WorkerPool.Job(
            deferred: request.deferAnswer(), endpoint: endpoint, path: path, route: route)
        service.whenLoaded(model) { [workers, service, rowLimit, invocations] in
            if let workers { return workers.resume(job) }
            let answerer = DialectAnswerer(service: service, rowLimit: rowLimit, invocations: invocations)
            job.deferred.answer { request, response in
                response.route = job.route
                _ = answerer.answer(job.endpoint, job.path, request, &response)
            }
            job.deferred.complete()
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
