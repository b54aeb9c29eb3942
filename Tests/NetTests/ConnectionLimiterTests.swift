// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Net

@Suite struct ConnectionLimiterTests {
    private func peer(_ family: UInt8, _ bytes: [UInt8], port: UInt16 = 1) -> PeerAddress {
        var padded = [16 of UInt8](repeating: 0)
        for (index, byte) in bytes.enumerated() { padded[index] = byte }
        return PeerAddress(family: family, bytes: padded, port: port)
    }

    @Test func address_isShownInItsUsualForm() {
        #expect(peer(4, [192, 0, 2, 255], port: 80).description == "192.0.2.255:80")
        #expect(peer(6, [0x20, 0x01, 0x0d, 0xb8], port: 443).description == "[2001:db8::]:443")
        #expect(peer(6, [UInt8](repeating: 0, count: 15) + [1]).host == "::1")
        #expect(peer(6, []).host == "::")
        #expect(peer(6, [0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3]).host == "1:0:2::3:0:0")
        #expect(peer(6, [0, 1, 0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7]).host == "1:0:2:3:4:5:6:7")
        #expect(PeerAddress.local.description == "unix")
    }

    @Test func clientIsOneAddress_orOneNetworkOf64Bits() {
        var limits = ConnectionLimiter.Limits()
        limits.perClient = 2
        let limiter = ConnectionLimiter(limits)
        #expect(limiter.admit(peer(4, [10, 0, 0, 1], port: 1)))
        #expect(limiter.admit(peer(4, [10, 0, 0, 1], port: 2)))
        #expect(!limiter.admit(peer(4, [10, 0, 0, 1], port: 3)))
        #expect(limiter.admit(peer(4, [10, 0, 0, 2])))
        #expect(limiter.admit(peer(6, [0x20, 1, 0, 0, 0, 0, 0, 1, 1])))
        #expect(limiter.admit(peer(6, [0x20, 1, 0, 0, 0, 0, 0, 1, 2])))
        #expect(!limiter.admit(peer(6, [0x20, 1, 0, 0, 0, 0, 0, 1, 3])))
        #expect(limiter.admit(peer(6, [0x20, 1, 0, 0, 0, 0, 0, 2, 3])))
        for _ in 0..<5 { #expect(limiter.admit(.local)) }
        limiter.release(peer(4, [10, 0, 0, 1], port: 1))
        #expect(limiter.admit(peer(4, [10, 0, 0, 1], port: 4)))
        #expect(limiter.count == 11)
    }

    @Test func fullIsFull_untilOneGoes() {
        var limits = ConnectionLimiter.Limits()
        limits.total = 1
        let limiter = ConnectionLimiter(limits)
        #expect(!limiter.isFull)
        #expect(limiter.admit(.local))
        #expect(limiter.isFull)
        limiter.limits.total = 2
        #expect(!limiter.isFull)
        limiter.release(.local)
        #expect(limiter.count == 0)
    }
}
