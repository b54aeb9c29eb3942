// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Synchronization
import Testing

@testable import HTTP
@testable import Net

/// Deadlines, draining and bad weather. No test sleeps: each waits on a socket.
@Suite(.timeLimit(.minutes(1))) struct ServerTimeTests {
    private static let get = "GET /names/a HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func slowHead_isCutByTheAbsoluteDeadline() throws {
        let fixture = try ServerFixture { $0.timeouts.head = .milliseconds(200) }
        let client = try fixture.connect()
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
        let started = MonotonicInstant.now
        #expect(client.readToEnd().hasPrefix("HTTP/1.1 408 "))
        #expect(MonotonicInstant.now.nanoseconds(since: started) >= 190_000_000)
    }

    @Test func drippedHead_doesNotPushTheDeadlineOut() throws {
        let fixture = try ServerFixture { $0.timeouts.head = .milliseconds(300) }
        let client = RawClient(try Socket.connect(to: fixture.address, timeout: .milliseconds(50)))
        client.send("GET / HTTP/1.1\r\nX: ")
        var answer = ""
        for _ in 0..<400 where answer.isEmpty {
            // Each read waits at most 50 ms for the end of the connection, then one more byte goes out.
            answer = client.readToEnd()
            client.send("a")
        }
        #expect(answer.hasPrefix("HTTP/1.1 408 "))
    }

    @Test func silentClient_isClosedByTheHeadDeadline() throws {
        let fixture = try ServerFixture { $0.timeouts.head = .milliseconds(100) }
        let client = try fixture.connect()
        #expect(client.readToEnd() == "")
        #expect(client.lastResult == .end)
    }

    @Test func slowBody_isCutByTheAbsoluteDeadline() throws {
        let fixture = try ServerFixture { $0.timeouts.body = .milliseconds(100) }
        let client = try fixture.connect()
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        let answer = client.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 408 ") && answer.contains("body did not arrive in time"))
    }

    @Test func idleConnection_isClosedSilently() throws {
        let fixture = try ServerFixture { $0.timeouts.idle = .milliseconds(100) }
        let client = try fixture.connect()
        client.send(Self.get)
        #expect(client.read(until: "\r\n\r\na").hasPrefix("HTTP/1.1 200"))
        #expect(client.readToEnd() == "")
        #expect(client.lastResult == .end)
    }

    @Test func readerThatStops_isCutByTheWriteDeadline() throws {
        let fixture = try ServerFixture { $0.timeouts.write = .milliseconds(200) }
        let client = try fixture.connect()
        client.send(String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 40))
        // Reading only begins when another connection has seen the server cut this one off.
        let other = try fixture.connect()
        while fixture.tally.counts.withLock({ $0.closed }) == 0 {
            other.send(Self.get)
            _ = other.read(until: "\r\n\r\na")
        }
        #expect(client.readToEnd().utf8.count < 40 << 20)
    }

    @Test func drain_answersWhatIsOnItsWayAndEnds() throws {
        let fixture = try ServerFixture()
        let idle = try fixture.connect()
        idle.send(Self.get)
        _ = idle.read(until: "\r\n\r\na")
        let begun = try fixture.connect()
        begun.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        let waiting = try fixture.connect()
        waiting.send(Self.get)
        _ = waiting.read(until: "\r\n\r\na")
        fixture.server.drain(deadline: .seconds(30))
        waiting.send(Self.get)
        #expect(waiting.readToEnd().contains("Connection: close\r\n"))
        #expect(waiting.lastResult == .end)
        begun.send("cd")
        let answer = begun.readToEnd()
        #expect(answer.hasSuffix("\r\n\r\nabcd") && answer.contains("Connection: close\r\n"))
        #expect(idle.readToEnd() == "" && idle.lastResult == .end)
        idle.shutdownWrites()
        fixture.server.waitUntilStopped()
        #expect(throws: NetError.self) { _ = try Socket.connect(to: fixture.address, timeout: .seconds(1)) }
    }

    @Test func drainWithGrace_goesOnAccepting() throws {
        let fixture = try ServerFixture()
        let first = try fixture.connect()
        first.send(Self.get)
        _ = first.read(until: "\r\n\r\na")
        fixture.server.drain(grace: .seconds(1), deadline: .seconds(30))
        // The first answer with `Connection: close` shows that draining has begun; new connections still come
        // in.
        first.send(Self.get)
        #expect(first.readToEnd().contains("Connection: close\r\n"))
        #expect(try fixture.exchange(Self.get).contains("Connection: close\r\n"))
        fixture.server.waitUntilStopped()
    }

    @Test func drainDeadline_cutsOffWhatDoesNotEnd() throws {
        let fixture = try ServerFixture()
        let client = try fixture.connect()
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        fixture.server.drain(deadline: .milliseconds(100))
        fixture.server.drain(deadline: .seconds(100))
        fixture.server.waitUntilStopped()
        #expect(!client.readToEnd().contains("200 OK"))
    }

    @Test func drainUnderLoad_losesNoRequest() throws {
        let fixture = try ServerFixture { $0.loopCount = 2 }
        let address = fixture.address
        let failures = Mutex<[String]>([])
        let answered = Atomic<Int>(0)
        let clients = try (0..<8).map { _ in
            try PosixThread {
                // Until the server says that it closes: each request that was sent must be answered.
                guard var client = try? Socket.connect(to: address, timeout: .seconds(20)) else { return }
                var input = ByteBuffer()
                while true {
                    input.clear()
                    let request = Array(Self.get.utf8)
                    guard client.send(request.span) == .bytes(request.count) else {
                        return failures.withLock { $0.append("the request could not be sent") }
                    }
                    while !input.bytes.text.hasSuffix("\r\n\r\na") {
                        let result = client.receive(into: &input, limit: 4_096)
                        guard case .bytes = result else {
                            return failures.withLock { $0.append("no answer: \(result)") }
                        }
                    }
                    answered.wrappingAdd(1, ordering: .relaxed)
                    if input.bytes.text.contains("Connection: close") { return client.close() }
                }
            }
        }
        let other = try fixture.connect()
        while answered.load(ordering: .relaxed) < 500 {
            other.send(Self.get)
            _ = other.read(until: "\r\n\r\na")
        }
        fixture.server.drain(deadline: .seconds(30))
        for client in clients { client.join() }
        #expect(failures.withLock { $0 } == [])
        _ = other.readToEnd()
        other.shutdownWrites()
        fixture.server.waitUntilStopped()
    }

    @Test func outOfDescriptors_isWeather() throws {
        let counter = FailureCounter(failuresLeft: 3)
        let fixture = try ServerFixture { configuration in
            configuration.accept = { counter.takeFailure() ? .exhausted(EMFILE) : $0.accept() }
        }
        #expect(try fixture.exchange("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n").hasPrefix("HTTP/1.1 200"))
        #expect(fixture.tally.counts.withLock { $0.acceptFailures } == 3)
    }

    @Test func brokenClients_doNotHurtOthers() throws {
        let fixture = try ServerFixture()
        for _ in 0..<50 {
            let client = try fixture.connect()
            client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            // Dropping the client with unread bytes resets the connection.
        }
        #expect(try fixture.exchange("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n").hasPrefix("HTTP/1.1 200"))
    }
}

/// Lets a number of calls fail.
final class FailureCounter: Sendable {
    private let left: Mutex<Int>
    init(failuresLeft: Int) { left = Mutex(failuresLeft) }

    func takeFailure() -> Bool {
        left.withLock { left in
            left -= 1
            return left >= 0
        }
    }
}
