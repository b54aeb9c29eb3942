// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@testable import Net

@Suite struct TimerWheelTests {
    private func at(_ milliseconds: Int) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: 1_000_000_000 + UInt64(milliseconds) * 1_000_000)
    }

    private func expired(_ wheel: inout TimerWheel, at now: MonotonicInstant) -> Set<Int> {
        var found: Set<Int> = []
        while let identifier = wheel.popExpired(now: now) { found.insert(identifier) }
        return found
    }

    @Test func emptyWheel_waitsForEver() {
        var wheel = TimerWheel(now: at(0))
        #expect(wheel.millisecondsToNext(now: at(0)) == -1)
    }

    @Test func deadline_expiresOnceAndNeverEarly() {
        var wheel = TimerWheel(now: at(0))
        wheel.schedule(7, at: at(105))
        #expect(expired(&wheel, at: at(104)) == [])
        #expect(expired(&wheel, at: at(120)) == [7])
        #expect(expired(&wheel, at: at(500)) == [])
        #expect(wheel.count == 0)
    }

    @Test func deadlineMovedEarlier_expiresEarlier() {
        var wheel = TimerWheel(now: at(0))
        wheel.schedule(3, at: at(60_000))
        wheel.schedule(3, at: at(50))
        #expect(expired(&wheel, at: at(60)) == [3])
    }

    @Test func deadlineMovedLater_expiresLater() {
        var wheel = TimerWheel(now: at(0))
        wheel.schedule(3, at: at(50))
        wheel.schedule(3, at: at(900))
        #expect(expired(&wheel, at: at(800)) == [])
        #expect(expired(&wheel, at: at(910)) == [3])
    }

    @Test func deadlineBeyondOneTurn_waitsForItsTurn() {
        var wheel = TimerWheel(now: at(0))
        wheel.schedule(1, at: at(75_000))
        for step in stride(from: 0, to: 75_000, by: 500) { #expect(expired(&wheel, at: at(step)) == []) }
        #expect(expired(&wheel, at: at(75_010)) == [1])
    }

    @Test func cancelledDeadline_doesNotExpire() {
        var wheel = TimerWheel(now: at(0))
        wheel.schedule(1, at: at(50))
        wheel.schedule(2, at: at(50))
        wheel.cancel(1)
        wheel.cancel(99)
        #expect(expired(&wheel, at: at(100)) == [2])
    }

    /// The slow, obvious reference is a dictionary.
    @Test func randomUse_agreesWithTheReference() {
        var state: UInt64 = 42
        func random(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % below
        }
        var wheel = TimerWheel(now: at(0))
        var reference: [Int: MonotonicInstant] = [:]
        var now = 0
        for _ in 0..<20_000 {
            let identifier = random(200)
            switch random(4) {
            case 0, 1:
                let due = at(now + random(30_000))
                wheel.schedule(identifier, at: due)
                reference[identifier] = due
            case 2:
                wheel.cancel(identifier)
                reference[identifier] = nil
            default:
                now += random(100) * 10
                let due = Set(reference.filter { $0.value <= at(now - 10) }.keys)
                let found = expired(&wheel, at: at(now))
                #expect(due.isSubset(of: found), "an expired deadline was missed")
                #expect(found.allSatisfy { reference[$0].map { $0 <= at(now) } ?? false }, "one came early")
                for identifier in found { reference[identifier] = nil }
                let wait = wheel.millisecondsToNext(now: at(now))
                if let next = reference.values.min() {
                    #expect(
                        wait >= 0
                            && at(now + Int(wait))
                                <= at(10 + max(now, Int((next.nanoseconds - 1_000_000_000) / 1_000_000)))
                    )
                } else {
                    #expect(wait == -1)
                }
            }
            #expect(wheel.count == reference.count)
        }
    }
}
