// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing

@testable import Registry

struct ModelGateTests {
    private static func limits(_ concurrency: Int?, queue: Int) -> ModelPolicy.Limits {
        ModelPolicy.Limits(concurrency: concurrency, queue: queue)
    }

    @Test func placesGoToThoseWhoHaveWaitedLongest() {
        let gate = ModelGate()
        let limits = Self.limits(2, queue: 3)
        let started = Mutex<[Int]>([])
        #expect(gate.enter(limits) && gate.enter(limits) && !gate.enter(limits))
        for number in 0..<3 {
            #expect(gate.enter(limits) { started.withLock { $0.append(number) } } == .waits)
        }
        #expect(gate.enter(limits) {} == .refused)
        #expect(gate.counts.running == 2 && gate.counts.waiting == 3)
        gate.leave(limits)
        gate.leave(limits)
        #expect(started.withLock { $0 } == [0, 1])
        // Nobody overtakes the one who waits.
        #expect(!gate.enter(limits))
        gate.leave(limits)
        #expect(started.withLock { $0 } == [0, 1, 2] && gate.counts.running == 2)
        gate.leave(limits)
        gate.leave(limits)
        #expect(gate.counts.running == 0 && gate.enter(limits))
    }

    @Test func withoutALimit_everybodyEnters() {
        let gate = ModelGate()
        let limits = Self.limits(nil, queue: 0)
        for _ in 0..<100 { #expect(gate.enter(limits)) }
        gate.leave(limits)
        #expect(gate.counts.running == 0)
    }

    @Test func manyWhoWait_areAllServed() {
        let gate = ModelGate()
        let limits = Self.limits(1, queue: 10_000)
        let served = Atomic<Int>(0)
        #expect(gate.enter(limits))
        for _ in 0..<10_000 {
            #expect(
                gate.enter(limits) { served.wrappingAdd(1, ordering: .relaxed) } == .waits)
        }
        for _ in 0..<10_000 { gate.leave(limits) }
        #expect(served.load(ordering: .relaxed) == 10_000 && gate.counts.waiting == 0)
    }
}
