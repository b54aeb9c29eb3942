// SPDX-License-Identifier: Apache-2.0
package import Base

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
        /// What it may be computed together with; nil: alone.
        package var company: BatchGroup? { joins ? group : nil }
        let group: BatchGroup?
        let joins: Bool
        let rows: Int
        let rules: JoiningRules
        /// The smallest goes first.
        let rank: Int
        let isHeavy: Bool

        init(
            _ ticket: Int, _ demand: WorkDemand, _ joining: JoiningRules, arrival: MonotonicInstant,
            isHeavy: Bool
        ) {
            self.ticket = ticket
            cost = max(demand.cost, 1)
            self.arrival = arrival
            group = demand.group
            rules = joining.applying(demand.batching)
            joins = demand.joins && demand.group != nil && rules.rows > 1
            rows = max(demand.rows, 1)
            rank = demand.priority > 0 ? demand.priority : .max
            self.isHeavy = isHeavy
        }
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
    /// Likewise for requests that are computed together, whose answers all come at its end.
    package static var companyCost: UInt64 { 2_000_000 }
    package static var companyCount: Int { 64 }
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

    /// Somebody has come who waits for company: until then nobody is looked for.
    private var hasDelays = false
    /// Requests of each version that workers have now.
    private var running: [BatchGroup: Int] = [:]

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

    /// Whether a request may wait: nil when it may, else why it may not.
    package mutating func admits(_ demand: WorkDemand, now: MonotonicInstant) -> Refusal? {
        noteTime(now)
        guard count < limits.requests else { return .full }
        let patience =
            demand.policy ?? limits.policy == .wait
            ? .max : max(waitAllowed, Self.ownCostsAllowed * scaled(demand.cost))
        let allowed = min(demand.timeout ?? .max, patience)
        return expectedWait(isHeavy: demand.cost >= Self.heavyCost) <= allowed ? nil : .wait
    }

    /// Lets a request wait that was admitted.
    package mutating func append(_ ticket: Int, _ demand: WorkDemand, now: MonotonicInstant) {
        noteTime(now)
        let isHeavy = demand.cost >= Self.heavyCost
        let entry = Entry(ticket, demand, limits.joining, arrival: now, isHeavy: isHeavy)
        if entry.joins && entry.rules.delay > 0 { hasDelays = true }
        if isHeavy { heavy.append(entry) } else { light.append(entry) }
    }

    /// What one worker does next; empty when there is nothing for it now. Several light requests together, or
    /// one heavy one; or several of one version that are computed together.
    ///
    /// - Parameter hurries: nobody waits for company any more.
    package mutating func take(now: MonotonicInstant, hurries: Bool = false) -> [Entry] {
        noteTime(now)
        let lightIndex = firstReady(light, now, hurries)
        var taken: [Entry]
        if let index = firstReady(heavy, now, hurries), takesHeavy(heavy.waiting[index], lightIndex, now) {
            taken = Self.takeCompany(of: index, from: &heavy, workers: heavyWorkers)
        } else if let index = lightIndex {
            taken =
                light.waiting[index].joins
                ? Self.takeCompany(of: index, from: &light, workers: workers)
                : takeLight(from: index, now, hurries)
        } else {
            return []
        }
        if limits.modelConcurrency > 0 {
            for entry in taken { if let group = entry.group { running[group, default: 0] += 1 } }
        }
        return taken
    }

    /// When `take` may have something although nothing else happens: somebody will have waited long enough
    /// for company. Nil: never.
    package var companyEnds: MonotonicInstant? {
        guard hasDelays else { return nil }
        let waiting = light.waiting[light.indices] + heavy.waiting[heavy.indices]
        return waiting.filter { $0.joins && $0.rules.delay > 0 }
            .map { $0.arrival.nanoseconds + $0.rules.delay }.min()
            .map(MonotonicInstant.init(nanoseconds:))
    }

    /// Several that are answered one after the other.
    private mutating func takeLight(from index: Int, _ now: MonotonicInstant, _ hurries: Bool) -> [Entry] {
        let share = min((light.count + workers - 1) / workers, Self.batchCount)
        var taken = [light.take(at: index)]
        var cost = taken[0].cost
        while taken.count < share, let next = firstReady(light, now, hurries), !light.waiting[next].joins,
            cost + light.waiting[next].cost <= Self.batchCost
        {
            cost += light.waiting[next].cost
            taken.append(light.take(at: next))
            // How many of a version are running is known only when all are taken.
            if limits.modelConcurrency > 0 { break }
        }
        return taken
    }

    /// The request at `index` and those behind it that may be computed with it: a worker's share of them.
    ///
    /// A number of rows that its model prefers is taken whole, however many workers there are.
    private static func takeCompany(of index: Int, from lane: inout Lane, workers: Int) -> [Entry] {
        let first = lane.waiting[index]
        guard let company = first.company else { return [lane.take(at: index)] }
        let fellows = lane.indices.filter { $0 > index && lane.waiting[$0].company == company }
        let rowsMax = first.rules.rowsMax(of: fellows.reduce(first.rows) { $0 + lane.waiting[$1].rows })
        let isPreferred = !first.rules.preferredRows.isEmpty
        let share = min(isPreferred ? fellows.count : fellows.count / workers, companyCount - 1)
        var chosen = [index]
        var rows = first.rows
        var cost = first.cost
        for fellow in fellows.prefix(share) {
            let entry = lane.waiting[fellow]
            guard rows + entry.rows <= rowsMax, cost + entry.cost <= companyCost else { break }
            rows += entry.rows
            cost += entry.cost
            chosen.append(fellow)
        }
        // From the back, so that the places before stay.
        return chosen.reversed().map { lane.take(at: $0) }.reversed()
    }

    /// The first that may be taken now: not too many of its version are running, and it does not wait for
    /// company.
    private func firstReady(_ lane: Lane, _ now: MonotonicInstant, _ hurries: Bool) -> Int? {
        guard limits.modelConcurrency > 0 || hasDelays else { return lane.indices.first }
        return lane.indices.first { index in
            let entry = lane.waiting[index]
            if let group = entry.group, limits.modelConcurrency > 0,
                running[group, default: 0] >= limits.modelConcurrency
            {
                return false
            }
            return hurries || !waitsForCompany(entry, lane, now)
        }
    }

    private func waitsForCompany(_ entry: Entry, _ lane: Lane, _ now: MonotonicInstant) -> Bool {
        guard let company = entry.company, now.nanoseconds(since: entry.arrival) < entry.rules.delay
        else { return false }
        var rows = 0
        for index in lane.indices where lane.waiting[index].company == company {
            rows += lane.waiting[index].rows
            if entry.rules.isEnough(rows) { return false }
        }
        return true
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
        if limits.modelConcurrency > 0, let group = entry.group {
            let left = running[group, default: 1] - 1
            running[group] = left > 0 ? left : nil
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

    /// Whether the first heavy request goes before the first light one: it has waited longer for its size,
    /// and a worker is left for the light.
    private func takesHeavy(_ heavyFirst: Entry, _ lightIndex: Int?, _ now: MonotonicInstant) -> Bool {
        guard heavy.runningCount < heavyWorkers else { return false }
        guard let lightIndex else { return true }
        return responseRatio(heavyFirst, now) > responseRatio(light.waiting[lightIndex], now)
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
