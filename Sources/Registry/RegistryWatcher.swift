// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dispatch
internal import Synchronization

/// Has the registry looked at when its directories change, when something must settle, and every few seconds.
///
/// State: the watch and the timer are used on the serial queue only; what starts and stops them stands behind
/// a lock.
final class RegistryWatcher: Sendable {
    /// Looks, and returns the directories to watch (nil: as before) and whether something waits to settle;
    /// nil when there is nothing left to look for.
    typealias Look = @Sendable () -> (directories: [String]?, hasUnsettled: Bool)?

    /// Events come in bursts (create, write, rename); one look serves them all.
    private static let debounce = DispatchTimeInterval.milliseconds(20)
    /// A bit more than the second that files must be at rest.
    private static let settle = DispatchTimeInterval.milliseconds(1050)

    private let queue = DispatchQueue(label: "registry.watch", qos: .utility)
    private let poll: DispatchTimeInterval
    private let running = Mutex<Running?>(nil)

    private struct Running {
        let timer: any DispatchSourceTimer
        let events: (any DispatchSourceRead)?
    }

    init(pollNanoseconds: UInt64) {
        poll = .nanoseconds(Int(clamping: max(pollNanoseconds, 1_000_000)))
    }

    /// May run on the queue itself, so that nothing is waited for.
    deinit { _ = cancel() }

    func start(_ directories: [String], look: @escaping Look) {
        let session = WatchSession(queue: queue, poll: poll, look: look)
        running.withLock { $0 = Running(timer: session.timer, events: session.events) }
        queue.async { session.begin(directories) }
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
        private let poll: DispatchTimeInterval
        private let look: Look
        private var directories: [String] = []
        private var deadline = DispatchTime.distantFuture

        init(queue: DispatchQueue, poll: DispatchTimeInterval, look: @escaping Look) {
            self.poll = poll
            self.look = look
            let watch = DirectoryWatch()
            self.watch = watch
            timer = DispatchSource.makeTimerSource(queue: queue)
            events = watch.map { DispatchSource.makeReadSource(fileDescriptor: $0.descriptor, queue: queue) }
            timer.setEventHandler { self.run() }
            events?.setEventHandler {
                watch?.drain()
                self.schedule(RegistryWatcher.debounce)
            }
            // The handlers hold the session, and with it the descriptor, until they are cancelled.
            timer.setCancelHandler { self.timer.setEventHandler(handler: nil) }
            events?.setCancelHandler { self.events?.setEventHandler(handler: nil) }
        }

        func begin(_ directories: [String]) {
            self.directories = directories
            timer.activate()
            events?.activate()
            // Whatever happened before the directories were watched is found now.
            _ = watch?.watch(directories)
            schedule(RegistryWatcher.debounce)
        }

        private func schedule(_ delay: DispatchTimeInterval) {
            let time = DispatchTime.now() + delay
            guard time < deadline else { return }
            deadline = time
            timer.schedule(deadline: time, leeway: .milliseconds(5))
        }

        private func run() {
            deadline = .distantFuture
            guard let (found, hasUnsettled) = look() else { return }
            if let found { directories = found }
            if watch?.watch(directories) == true { schedule(RegistryWatcher.debounce) }
            if hasUnsettled { schedule(RegistryWatcher.settle) }
            schedule(poll)
        }
    }
}
