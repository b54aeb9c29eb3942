// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dialects
internal import Dispatch
internal import HTTP
internal import Net
internal import Registry
internal import Serving
internal import Synchronization
internal import Telemetry

/// A few threads that answer the requests that are too costly for an event loop; see
/// docs/internals/scheduling.md.
///
/// State: the queue is shared (`Mutex`); each thread has a dispatcher of its own.
final class WorkerPool: Sendable {
    /// A request on its way to a worker: what the loop has found out about it.
    struct Job: Sendable {
        let deferred: DeferredRequest
        let endpoint: Endpoint
        var path: PathParameters
        let route: Int
    }

    private struct State {
        var queue: WorkQueue
        /// By ticket.
        var jobs: [Job?] = []
        var freeTickets: [Int] = []
        var isStopping = false

        mutating func append(_ job: Job, _ demand: WorkDemand, now: MonotonicInstant) {
            let ticket = freeTickets.popLast() ?? jobs.count
            if ticket == jobs.count { jobs.append(job) } else { jobs[ticket] = job }
            queue.append(ticket, demand, now: now)
        }

        mutating func take(now: MonotonicInstant) -> [TakenJob] {
            queue.take(now: now, hurries: isStopping).compactMap { entry in
                defer { jobs[entry.ticket] = nil }
                freeTickets.append(entry.ticket)
                return jobs[entry.ticket].map { TakenJob(job: $0, entry: entry) }
            }
        }
    }

    private struct TakenJob {
        let job: Job
        let entry: WorkQueue.Entry
    }

    private let state: Mutex<State>
    /// Signalled once for each job, and once for each thread at the end.
    private let bell = DispatchSemaphore(value: 0)
    private let threads = Mutex<[PosixThread]>([])
    private let depth: Gauge
    private let inFlight: Gauge
    private let waits: Histogram
    private let joined: Counter
    private let refusedFull: Counter
    private let refusedWait: Counter
    private let workers: Int
    private let niceness: CInt
    private let invocations: InvocationsStyle

    /// - Parameters:
    ///   - niceness: what the threads add to theirs, 0 to 19; at 19 a loop that wakes up takes the processor
    ///     from a worker at once, at 9 it waited 5 us more each time (Linux 6.18).
    ///   - invocations: whose form refusals of `POST /invocations` have.
    init(
        workers: Int, niceness: Int, limits: WorkQueueLimits, metrics: MetricRegistry,
        invocations: InvocationsStyle = .mlflow
    ) {
        self.workers = workers
        self.invocations = invocations
        self.niceness = CInt(niceness)
        state = Mutex(State(queue: WorkQueue(limits: limits, workers: workers, now: .now)))
        depth = metrics.gauge(.workQueueRequests)
        inFlight = metrics.gauge(.httpRequestsInFlight)
        waits = metrics.histogram(.workQueueWait)
        joined = metrics.counter(.requestsJoined)
        refusedFull = metrics.counter(.requestsRefused, ["queue_full"])
        refusedWait = metrics.counter(.requestsRefused, ["queue_wait"])
    }

    /// Starts the threads; `makeAnswerer` is called once on each.
    func start(makeAnswerer: @escaping @Sendable () -> WorkerAnswerer) throws(SystemError) {
        for _ in 0..<workers {
            let thread = try PosixThread { [self] in run(makeAnswerer()) }
            threads.withLock { $0.append(thread) }
        }
    }

    /// Takes the request over from the loop, or answers at once that there is no room for it.
    ///
    func submit(
        _ endpoint: Endpoint, _ path: PathParameters, _ demand: WorkDemand, _ request: borrowing Request,
        _ response: inout Response
    ) {
        // The bound is looked at before the request leaves the loop: a refusal costs nothing more.
        let now = MonotonicInstant.now
        var refusal: WorkQueue.Refusal?
        var retryAfter = 1
        var depthNow = 0
        state.withLock { state in
            refusal = state.queue.admits(demand, now: now)
            if refusal != nil { retryAfter = state.queue.retryAfterSeconds }
            depthNow = state.queue.count
        }
        if let refusal {
            (refusal == .full ? refusedFull : refusedWait).add()
            let error = PredictError.overloaded(waiting: depthNow, retryAfterSeconds: retryAfter)
            return endpoint.refuse(error, invocations, &response)
        }
        // The place in the model's own queue comes first: the job is made when it is sure that it has one.
        let place = ModelPlace()
        let admission = demand.model?.enter { place.open() } ?? .entered
        if admission == .refused, let model = demand.model {
            return endpoint.refuse(.tooManyRequests(model: model.name), invocations, &response)
        }
        let job = Job(
            deferred: request.deferAnswer(), endpoint: endpoint, path: path, route: response.route)
        enter(job, demand, place, hasPlace: admission == .entered, now: now)
    }

