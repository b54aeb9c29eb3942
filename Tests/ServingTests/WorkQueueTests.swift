// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@testable import Serving

extension WorkQueue {
    fileprivate mutating func append(_ ticket: Int, cost: UInt64, now: MonotonicInstant) {
        append(ticket, WorkDemand(cost: cost), now: now)
    }

    fileprivate mutating func admits(cost: UInt64, now: MonotonicInstant) -> Refusal? {
        admits(WorkDemand(cost: cost), now: now)
    }
}

@Suite struct WorkQueueTests {
    private typealias Queue = WorkQueue

    private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    private func queue(workers: Int = 2, requests: Int = 1000) -> Queue {
        var limits = WorkQueueLimits()
        limits.requests = requests
        return Queue(limits: limits, workers: workers, now: start)
    }

    private func after(milliseconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: start.nanoseconds + milliseconds * 1_000_000)
    }

    @Test func lightRequests_areTakenInOrderAndShared() {
        var queue = queue()
        for item in 0..<4 { queue.append(item, cost: 30_000, now: start) }
        #expect(queue.count == 4)
        // Two workers: each takes half of what waits.
        #expect(queue.take(now: start).map(\.ticket) == [0, 1])
        #expect(queue.take(now: start).map(\.ticket) == [2])
        #expect(queue.take(now: start).map(\.ticket) == [3])
        #expect(queue.take(now: start).isEmpty)
        #expect(queue.count == 0)
    }

    @Test func aBatch_endsWhereItsWorkWouldDelayTheFirstAnswer() {
        var queue = queue(workers: 1)
        for item in 0..<10 { queue.append(item, cost: 90_000, now: start) }
        #expect(queue.take(now: start).map(\.ticket) == [0, 1])
        var small = self.queue(workers: 1)
        for item in 0..<100 { small.append(item, cost: 1_000, now: start) }
        #expect(small.take(now: start).count == Queue.batchCount)
    }

    @Test func aHeavyRequest_isTakenAlone() {
        var queue = queue(workers: 1)
        queue.append(1, cost: Queue.heavyCost, now: start)
        queue.append(2, cost: Queue.heavyCost, now: start)
        #expect(queue.take(now: start).map(\.ticket) == [1])
    }

    @Test func heavyRequests_leaveAWorkerForLightOnes() {
        var queue = queue(workers: 2)
        for item in 0..<3 { queue.append(item, cost: 50_000_000, now: start) }
        let first = queue.take(now: start)
        #expect(first.map(\.ticket) == [0])
        #expect(queue.take(now: start).isEmpty, "the second worker is kept free")
        queue.append(10, cost: 30_000, now: start)
        #expect(queue.take(now: start).map(\.ticket) == [10])
        for entry in first { queue.finish(entry, elapsed: entry.cost) }
        #expect(queue.take(now: start).map(\.ticket) == [1])
    }

    @Test func heavyRequests_doNotWaitForEverBehindLightOnes() {
        var queue = queue(workers: 1)
        queue.append(1, cost: 2_000_000, now: start)
        queue.append(2, cost: 100_000, now: after(milliseconds: 1))
        // The light one has waited longer for its size.
        #expect(queue.take(now: after(milliseconds: 2)).map(\.ticket) == [2])
        queue.append(3, cost: 100_000, now: after(milliseconds: 100))
        #expect(queue.take(now: after(milliseconds: 100)).map(\.ticket) == [1])
    }

    @Test func asManyAsMayWait_andNoMore() {
        var queue = queue(requests: 3)
        for item in 0..<3 {
            #expect(queue.admits(cost: 30_000, now: start) == nil)
            queue.append(item, cost: 30_000, now: start)
        }
        #expect(queue.admits(cost: 30_000, now: start) == .full)
        _ = queue.take(now: start)
        #expect(queue.admits(cost: 30_000, now: start) == nil)
    }

    /// How many requests of `cost` are let in at `now`, none being taken.
    private func admitted(_ queue: inout Queue, cost: UInt64, now: MonotonicInstant) -> Int {
        var count = 0
        while count < 5000, queue.admits(cost: cost, now: now) == nil {
            queue.append(count, cost: cost, now: now)
            count += 1
        }
        return count
    }

    /// A queue in which somebody has waited for `milliseconds`.
    private func standing(milliseconds: UInt64) -> Queue {
        var queue = queue(workers: 1)
        queue.append(0, cost: 500_000, now: start)
        _ = queue.admits(cost: 500_000, now: after(milliseconds: milliseconds))
        return queue
    }

    @Test func aBurst_mayWaitLong_aStandingQueueMayNot() {
        var burst = queue(workers: 1)
        // 100 ms of 0.5 ms each.
        #expect(admitted(&burst, cost: 500_000, now: start) == 201)
        var half = standing(milliseconds: 50)
        #expect(admitted(&half, cost: 500_000, now: after(milliseconds: 50)) == 100)
        var lasting = standing(milliseconds: 1000)
        #expect(admitted(&lasting, cost: 500_000, now: after(milliseconds: 1000)) == 10)
        #expect(lasting.admits(cost: 500_000, now: after(milliseconds: 1000)) == .wait)
    }

    @Test func byThePolicyWait_onlyRoomAndARequestsOwnTimeoutBoundTheWait() {
        var limits = WorkQueueLimits()
        limits.requests = 1000
        limits.policy = .wait
        var queue = Queue(limits: limits, workers: 1, now: start)
        #expect(admitted(&queue, cost: 500_000, now: start) == 1000)
        #expect(queue.admits(cost: 500_000, now: after(milliseconds: 1000)) == .full)
        _ = queue.take(now: after(milliseconds: 1000))
        #expect(queue.admits(cost: 500_000, now: after(milliseconds: 1000)) == nil)
        var hasty = WorkDemand(cost: 500_000)
        hasty.timeout = 100_000_000
        #expect(queue.admits(hasty, now: after(milliseconds: 1000)) == .wait)
    }

    @Test func timeInWhichNobodyWaits_bringsTheAllowanceBack() {
        var queue = standing(milliseconds: 1000)
        for entry in queue.take(now: after(milliseconds: 1000)) { queue.finish(entry, elapsed: entry.cost) }
        // 5 ms are left, and 5 ms bring 40 more.
        #expect(admitted(&queue, cost: 500_000, now: after(milliseconds: 1005)) == 91)
    }

    @Test func costlyRequests_mayWaitForAFewOfTheirKind() {
        var queue = queue(workers: 2)
        #expect(admitted(&queue, cost: 60_000_000, now: start) == 11)
        // Light ones are not held up by them: one worker is theirs.
        #expect(queue.admits(cost: 30_000, now: start) == nil)
    }

    @Test func estimatesThatAreTooLow_areCorrected() {
        var queue = queue(workers: 1)
        for _ in 0..<400 {
            queue.append(0, cost: 100_000, now: start)
            for entry in queue.take(now: start) { queue.finish(entry, elapsed: 400_000) }
        }
        #expect(abs(queue.correction - 4) < 0.1)
        let count = admitted(&queue, cost: 100_000, now: start)
        #expect((245...260).contains(count), "100 ms of 0.4 ms each, not \(count)")
    }

    @Test func retryAfter_isWhatTheQueueTakes() {
        var queue = queue(workers: 1, requests: 5000)
        #expect(queue.retryAfterSeconds == 1)
        for item in 0..<100 { queue.append(item, cost: 25_000_000, now: start) }
        #expect(queue.retryAfterSeconds == 3)
    }
}
