// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dispatch
internal import Glibc
internal import Inference
internal import Registry
internal import Serving
internal import Synchronization
internal import Telemetry

/// Threads of low priority that do the jobs of a store: range by range, one job after the other in turn.
///
/// State: shared between the threads (`Mutex`); everything that matters is in the store's files.
final class JobRunner: Sendable {
    private struct State {
        var isStopping = false
        /// Which job comes next.
        var turn = 0
        var plans: [String: BatchPlan] = [:]
        /// Jobs that wait for something to pass, with the reason and when to try again.
        var waits: [String: (reason: String, until: MonotonicInstant)] = [:]
        /// Records answered in ranges that are not done yet, by job and range.
        var progress: [String: [Int: Int]] = [:]
        /// Since when this daemon works on a job, and how many records it has answered.
        var rates: [String: (since: MonotonicInstant, records: Int)] = [:]
    }

    let store: JobStore
    private let engine: ONNXEngine
    private let logger: Logger
    let retentionSeconds: Int
    private let threadCount: Int
    private let processorPercent: Int
    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)
    private let threads = Mutex<[PosixThread]>([])

    private static let niceness: CInt = 19
    private static let lookMilliseconds = 500
    private static let retryNanoseconds: UInt64 = 3_000_000_000

    /// - Parameter processorPercent: of a processor, what each thread takes at most.
    init(
        _ store: JobStore, engine: ONNXEngine, threads: Int, processorPercent: Int, retentionSeconds: Int,
        logger: Logger
    ) {
        self.processorPercent = processorPercent
        self.store = store
        self.engine = engine
        self.logger = logger
        self.retentionSeconds = retentionSeconds
        threadCount = threads
    }

    func start() throws(SystemError) {
        for index in 0..<threadCount {
            let thread = try PosixThread { [self] in run(isFirst: index == 0) }
            threads.withLock { $0.append(thread) }
        }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        for _ in 0..<threadCount { bell.signal() }
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    /// There is something new to do.
    func wake() { bell.signal() }

    /// What this daemon knows of a job besides its files.
    func addProgress(to object: inout JSONObject, of status: JobStatus) {
        let id = status.description.id
        let (wait, running, rate) = state.withLock { state in
            (state.waits[id]?.reason, state.progress[id]?.values.reduce(0, +) ?? 0, state.rates[id])
        }
        if let wait { object["waits"] = .string(wait) }
        object["records_running"] = .integer(Int64(running))
        guard let rate else { return }
        let seconds = Double(MonotonicInstant.now.nanoseconds(since: rate.since)) / 1e9
        let perSecond = Double(rate.records + running) / max(seconds, 0.001)
        object["records_per_second"] = .integer(Int64(perSecond))
        guard status.counts.records > 0, status.bytesDone > 0, perSecond > 0 else { return }
        let recordsLeft =
            Double(status.bytes - status.bytesDone) * Double(status.counts.records) / Double(status.bytesDone)
        object["seconds_left"] = .integer(Int64(max(0, recordsLeft - Double(running)) / perSecond))
    }

    private func run(isFirst: Bool) {
        PosixThread.yieldToOthers(niceness: Self.niceness, isBackground: true)
        if isFirst { removeLeftovers() }
        while true {
            if state.withLock({ $0.isStopping }) { return }
            if !step() { _ = bell.wait(timeout: .now() + .milliseconds(Self.lookMilliseconds)) }
            if isFirst { removeOld() }
        }
    }

    // MARK: Steps

    /// Does one range, or joins one job; false when there is nothing to do.
    private func step() -> Bool {
        guard let identifiers = try? store.identifiers(), !identifiers.isEmpty else { return false }
        let turn = state.withLock { state in
            state.turn += 1
            return state.turn
        }
        for index in identifiers.indices {
            let id = identifiers[(turn + index) % identifiers.count]
            guard let directory = store.directory(id), isToDo(id, directory) else { continue }
            do throws(JobFailure) {
                if try work(id, directory) { return true }
            } catch {
                note(error, id, directory)
            }
        }
        return false
    }

    private func isToDo(_ id: String, _ directory: JobDirectory) -> Bool {
        for mark in [directory.result, directory.cancelMark, directory.failureMark, directory.pauseMark]
        where JobDirectory.exists(mark) {
            if mark != directory.pauseMark { forget(id) }
            return false
        }
        return state.withLock { state in
            guard let wait = state.waits[id] else { return true }
            return wait.until < .now
        }
    }

    private func work(_ id: String, _ directory: JobDirectory) throws(JobFailure) -> Bool {
        guard let description = directory.readDescription() else {
            throw .permanent("job.json cannot be read")
        }
        guard JobInput.isUnchanged(description) else {
            throw .permanent("the input is not the file any more that the job was accepted for")
        }
        let names: Set<String>
        do {
            names = Set(try Directory.names(in: directory.parts).compactMap { $0 })
        } catch {
            throw .temporary(error)
        }
        let work = JobWork(directory, description)
        if description.ranges == nil { return try findRanges(id, work) }
        var isWaitingForOthers = false
        for range in work.ranges.indices
        where !names.contains(String(directory.part(range).split(separator: "/").last ?? "")) {
            guard var lease = try Self.lease(directory.lease(range)) else {
                isWaitingForOthers = true
                continue
            }
            // Done by another in the meantime.
            if JobDirectory.exists(directory.part(range)) { continue }
            try answer(range, id, work, &lease)
            return true
        }
        if isWaitingForOthers { return false }
        guard var lease = try Self.lease(directory.lease(work.ranges.count)) else { return false }
        if JobDirectory.exists(directory.result) { return false }
        try work.join(try plan(id, work), &lease)
        removeParts(directory)
        forget(id)
        logger.notice("batch job is completed", ["job": LogValue(id)])
        return true
    }

    private static func lease(_ path: String) throws(JobFailure) -> JobLease? {
        do { return try JobLease.take(path) } catch { throw .temporary(error) }
    }

    private func answer(
        _ range: Int, _ id: String, _ work: JobWork, _ lease: inout JobLease
    ) throws(JobFailure) {
        let plan = try plan(id, work)
        state.withLock { state in
            if state.rates[id] == nil { state.rates[id] = (.now, 0) }
        }
        var looked = MonotonicInstant.now
        var pace = JobPace(percent: processorPercent)
        var records = 0
        let isDone = try work.answer(range, plan, &lease) { counts in
            records = counts.records
            state.withLock { $0.progress[id, default: [:]][range] = records }
            return rest(&pace, work.directory, &looked)
        }
        state.withLock { state in
            state.progress[id]?[range] = nil
            if isDone { state.rates[id]?.records += records }
            state.waits[id] = nil
        }
    }

    /// False when another is at it, or it was interrupted.
    private func findRanges(_ id: String, _ work: JobWork) throws(JobFailure) -> Bool {
        guard var lease = try Self.lease(work.directory.rangesLease) else { return false }
        var looked = MonotonicInstant.now
        var pace = JobPace(percent: processorPercent)
        let isDone = try work.findRanges(try plan(id, work), &lease) {
            rest(&pace, work.directory, &looked)
        }
        state.withLock { $0.waits[id] = nil }
        return isDone
    }

    /// Rests for as long as the thread's pace wants; says whether the work on a job has to stop.
    private func rest(
        _ pace: inout JobPace, _ directory: JobDirectory, _ looked: inout MonotonicInstant
    ) -> JobWork.Interruption {
        var left = pace.rest()
        while left > 0 {
            let slice = min(left, 100_000_000)
            var time = timespec(tv_sec: 0, tv_nsec: Int(slice))
            // Safe because nanosleep only reads the struct that it is given.
            _ = unsafe nanosleep(&time, nil)
            left -= slice
            if left > 0, case .stop = interruption(directory, &looked) { return .stop }
        }
        return interruption(directory, &looked)
    }

    /// Whether the work on a job has to stop; looked up ten times a second at most.
    private func interruption(
        _ directory: JobDirectory, _ looked: inout MonotonicInstant
    ) -> JobWork.Interruption {
        let now = MonotonicInstant.now
        guard now.nanoseconds(since: looked) > 100_000_000 else { return .none }
        looked = now
        let mustStop =
            state.withLock { $0.isStopping } || JobDirectory.exists(directory.pauseMark)
            || JobDirectory.exists(directory.cancelMark) || !JobDirectory.exists(directory.description)
        return mustStop ? .stop : .none
    }

    private func plan(_ id: String, _ work: JobWork) throws(JobFailure) -> BatchPlan {
        if let plan = state.withLock({ $0.plans[id] }) { return plan }
        let description = work.description
        let plan: BatchPlan
        do {
            let model = try PinnedModel.load(
                work.directory.model, digest: description.digest, engine: engine)
            plan = try BatchPlan(BatchModel(model), description.options, names: description.names)
        } catch {
            throw .permanent("\(error)")
        }
        state.withLock { $0.plans[id] = plan }
        return plan
    }

    private func note(_ failure: JobFailure, _ id: String, _ directory: JobDirectory) {
        switch failure {
        case .temporary(let error):
            let isNew = state.withLock { state in
                defer {
                    let until = MonotonicInstant(
                        nanoseconds: MonotonicInstant.now.nanoseconds + Self.retryNanoseconds)
                    state.waits[id] = (error.description, until)
                    state.progress[id] = nil
                }
                return state.waits[id]?.reason != error.description
            }
            if isNew {
                logger.warning(
                    "batch job waits", ["job": LogValue(id), "reason": LogValue(error.description)])
            }
        case .permanent(let reason):
            let text = Array(reason.utf8)
            try? AtomicFile.write(text.span, to: directory.failureMark)
            forget(id)
            logger.error("batch job failed", ["job": LogValue(id), "reason": LogValue(reason)])
        }
    }

    private func forget(_ id: String) {
        state.withLock { state in
            state.plans[id] = nil
            state.waits[id] = nil
            state.progress[id] = nil
            state.rates[id] = nil
        }
    }
}