    /// Takes a request that has waited for its model, whatever else waits; only the model's own queue may be
    /// full.
    func resume(_ job: Job, _ demand: WorkDemand) {
        let place = ModelPlace()
        let admission = demand.model?.enter { place.open() } ?? .entered
        if admission == .refused, let model = demand.model {
            job.deferred.answer { _, response in
                response.route = job.route
                job.endpoint.refuse(.tooManyRequests(model: model.name), invocations, &response)
            }
            return job.deferred.complete()
        }
        enter(job, demand, place, hasPlace: admission == .entered, now: .now)
    }

    private func enter(
        _ job: Job, _ demand: WorkDemand, _ place: ModelPlace, hasPlace: Bool, now: MonotonicInstant
    ) {
        var job = job
        job.path.resolved = demand.model
        job.path.isAdmitted = true
        inFlight.add(1)
        if hasPlace { return start(job, demand, now: now) }
        place.onOpen { [self, job] in start(job, demand, now: now) }
    }

    private func start(_ job: Job, _ demand: WorkDemand, now: MonotonicInstant) {
        state.withLock { $0.append(job, demand, now: now) }
        depth.add(1)
        bell.signal()
    }

    /// Ends the threads once the queue is empty, and waits for them.
    func stop() {
        state.withLock { $0.isStopping = true }
        for _ in 0..<workers { bell.signal() }
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    // MARK: On a worker's thread

    private func run(_ answerer: WorkerAnswerer) {
        // Where loops and workers share processors, a loop that wakes up goes first.
        PosixThread.yieldToOthers(niceness: niceness)
        while true {
            bell.wait()
            if !work(answerer) { return }
        }
    }

    /// Works until there is nothing left for this thread: what one heavy request kept waiting has had its
    /// signal already. False when the pool is stopping and the queue is empty.
    private func work(_ answerer: WorkerAnswerer) -> Bool {
        while true {
            let now = MonotonicInstant.now
            let (batch, isStopping, companyEnds) = state.withLock {
                ($0.take(now: now), $0.isStopping, $0.queue.companyEnds)
            }
            if batch.isEmpty {
                guard !isStopping, let companyEnds else { return !isStopping }
                // Somebody waits for company: whoever comes first, that or the end of its patience.
                let left = companyEnds.nanoseconds(since: .now)
                _ = bell.wait(timeout: .now() + .nanoseconds(Int(clamping: left)))
                continue
            }
            depth.add(-Int64(batch.count))
            answer(batch, answerer, taken: now)
        }
    }

    private func answer(
        _ batch: [TakenJob], _ answerer: WorkerAnswerer, taken: MonotonicInstant
    ) {
        var start = taken
        var durations: [UInt64] = []
        for taking in batch {
            waits.observe(nanoseconds: taken.nanoseconds(since: taking.entry.arrival))
        }
        if batch.count > 1, batch[0].entry.company != nil {
            let present = batch.filter { !$0.job.deferred.isAbandoned }
            joined.add(UInt64(present.count))
            answerer.answer(
                present.map(\.job), waited: present.map { taken.nanoseconds(since: $0.entry.arrival) })
            let share = MonotonicInstant.now.nanoseconds(since: start) / UInt64(batch.count)
            durations = Array(repeating: share, count: batch.count)
        } else {
            for taking in batch {
                if !taking.job.deferred.isAbandoned {
                    answerer.answer(taking.job, waited: start.nanoseconds(since: taking.entry.arrival))
                }
                let end = MonotonicInstant.now
                durations.append(end.nanoseconds(since: start))
                start = end
            }
        }
        for taking in batch where taking.job.path.isAdmitted { taking.job.path.resolved?.leave() }
        state.withLock { state in
            for (taking, duration) in zip(batch, durations) {
                state.queue.finish(taking.entry, elapsed: duration)
            }
        }
        inFlight.add(-Int64(batch.count))
        // One wake-up for each loop that has answers coming.
        var rest = batch.map(\.job.deferred)
        while let loop = rest.first?.loop {
            DeferredRequest.complete(rest.filter { $0.loop === loop })
            rest.removeAll { $0.loop === loop }
        }
    }
}
