// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Synchronization

/// Something that an event loop watches by its descriptor. All calls come on the loop's thread.
package protocol Channel: AnyObject {
    /// The descriptor is ready; level-triggered, so what is left undone is reported again.
    func ready(_ readiness: Readiness)
    /// The deadline that was set has passed.
    func deadlineReached()
}

/// One thread that waits for many descriptors and runs what is ready: sockets, deadlines, tasks of other
/// threads.
///
/// State: owned by the loop's own thread from `start` on; only `execute` and `stop` may be called from
/// elsewhere, and they touch nothing but the locked inbox and the poller's bell.
// Safe because everything mutable is owned by the loop's thread, except `inbox`, which has its lock.
package final class EventLoop: @unchecked Sendable {
    package typealias Task = @Sendable (EventLoop) -> Void

    private struct Slot {
        var channel: (any Channel)?
        var generation: UInt32 = 0
        var interest = Interest(reads: true, writes: false)
    }

    private struct Timer {
        var due: MonotonicInstant
        var action: () -> Void
    }

    /// Which loop of the server this is, from 0.
    package let index: Int
    /// The time of this turn; read once after each wait.
    package private(set) var now = MonotonicInstant.now
    /// What runs on this loop; kept alive until the loop ends.
    package var owner: AnyObject?
    /// Called once at the start of each turn, before any channel.
    package var onTurn: (() -> Void)?

    private let inbox = Mutex<[Task]>([])
    /// Written under the inbox's lock; read without it, once in each turn.
    private let hasTasks = Atomic(false)
    private let bell: CInt
    private var poller: Poller
    private var wheel: TimerWheel
    private var patience = Patience()
    private var slots: [Slot] = []
    private var timers: [Timer] = []
    private var isStopping = false
    private var thread: PosixThread?

    package init(index: Int) throws(NetError) {
        self.index = index
        poller = try Poller()
        bell = poller.wakeUpNumber
        wheel = TimerWheel(now: .now)
    }

    // MARK: From any thread

    /// Starts the thread; `setUp` runs first on it. Call once.
    package func start(_ setUp: @escaping Task) throws(NetError) {
        precondition(thread == nil, "a loop starts once")
        do {
            thread = try PosixThread { [self] in
                PosixThread.wakePromptly()
                setUp(self)
                run()
            }
        } catch {
            throw .system(error)
        }
    }

    /// Runs `task` on the loop's thread soon. Tasks that come after the loop has ended are dropped.
    package func execute(_ task: @escaping Task) {
        let wasEmpty = inbox.withLock { tasks in
            tasks.append(task)
            hasTasks.store(true, ordering: .releasing)
            return tasks.count == 1
        }
        if wasEmpty { Poller.wake(bell) }
    }

    /// Waits until the thread has ended.
    package func join() { thread?.join() }

    // MARK: On the loop's thread

    /// Ends the loop after this turn; channels that are still there are dropped, which closes their sockets.
    package func stop() { isStopping = true }

    /// Watches `descriptor` for `channel`, which hears when it can be read. False when the kernel refused.
    package func add(_ descriptor: CInt, _ channel: any Channel) -> Bool {
        add(descriptor, channel, Interest(reads: true, writes: false))
    }

    func add(_ descriptor: CInt, _ channel: any Channel, _ interest: Interest) -> Bool {
        let index = Int(descriptor)
        while slots.count <= index { slots.append(Slot()) }
        slots[index].generation &+= 1
        guard poller.add(descriptor, interest, generation: slots[index].generation) else { return false }
        slots[index].interest = interest
        slots[index].channel = channel
        return true
    }

    /// What the channel of `descriptor` hears of from now on; nothing is asked of the kernel when it is as
    /// before.
    package func watch(_ descriptor: CInt, reads: Bool, writes: Bool) {
        let interest = Interest(reads: reads, writes: writes)
        let slot = Int(descriptor)
        if slots[slot].interest == interest { return }
        slots[slot].interest = interest
        poller.modify(descriptor, interest, generation: slots[slot].generation)
    }

    /// Forgets `descriptor` and its deadline; call before closing it.
    package func remove(_ descriptor: CInt) {
        poller.remove(descriptor)
        wheel.cancel(Int(descriptor))
        slots[Int(descriptor)].channel = nil
    }

    /// Sets or moves the one deadline of `descriptor`. Absolute: progress does not push it out by itself.
    package func setDeadline(_ descriptor: CInt, at time: MonotonicInstant) {
        wheel.schedule(Int(descriptor), at: time)
    }

    package func clearDeadline(_ descriptor: CInt) { wheel.cancel(Int(descriptor)) }

    /// TLS is served in this turn, so that the next event is worth looking for: see `Patience`.
    package func servesTLS() { patience.hasServedTLS = true }

    /// Runs `action` on this loop at `time`. For the few timers of the loop itself, not for connections.
    package func schedule(at time: MonotonicInstant, _ action: @escaping () -> Void) {
        timers.append(Timer(due: time, action: action))
    }

    /// Calls `body` with each channel; channels may be added or removed meanwhile.
    package func forEachChannel(_ body: (any Channel) -> Void) {
        for index in slots.indices {
            if let channel = slots[index].channel { body(channel) }
        }
    }

    private func run() {
        while !isStopping {
            wait()
            onTurn?()
            // First: what another thread asked for before a client sent its bytes is done before they are
            // read.
            if hasTasks.load(ordering: .acquiring) { runInbox() }
            for index in 0..<poller.reportCount {
                let report = poller.report(index)
                if report.descriptor == bell {
                    poller.silence()
                    continue
                }
                // A descriptor that was closed and taken again in this turn has a new generation.
                let slot = slots[Int(report.descriptor)]
                guard slot.generation == report.generation else { continue }
                slot.channel?.ready(report.readiness)
            }
            while let descriptor = wheel.popExpired(now: now) {
                slots[descriptor].channel?.deadlineReached()
            }
            runTimers()
        }
        onTurn = nil
        owner = nil
        timers = []
        slots = []
        inbox.withLock { $0 = [] }
    }

    private func wait() {
        let looks = patience.looks
        guard patience.hasServedTLS else {
            poller.wait(milliseconds: timeout(), looks: looks)
            now = .now
            return
        }
        let start = MonotonicInstant.now
        poller.wait(milliseconds: timeout(), looks: looks)
        now = .now
        patience.waited(nanoseconds: now.nanoseconds(since: start))
    }

    private func timeout() -> CInt {
        // The ring of a task that came during this turn may have been taken off the bell with an earlier
        // one's.
        if hasTasks.load(ordering: .acquiring) { return 0 }
        let wheelWait = wheel.millisecondsToNext(now: now)
        guard let first = timers.map(\.due).min() else { return wheelWait }
        let left = first.nanoseconds > now.nanoseconds ? first.nanoseconds - now.nanoseconds : 0
        let wait = Int32(clamping: left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1))
        return wheelWait < 0 ? wait : min(wait, wheelWait)
    }

    private func runTimers() {
        if timers.isEmpty { return }
        let due = timers.filter { $0.due <= now }
        if due.isEmpty { return }
        timers.removeAll { $0.due <= now }
        for timer in due { timer.action() }
    }

    private func runInbox() {
        let tasks = inbox.withLock { tasks in
            hasTasks.store(false, ordering: .relaxed)
            let taken = tasks
            tasks = []
            return taken
        }
        for task in tasks { task(self) }
    }
}
