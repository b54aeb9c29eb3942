// SPDX-License-Identifier: Apache-2.0
import Base
import Registry
import Testing

@testable import Serving

/// Which requests are computed together, which wait for that, and which go first.
@Suite struct WorkQueueCompanyTests {
    private final class Version {}

    private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)
    private let versions = [Version(), Version()]

    private func queue(workers: Int = 1, _ change: (inout WorkQueueLimits) -> Void = { _ in }) -> WorkQueue {
        var limits = WorkQueueLimits()
        change(&limits)
        return WorkQueue(limits: limits, workers: workers, now: start)
    }

    private func after(microseconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: start.nanoseconds + microseconds * 1_000)
    }

    private func demand(version: Int = 0, rows: Int = 1, joins: Bool = true, priority: Int = 0) -> WorkDemand
    {
        var demand = WorkDemand(cost: 40_000)
        demand.group = BatchGroup(versions[version])
        demand.rows = rows
        demand.joins = joins
        demand.priority = priority
        return demand
    }

    @Test func requestsOfOneVersion_areTakenTogether() {
        var queue = queue()
        for ticket in 0..<6 { queue.append(ticket, demand(version: ticket % 2), now: start) }
        #expect(queue.take(now: start).map(\.ticket) == [0, 2, 4])
        #expect(queue.take(now: start).map(\.ticket) == [1, 3, 5])
        #expect(queue.count == 0)
    }

    @Test func eachWorker_takesItsShare() {
        var queue = queue(workers: 2)
        for ticket in 0..<7 { queue.append(ticket, demand(), now: start) }
        #expect(queue.take(now: start).map(\.ticket) == [0, 1, 2, 3])
        #expect(queue.take(now: start).map(\.ticket) == [4, 5])
    }

    @Test func rowsAndCost_boundACompany() {
        var queue = queue { $0.joining.rows = 8 }
        for ticket in 0..<4 { queue.append(ticket, demand(rows: 3), now: start) }
        #expect(queue.take(now: start).map(\.ticket) == [0, 1])
        var costly = self.queue { $0.joining.rows = 1000 }
        for ticket in 0..<100 { costly.append(ticket, demand(), now: start) }
        #expect(costly.take(now: start).count == Int(WorkQueue.companyCost / 40_000))
    }

    @Test func whoDoesNotJoin_isAloneInItsBlock() {
        var queue = queue()
        queue.append(0, demand(joins: false), now: start)
        queue.append(1, demand(), now: start)
        queue.append(2, demand(joins: false), now: start)
        let first = queue.take(now: start)
        #expect(first.map(\.ticket) == [0] && first.first?.company == nil)
        #expect(queue.take(now: start).map(\.ticket) == [1])
    }

    @Test func withABlockOfOneRow_nobodyJoins() {
        var queue = queue { $0.joining.rows = 1 }
        for ticket in 0..<3 { queue.append(ticket, demand(), now: start) }
        let taken = queue.take(now: start)
        #expect(taken.map(\.ticket) == [0, 1, 2] && taken.allSatisfy { $0.company == nil })
    }

    @Test func aRequest_waitsForCompanyNoLongerThanItMay() {
        var queue = queue {
            $0.joining.rows = 4
            $0.joining.delay = 1_000_000
        }
        queue.append(0, demand(), now: start)
        queue.append(1, demand(), now: after(microseconds: 100))
        #expect(queue.take(now: after(microseconds: 100)).isEmpty)
        #expect(queue.companyEnds == after(microseconds: 1_000))
        #expect(queue.take(now: after(microseconds: 999)).isEmpty)
        #expect(queue.take(now: after(microseconds: 1_000)).map(\.ticket) == [0, 1])
        #expect(queue.companyEnds == nil)
    }

    @Test func aFullBlock_waitsForNobody() {
        var queue = queue {
            $0.joining.rows = 4
            $0.joining.delay = 1_000_000
        }
        for ticket in 0..<4 { queue.append(ticket, demand(), now: start) }
        #expect(queue.take(now: start).map(\.ticket) == [0, 1, 2, 3])
        queue.append(4, demand(), now: start)
        #expect(queue.take(now: start).isEmpty)
        #expect(queue.take(now: start, hurries: true).map(\.ticket) == [4])
    }

    @Test func whoeverWaitsForCompany_holdsUpNobody() {
        var queue = queue { $0.joining.delay = 1_000_000 }
        queue.append(0, demand(), now: start)
        queue.append(1, demand(version: 1, joins: false), now: start)
        #expect(queue.take(now: start).map(\.ticket) == [1])
    }

    @Test func asManyOfAVersion_asMayRunAtOnce() {
        var queue = queue(workers: 4) {
            $0.modelConcurrency = 1
            $0.joining.rows = 1
        }
        for ticket in 0..<2 { queue.append(ticket, demand(), now: start) }
        queue.append(2, demand(version: 1), now: start)
        let first = queue.take(now: start)
        #expect(first.map(\.ticket) == [0])
        let other = queue.take(now: start)
        #expect(other.map(\.ticket) == [2])
        #expect(queue.take(now: start).isEmpty)
        for entry in first { queue.finish(entry, elapsed: entry.cost) }
        #expect(queue.take(now: start).map(\.ticket) == [1])
    }

    @Test func priorities_goFirst_theDefaultLast() {
        var queue = queue { $0.joining.rows = 1 }
        for (ticket, priority) in [0, 2, 1, 0, 1].enumerated() {
            queue.append(ticket, demand(joins: false, priority: priority), now: start)
        }
        var order: [Int] = []
        while queue.count > 0 { order += queue.take(now: start).map(\.ticket) }
        #expect(order == [2, 4, 1, 0, 3])
    }

    private func demand(version: Int = 0, rows: Int = 1, _ change: (inout DynamicBatching) -> Void)
        -> WorkDemand
    {
        var demand = demand(version: version, rows: rows)
        var batching = DynamicBatching()
        change(&batching)
        demand.batching = batching
        return demand
    }

    @Test func aModelsOwnRows_boundItsCompany_notThatOfOthers() {
        var queue = queue()
        for ticket in 0..<4 { queue.append(ticket, demand { $0.maxBatchSize = 2 }, now: start) }
        for ticket in 4..<8 { queue.append(ticket, demand(version: 1), now: start) }
        #expect(queue.take(now: start).map(\.ticket) == [0, 1])
        #expect(queue.take(now: start).map(\.ticket) == [2, 3])
        #expect(queue.take(now: start).map(\.ticket) == [4, 5, 6, 7])
    }

    @Test func aModelThatWaitsForCompany_doesSoAlone() {
        var queue = queue()
        queue.append(0, demand { $0.maxQueueDelay = 1_000_000 }, now: start)
        queue.append(1, demand(version: 1), now: after(microseconds: 10))
        #expect(queue.take(now: after(microseconds: 10)).map(\.ticket) == [1])
        #expect(queue.take(now: after(microseconds: 999)).isEmpty)
        #expect(queue.companyEnds == after(microseconds: 1_000))
        #expect(queue.take(now: after(microseconds: 1_000)).map(\.ticket) == [0])
    }

    @Test func aModel_mayNotWaitThoughOthersDo() {
        var queue = queue { $0.joining.delay = 1_000_000 }
        queue.append(0, demand { $0.maxQueueDelay = 0 }, now: start)
        #expect(queue.take(now: start).map(\.ticket) == [0])
    }

    @Test func whereJoiningIsOff_eachIsAlone() {
        var queue = queue()
        for ticket in 0..<2 { queue.append(ticket, demand { $0.isEnabled = false }, now: start) }
        let first = queue.take(now: start)
        #expect(first.map(\.ticket) == [0, 1] && first.allSatisfy { $0.company == nil })
    }

    @Test func aPreferredNumberOfRows_isTakenWhole_byOneOfSeveralWorkers() {
        var queue = queue(workers: 2)
        func prefers(_ batching: inout DynamicBatching) {
            batching.preferredBatchSizes = [4, 8]
            batching.maxQueueDelay = 1_000_000
        }
        for ticket in 0..<3 { queue.append(ticket, demand(prefers), now: start) }
        #expect(queue.take(now: start).isEmpty)
        for ticket in 3..<7 { queue.append(ticket, demand(prefers), now: start) }
        #expect(queue.take(now: start).map(\.ticket) == [0, 1, 2, 3])
        #expect(queue.take(now: start).isEmpty)
        for ticket in 7..<12 { queue.append(ticket, demand(prefers), now: start) }
        #expect(queue.take(now: start).map(\.ticket) == Array(4..<12))
        queue.append(12, demand(prefers), now: start)
        #expect(queue.take(now: after(microseconds: 1_000)).map(\.ticket) == [12])
    }

    @Test func aModelsQueuePolicy_goesBeforeTheDaemons() {
        var queue = queue()
        var patient = demand()
        patient.cost = 10_000_000
        for _ in 0..<20 { queue.append(0, patient, now: start) }
        var one = patient
        #expect(queue.admits(one, now: start) == .wait)
        one.policy = .wait
        #expect(queue.admits(one, now: start) == nil)
    }

    @Test func whoMayNotWaitSoLong_isRefused() {
        var queue = queue()
        for ticket in 0..<10 { queue.append(ticket, demand(), now: start) }
        var demand = demand()
        demand.timeout = 300_000
        #expect(queue.admits(demand, now: start) == .wait)
        demand.timeout = 500_000
        #expect(queue.admits(demand, now: start) == nil)
    }
}
