// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Synchronization
import TestKit
import Testing

@testable import HTTP
@testable import Net

/// How many clients are let in, and what happens to the others.
@Suite(.timeLimit(.minutes(1))) struct ConnectionLimitTests {
    private static let get = "GET /names/a HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let last = "GET /closing HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func fixture(
        total: Int = .max, perClient: Int = .max, addresses: [Address] = []
    ) throws -> ServerFixture {
        var limits = ConnectionLimiter.Limits()
        limits.total = total
        limits.perClient = perClient
        let limiter = ConnectionLimiter(limits)
        return try ServerFixture { configuration in
            configuration.limiter = limiter
            configuration.listeners += addresses.map { ListenerSettings(.address($0)) }
        }
    }

    @Test func connectionsBeyondTheTotal_waitUntilOneEnds() throws {
        let fixture = try Self.fixture(total: 2)
        let first = try fixture.connect()
        first.send(Self.get)
        _ = first.read(until: "\r\n\r\na")
        let second = try fixture.connect()
        second.send(Self.get)
        _ = second.read(until: "\r\n\r\na")
        let third = try fixture.connect()
        third.send(Self.last)
        // The others go on while it waits.
        first.send(Self.get)
        #expect(first.read(until: "\r\n\r\na").hasPrefix("HTTP/1.1 200"))
        #expect(fixture.tally.counts.withLock { $0.opened } == 2)
        second.send(Self.last)
        #expect(second.readToEnd().hasPrefix("HTTP/1.1 200"))
        #expect(third.readToEnd().hasPrefix("HTTP/1.1 200"))
        #expect(fixture.tally.counts.withLock { $0.filled } > 0)
    }

    @Test func clientWithTooManyConnections_losesTheNewest() throws {
        let fixture = try Self.fixture(perClient: 2)
        let kept = try (0..<2).map { _ in
            let client = try fixture.connect()
            client.send(Self.get)
            _ = client.read(until: "\r\n\r\na")
            return client
        }
        let refused = try fixture.connect()
        #expect(refused.readToEnd() == "")
        kept[0].send(Self.last)
        #expect(kept[0].readToEnd().hasPrefix("HTTP/1.1 200"))
        kept[0].shutdownWrites()
        while fixture.tally.counts.withLock({ $0.closed }) == 0 {
            kept[1].send(Self.get)
            _ = kept[1].read(until: "\r\n\r\na")
        }
        #expect(try fixture.exchange(Self.last).hasPrefix("HTTP/1.1 200"))
        #expect(fixture.tally.counts.withLock { $0.refused } == 1)
    }

    @Test func inheritedSocket_outlivesTheServer() throws {
        let owner = try Listener(.ip(host: "127.0.0.1", port: 0))
        let copy = dup(owner.number)
        let fixture = try ServerFixture { $0.listeners = [ListenerSettings(.inherited(copy))] }
        #expect(try fixture.exchange(Self.last).hasPrefix("HTTP/1.1 200"))
        fixture.server.drain(deadline: .seconds(30))
        fixture.server.waitUntilStopped()
        let waiting = try Socket.connect(to: owner.address, timeout: .seconds(20))
        guard case .connection(let socket, _) = owner.accept() else {
            Issue.record("the socket does not listen any more")
            return
        }
        let word = Array("hello".utf8)
        #expect(waiting.send(word.span) == .bytes(5))
        var input = ByteBuffer()
        socket.setTimeouts(.seconds(20))
        while input.isEmpty, socket.receive(into: &input, limit: 16) == .wouldBlock {}
        #expect(input.bytes.text == "hello")
    }

    @Test func unixSockets_areServedAndCountForNoClient() throws {
        try TemporaryDirectory.with { directory in
            let address = Address.unix(path: "\(directory.path)/http.sock")
            let fixture = try Self.fixture(perClient: 1, addresses: [address])
            let clients = try (0..<5).map { _ in
                RawClient(try Socket.connect(to: address, timeout: .seconds(20)))
            }
            for client in clients {
                client.send("GET /whoami HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                #expect(client.readToEnd().hasSuffix("\r\n\r\nunix"))
            }
            #expect(fixture.tally.counts.withLock { $0.refused } == 0)
        }
    }
}
