// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Net

@Suite struct PatienceTests {
    /// What is looked for after each of these waits, all of which follow a turn with TLS.
    private func looks(afterWaits waits: [UInt64]) -> [Int] {
        var patience = Patience()
        return waits.map { wait in
            patience.hasServedTLS = true
            patience.waited(nanoseconds: wait)
            patience.hasServedTLS = true
            return patience.looks
        }
    }

    @Test func busyLoop_looksLong() {
        #expect(looks(afterWaits: Array(repeating: 1_000, count: 64)).last == Patience.looksMax)
    }

    @Test func newLoop_andOneThatIdles_lookBriefly() {
        #expect(Patience().looks == Patience.looksMin)
        let idle = Array(repeating: UInt64(20_000), count: 64)
        #expect(looks(afterWaits: idle).allSatisfy { $0 == Patience.looksMin })
    }

    @Test func busyLoop_thatWaitsLongOnce_looksBrieflyAtOnce() {
        let waits = Array(repeating: UInt64(0), count: 64) + [60_000_000_000]
        #expect(looks(afterWaits: waits).last == Patience.looksMin)
    }

    @Test func plainTurn_looksBriefly_howeverBusyTheLoop() {
        var patience = Patience()
        for _ in 0..<64 { patience.waited(nanoseconds: 0) }
        #expect(patience.looks == Patience.looksMin)
        patience.hasServedTLS = true
        #expect(patience.looks == Patience.looksMax)
    }
}
