// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dialects
internal import HTTP
internal import Net
internal import Serving
internal import Telemetry

/// Leads each request of one event loop to the dialect that answers it.
///
/// State: owned by its loop.
final class RequestDispatcher: BodyReceivingHandler {
    private let scrapes: MetricsDesk
    private let service: PredictService
    private let table: DaemonRoutes
    /// What is answered, by the listener's index.
    private let routes: [RouteGroups]
    private let answerer: DialectAnswerer
    private let workers: WorkerPool?
    private let admin: AdminDesk?
    private let batch: BatchService?
    private let inFlight: Gauge
    private var captures: [String] = []
    private var recent = RecentRoutes()
    /// Requests whose models are loaded, and that are answered next.
    private var returned: [WorkerPool.Job] = []
    private static let returnedPerTurn = 16

    /// - Parameters:
    ///   - routes: what is answered, by the listener's index.
    ///   - costMax: predictions that are expected to take more nanoseconds go to the workers.
    ///   - workers: nil when there are none; then everything is answered here.
    ///   - admin: nil when the registry is not changed over HTTP.
    ///   - batch: nil when there are no batch predictions.
    init(
        service: PredictService, metrics: MetricRegistry, scrapes: MetricsDesk, rowLimit: Int,
        routes: [RouteGroups],
        table: DaemonRoutes = DaemonRoutes(), invocations: InvocationsOptions = InvocationsOptions(),
        costMax: UInt64 = .max, workers: WorkerPool? = nil, admin: AdminDesk? = nil,
        batch: BatchService? = nil
    ) {
        self.scrapes = scrapes
        self.service = service
        self.routes = routes
        self.table = table
        inFlight = metrics.gauge(.httpRequestsInFlight)
        self.workers = workers
        self.admin = admin
        self.batch = batch
        answerer = DialectAnswerer(
            service: service, rowLimit: rowLimit, invocations: invocations,
            costMax: workers == nil ? .max : costMax)
    }

    /// Bodies of versions that are published and of batch requests are taken as they come, all others whole.
    func receive(_ head: borrowing Request, _ response: inout Response) -> BodyReception {
        guard let found = find(head, &response),
            routes[head.origin.listener].contains(table.groups[found.route])
        else { return .gathered(bytesMax: nil) }
        switch table.destinations[found.route] {
        case .admin(let endpoint):
            guard let admin else { return .gathered(bytesMax: nil) }
            return admin.receive(endpoint, found.parameters, head, &response)
        case .batch(let endpoint):
            guard let batch, let isJob = endpoint.takesRecordsForJob else {
                return .gathered(bytesMax: nil)
            }
            let path = found.parameters
            return batch.receive(
                head, model: path.model, version: path.version, route: found.route, isJob: isJob, &response)
        case .dialect, .metrics, .live, .ready: return .gathered(bytesMax: nil)
        }
    }

    /// Finds where the request's path leads, or answers that it leads nowhere.
    private func find(
        _ request: borrowing Request, _ response: inout Response
    ) -> RecentRoutes.Entry? {
        if let known = recent.find(number: request.note) ?? recent.find(request.method, request.path) {
            response.route = known.route
            request.note = known.number
            return known
        }
        guard let route = table.router.resolve(request, &captures, &response) else { return nil }
        let found = recent.keep(request.method, request.path, route, parameters(of: route))
        request.note = found.number
        return found
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
        var isScrape = false
        // A scrape is one of those in flight that it shows.
        defer { if !isScrape { inFlight.add(-1) } }
        guard let found = find(request, &response) else { return }
        let route = found.route
        guard routes[request.origin.listener].contains(table.groups[route]) else {
            return response.fail(.notFound, "this is not answered at this address")
        }
        switch table.destinations[route] {
        case .dialect(let endpoint):
            switch answerer.answer(endpoint, found.parameters, request, &response) {
            case .answered, .joined: break
            case .tooCostly(let demand):
                workers?.submit(endpoint, found.parameters, demand, request, &response)
            case .needsLoading(let model):
                load(model, endpoint, found.parameters, request, route: response.route)
            }
        case .admin(let endpoint):
            guard let admin else { return response.fail(.notFound, "this is not answered here") }
            admin.answer(endpoint, found.parameters, request, &response)
        case .batch(let endpoint): answerBatch(endpoint, found.parameters, request, &response)
        case .metrics:
            isScrape = true
            scrapes.answer(request, &response)
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
        let home = Home(dispatcher: self, loop: job.deferred.loop)
        // To wake up a worker for less than a worker's turn would hold up the loop twice.
        service.whenLoaded(model) { home.later { $0.goOn(job) } }
    }

    private func goOn(_ job: WorkerPool.Job) {
        returned.append(job)
        if returned.count == 1 { answerReturned(on: job.deferred.loop) }
    }

    /// Thousands may have waited for one model: the loop's other connections have their turn in between.
    private func answerReturned(on loop: EventLoop) {
        Home(dispatcher: self, loop: loop).later { dispatcher in
            let few = dispatcher.returned.prefix(Self.returnedPerTurn)
            for job in few { dispatcher.answer(job) }
            dispatcher.returned.removeFirst(few.count)
            if !dispatcher.returned.isEmpty { dispatcher.answerReturned(on: loop) }
        }
    }

    /// Answers a request whose model is loaded, as one whose model was there from the start.
    private func answer(_ job: WorkerPool.Job) {
        var outcome = Outcome.answered
        job.deferred.read { request, response in
            response.route = job.route
            outcome = answerer.answer(job.endpoint, job.path, request, &response)
        }
        if case .tooCostly(let demand) = outcome, let workers { return workers.resume(job, demand) }
        job.deferred.answer { _, _ in }
        job.deferred.deliver()
    }

    /// The way back to a dispatcher from any thread: by a later turn of its loop.
    // Safe because only a task of the dispatcher's own loop touches it.
    private struct Home: @unchecked Sendable {
        let dispatcher: RequestDispatcher
        let loop: EventLoop

        func later(_ action: @escaping @Sendable (RequestDispatcher) -> Void) {
            loop.execute { _ in action(dispatcher) }
        }
    }

    private func answerBatch(
        _ endpoint: BatchEndpoint, _ path: PathParameters, _ request: borrowing Request,
        _ response: inout Response
    ) {
        guard let batch else { return response.fail(.notFound, "there are no batch predictions here") }
        switch endpoint {
        case .records, .create:
            batch.answer(
                request, model: path.model, version: path.version, isJob: endpoint == .create, &response)
        case .job(let endpoint):
            guard let jobs = batch.jobs else {
                return response.fail(.notFound, "there are no jobs here (jobs.directory)")
            }
            jobs.answer(endpoint, path.model, request, &response)
        }
    }

    private func writeHealth(_ isGood: Bool, _ response: inout Response) {
        response.contentType = .text
        if !isGood { response.status = .serviceUnavailable }
        response.body.append(isGood ? "ok\n" : "not ready\n")
    }
}

extension BatchEndpoint {
    /// Whether the records that it takes are for a job; nil when it takes none.
    fileprivate var takesRecordsForJob: Bool? {
        switch self {
        case .records: false
        case .create: true
        case .job: nil
        }
    }
}
