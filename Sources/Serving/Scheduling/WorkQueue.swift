// SPDX-License-Identifier: Apache-2.0
package import Base

/// How long the queue may get.
package struct WorkQueueLimits: Sendable {
    /// Requests that may wait at once.
    package var requests = 1024
    /// A request that would wait longer than this, in nanoseconds, is refused.
    package var wait: UInt64 = 100_000_000
    /// What is left of that when somebody always waits: a burst is let in and worked off, but a standing
    /// queue would only add its length to each answer.
    package var waitOverloaded: UInt64 = 5_000_000

    package init() {}
}

/// Requests that wait for a worker: which may wait, and which goes next. See docs/internals/scheduling.md.
///
/// A value that decides, without clock, lock or thread; requests are known by a number, since a generic queue
/// would not be specialised in another module (10,000 instructions a request). Costs are estimates in
/// nanoseconds; `finish` tells how long the work really took, which corrects the expected waits.
package struct WorkQueue: Sendable {
    /// A request in the queue, or on its way through a worker.
    package struct Entry: Sendable {
        /// What the owner of the queue knows the request by.
        package let ticket: Int
        package let cost: UInt64
        package let arrival: MonotonicInstant
        let isHeavy: Bool
    }

    /// Why a request may not wait.
    package enum Refusal: Sendable, Equatable {
        /// As many wait as may.
        case full
        /// It would wait longer than it may.
        case wait
    }

    /// Costs from which a request is heavy: such requests never take all workers, so that light ones go on.
    package static var heavyCost: UInt64 { 1_000_000 }
    /// Work that one worker takes at once: little enough not to delay the first of its answers.
    package static var batchCost: UInt64 { 200_000 }
    package static var batchCount: Int { 16 }
    /// However long the queue, a request may wait as long as a few of its own kind take.
    private static var ownCostsAllowed: UInt64 { 10 }
    /// A server that is busy nine tenths of the time has nobody waiting for a sixth of it: it keeps its
    /// allowance.
    private static var recovery: UInt64 { 8 }

    private let limits: WorkQueueLimits
    private let workers: Int
    private let heavyWorkers: Int
    private var light = Lane()
    private var heavy = Lane()
    /// How long a request may wait now: falls as time passes in which somebody waits, and rises faster when
    /// nobody does, between the two limits.
    private var waitAllowed: UInt64
    private var lastChange: MonotonicInstant
    /// What work takes for each nanosecond of its estimate.
    private(set) var correction = 1.0

    private struct Lane: Sendable {
        var waiting: [Entry] = []
        var head = 0
        var waitingCost: UInt64 = 0
        var runningCost: UInt64 = 0
        var runningCount = 0

        var count: Int { waiting.count - head }
        var first: Entry? { head < waiting.count ? waiting[head] : nil }

        mutating func append(_ entry: Entry) {
            waiting.append(entry)
            waitingCost += entry.cost
        }

        mutating func takeFirst() -> Entry {
            let entry = waiting[head]
            head += 1
            if head == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 64 && head * 2 > waiting.count {
                waiting.removeFirst(head)
                head = 0
            }
            waitingCost -= entry.cost
            runningCost += entry.cost
            runningCount += 1
            return entry
        }
    }

    package init(limits: WorkQueueLimits, workers: Int, now: MonotonicInstant) {
        precondition(workers > 0, "a queue without workers never empties")
        self.limits = limits
        self.workers = workers
        heavyWorkers = max(1, workers - 1)
        waitAllowed = limits.wait
        lastChange = now
    }

    /// Requests that wait.
    package var count: Int { light.count + heavy.count }

    /// Seconds after which a refused client may try again.
    package var retryAfterSeconds: Int {
        let left = expectedWait(isHeavy: heavy.count > 0)
        return max(1, Int((left + 999_999_999) / 1_000_000_000))
    }

    /// Whether a request of this cost may wait: nil when it may, else why it may not.
    package mutating func admits(cost: UInt64, now: MonotonicInstant) -> Refusal? {
        noteTime(now)
        guard count < limits.requests else { return .full }
        let allowed = max(waitAllowed, Self.ownCostsAllowed * scaled(cost))
        return expectedWait(isHeavy: cost >= Self.heavyCost) <= allowed ? nil : .wait
    }

    /// Lets a request wait that was admitted.
    package mutating func append(_ ticket: Int, cost: UInt64, now: MonotonicInstant) {
        noteTime(now)
        let isHeavy = cost >= Self.heavyCost
        let entry = Entry(ticket: ticket, cost: max(cost, 1), arrival: now, isHeavy: isHeavy)
        if isHeavy { heavy.append(entry) } else { light.append(entry) }
    }

    /// What one worker does next; empty when there is nothing for it. Several light requests together, or one
    /// heavy one.
    package mutating func take(now: MonotonicInstant) -> [Entry] {
        noteTime(now)
        var taken: [Entry] = []
        if takesHeavy(now) {
            taken.append(heavy.takeFirst())
        } else if light.count > 0 {
            let share = min((light.count + workers - 1) / workers, Self.batchCount)
            var cost: UInt64 = 0
            while let next = light.first, taken.count < share,
                taken.isEmpty || cost + next.cost <= Self.batchCost
            {
                cost += next.cost
                taken.append(light.takeFirst())
            }
        }
        return taken
    }

    /// An entry that was taken is answered, `elapsed` nanoseconds after its work began.
    package mutating func finish(_ entry: Entry, elapsed: UInt64) {
        if entry.isHeavy {
            heavy.runningCost -= entry.cost
            heavy.runningCount -= 1
        } else {
            light.runningCost -= entry.cost
            light.runningCount -= 1
        }
        let ratio = min(max(Double(elapsed) / Double(entry.cost), 0.05), 20)
        correction += (ratio - correction) / 32
    }

    /// The time since the last change was spent with as many waiting as are waiting now.
    private mutating func noteTime(_ now: MonotonicInstant) {
        let passed = min(now.nanoseconds(since: lastChange), limits.wait)
        lastChange = now
        if count > 0 {
            waitAllowed = max(limits.waitOverloaded, waitAllowed - min(passed, waitAllowed))
        } else {
            waitAllowed = min(limits.wait, waitAllowed + Self.recovery * passed)
        }
    }

    /// The lane whose first request has waited longest for its size; heavy ones only where a worker is left
    /// for the light.
    private func takesHeavy(_ now: MonotonicInstant) -> Bool {
        guard let heavyFirst = heavy.first, heavy.runningCount < heavyWorkers else { return false }
        guard let lightFirst = light.first else { return true }
        return responseRatio(heavyFirst, now) > responseRatio(lightFirst, now)
    }

    private func responseRatio(_ entry: Entry, _ now: MonotonicInstant) -> Double {
        Double(now.nanoseconds(since: entry.arrival)) / Double(entry.cost)
    }

    /// How long a request that comes now is expected to wait.
    private func expectedWait(isHeavy: Bool) -> UInt64 {
        if isHeavy { return scaled((heavy.waitingCost + heavy.runningCost) / UInt64(heavyWorkers)) }
        let free = max(1, workers - heavy.runningCount)
        return scaled((light.waitingCost + light.runningCost) / UInt64(free))
    }

    private func scaled(_ cost: UInt64) -> UInt64 { UInt64(Double(cost) * correction) }
}
