// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dispatch
internal import Synchronization

/// Has the registry looked at when its directories change, when something must settle, and every few seconds.
///
/// State: the watch and the timer are used on the serial queue only; what starts and stops them stands behind
/// a lock.
final class RegistryWatcher: Sendable {
    /// What a look led to.
    struct Findings: Sendable {
        /// What is to be watched from now on for each owner that is named; others as before.
        var directories: [String: [String]] = [:]
        /// Owners that are not named are gone.
        var isWhole = false
        /// A look finds what has changed without looking at everything.
        var isSelective = false
        /// Something must be at rest for a while before it counts.
        var hasUnsettled = false

        mutating func add(_ news: RegistryLookout.News, isSelective: Bool) {
            if news.isWhole {
                directories = news.directories
                isWhole = true
            } else {
                directories.merge(news.directories) { _, new in new }
            }
            self.isSelective = isSelective
        }
    }

    /// Nil when there is nothing left to look for.
    typealias Look = @Sendable (LookScope) -> Findings?

    /// Events come in bursts (create, write, rename); one look serves them all.
    private static let debounce = DispatchTimeInterval.milliseconds(5)
    /// A bit more than the second that files must be at rest.
    private static let settleNanoseconds: UInt64 = 1_050_000_000

    /// Looking takes at most this share of the time, whatever is set.
    private static let pollShare: UInt64 = 20
    /// So does looking at everything where changes are told: it finds what nobody should have to look for.
    private static let netShare: UInt64 = 400
    /// Looks at so many models leave behind what is worth giving back.
    private static let manyOwners = 1000

    private let queue = DispatchQueue(label: "registry.watch", qos: .utility)
    private let pollNanoseconds: UInt64
    private let running = Mutex<Running?>(nil)

    private struct Running {
        let timer: any DispatchSourceTimer
        let events: (any DispatchSourceRead)?
    }

    init(pollNanoseconds: UInt64) {
        self.pollNanoseconds = max(pollNanoseconds, 1_000_000)
    }

    /// May run on the queue itself, so that nothing is waited for.
    deinit { _ = cancel() }

    func start(_ findings: Findings, look: @escaping Look) {
        let session = WatchSession(queue: queue, pollNanoseconds: pollNanoseconds, look: look)
        running.withLock { $0 = Running(timer: session.timer, events: session.events) }
        queue.async { session.begin(findings) }
    }

    /// Returns when no look runs and none will. Not to be called from a look.
    func stop() {
        if cancel() { queue.sync {} }
    }

    private func cancel() -> Bool {
        let running = running.withLock { running in
            defer { running = nil }
            return running
        }
        running?.timer.cancel()
        running?.events?.cancel()
        return running != nil
    }

    /// One start's timer and watch.
    // Safe because everything mutable is used on `queue` only, after `init`.
    private final class WatchSession: @unchecked Sendable {
        let timer: any DispatchSourceTimer
        let events: (any DispatchSourceRead)?
        private let watch: DirectoryWatch?
        private let pollNanoseconds: UInt64
        private let look: Look
        /// Owners of directories with changes that were not looked at yet; nil: nobody knows which.
        private var dirty: Set<String>? = []
        private var nextPoll = MonotonicInstant.now
        private var nextWhole = MonotonicInstant.now
        private var deadline = DispatchTime.distantFuture
        /// What the first looks at thousands of models needed for a moment is given back.
        private var isTidy = true

        init(queue: DispatchQueue, pollNanoseconds: UInt64, look: @escaping Look) {
            self.pollNanoseconds = pollNanoseconds
            self.look = look
            let watch = DirectoryWatch()
            self.watch = watch
            timer = DispatchSource.makeTimerSource(queue: queue)
            events = watch.map { DispatchSource.makeReadSource(fileDescriptor: $0.descriptor, queue: queue) }
            timer.setEventHandler { self.run() }
            events?.setEventHandler {
                if let watch { self.note(watch.drain()) }
                self.schedule(RegistryWatcher.debounce)
            }
            // The handlers hold the session, and with it the descriptor, until they are cancelled.
            timer.setCancelHandler { self.timer.setEventHandler(handler: nil) }
            events?.setCancelHandler { self.events?.setEventHandler(handler: nil) }
        }

        func begin(_ findings: Findings) {
            timer.activate()
            events?.activate()
            // Whatever happened before the directories were watched is found now.
            _ = watch?.watch(findings.directories, isWhole: true)
            dirty = nil
            isTidy = findings.directories.count < RegistryWatcher.manyOwners
            schedule(RegistryWatcher.debounce)
        }

        private func note(_ changed: Set<String>?) {
            guard let changed, let known = dirty else { return dirty = nil }
            dirty = known.union(changed)
        }

        private func schedule(_ delay: DispatchTimeInterval) {
            let time = DispatchTime.now() + delay
            guard time < deadline else { return }
            deadline = time
            timer.schedule(deadline: time, leeway: .milliseconds(1))
        }

        private func run() {
            deadline = .distantFuture
            let start = MonotonicInstant.now
            var scope = LookScope(isWhole: watch == nil || dirty == nil || start >= nextWhole)
            scope.isPoll = scope.isWhole || start >= nextPoll
            scope.owners = dirty ?? []
            if scope.isPoll, let watch {
                // The registry's own directory is looked at by every poll.
                scope.owners.formUnion(watch.unwatched.subtracting([LookScope.registry]))
            }
            dirty = []
            guard let findings = look(scope) else { return }
            if let watch {
                let added = watch.watch(findings.directories, isWhole: findings.isWhole)
                if !added.isEmpty {
                    note(added)
                    schedule(RegistryWatcher.debounce)
                }
            }
            if !isTidy {
                HeapMemory.trim()
                isTidy = true
            }
            plan(after: scope, findings, from: start)
            let next = min(nextPoll, nextWhole)
            schedule(
                .nanoseconds(Int(clamping: max(next.nanoseconds(since: MonotonicInstant.now), 1_000_000))))
        }

        /// Decides when nothing but time makes it look again.
        private func plan(after scope: LookScope, _ findings: Findings, from start: MonotonicInstant) {
            let taken = MonotonicInstant.now.nanoseconds(since: start)
            func pause(_ share: UInt64) -> MonotonicInstant {
                MonotonicInstant(nanoseconds: start.nanoseconds &+ max(pollNanoseconds, taken * share))
            }
            let isTold = watch != nil && findings.isSelective
            if scope.isWhole {
                nextWhole = pause(isTold ? RegistryWatcher.netShare : RegistryWatcher.pollShare)
                nextPoll = isTold ? pause(1) : nextWhole
            } else if scope.isPoll {
                nextPoll = pause(RegistryWatcher.pollShare)
            }
            if findings.hasUnsettled {
                // Whether the files are at rest, only another look at them tells.
                nextPoll = min(
                    nextPoll,
                    MonotonicInstant(nanoseconds: start.nanoseconds &+ RegistryWatcher.settleNanoseconds))
            }
        }
    }
}
