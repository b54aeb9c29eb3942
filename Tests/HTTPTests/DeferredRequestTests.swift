// SPDX-License-Identifier: Apache-2.0
import Base
import Dispatch
import Glibc
import Net
import Synchronization
import Testing

@testable import HTTP

/// Requests to `/later…` wait here until the test answers them in the place of a worker.
private final class WaitingRoom: Sendable {
    private let requests = Mutex<[DeferredRequest]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    func enter(_ request: DeferredRequest) {
        requests.withLock { $0.append(request) }
        arrivals.signal()
    }

    /// The next request; waits for one to come.
    func take() throws -> DeferredRequest {
        try #require(arrivals.wait(timeout: .now() + 20) == .success, "no request was deferred")
        return requests.withLock { $0.removeFirst() }
    }

    /// Answers the next request with its path and body.
    func answerNext() throws { echo(try take()).complete() }

    @discardableResult
    func echo(_ deferred: DeferredRequest) -> DeferredRequest {
        deferred.answer { request, response in
            response.contentType = .text
            response.body.append(request.path)
            response.body.append(" ")
            response.body.append(request.body)
            response.addHeader("X-Tag", request.header("x-tag")?.text ?? "none")
        }
        return deferred
    }
}

private final class DeferringHandler: RequestHandler {
    private let room: WaitingRoom
    private let echo = EchoHandler()
    init(_ room: WaitingRoom) { self.room = room }

    func handle(_ request: borrowing Request, _ response: inout Response) {
        guard request.path.text.hasPrefix("/later") else { return echo.handle(request, &response) }
        response.body.append("this is dropped")
        room.enter(request.deferAnswer())
    }
}

private final class ThreePieces: BodyWriter {
    private var left = 3
    func begin(_ signal: StreamSignal) {}
    func write(into piece: inout ByteBuffer, bytes: Int) -> BodySupply {
        piece.append("piece")
        left -= 1
        return left == 0 ? .end : .more
    }
    func cancelled() {}
}

@Suite(.timeLimit(.minutes(1))) struct DeferredRequestTests {
    private let room = WaitingRoom()

    private func fixture(_ change: (inout HTTPServer.Configuration) -> Void = { _ in }) throws
        -> ServerFixture
    {
        let room = room
        return try ServerFixture(change, handler: { _ in DeferringHandler(room) })
    }

    private func post(_ path: String, _ body: String, _ lines: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\n\(lines)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func answerFromAnotherThread_isSent() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        for round in 0..<3 {
            client.send(post("/later\(round)", "body \(round)", "X-Tag: t\(round)\r\n"))
            try room.answerNext()
            let answer = client.read(until: "\r\n\r\n/later\(round) body \(round)")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.contains("\r\nX-Tag: t\(round)\r\n"))
            #expect(!answer.contains("dropped") && !answer.contains("Connection"))
        }
    }

    @Test func otherConnections_areServedMeanwhile() throws {
        let fixture = try fixture()
        let waiting = try fixture.connect()
        waiting.send(post("/later", "x"))
        let deferred = try room.take()
        let other = try fixture.exchange("GET /names/b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(other.hasSuffix("\r\n\r\nb"))
        room.echo(deferred).complete()
        #expect(waiting.read(until: "/later x").hasPrefix("HTTP/1.1 200"))
    }

    @Test func pipelinedRequests_areAnsweredInOrder() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        let get = "GET /names/inline HTTP/1.1\r\nHost: a\r\n\r\n"
        client.send(get + post("/later1", "one") + get + post("/later2", "two") + get + "GET /na")
        // The first answer does not wait for the second.
        #expect(client.read(until: "\r\n\r\ninline").occurrences(of: "200 OK") == 1)
        try room.answerNext()
        #expect(client.read(until: "\r\n\r\ninline").contains("/later1 oneHTTP/1.1 200 OK\r\n"))
        client.send("mes/last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        try room.answerNext()
        let rest = client.readToEnd()
        #expect(rest.contains("/later2 twoHTTP/1.1 200 OK\r\n") && rest.hasSuffix("\r\n\r\nlast"))
        #expect(rest.occurrences(of: "200 OK") == 3)
    }

    @Test func requestsOfManyConnections_completeInOneBatch() throws {
        let fixture = try fixture()
        let clients = try (0..<20).map { _ in try fixture.connect() }
        for (index, client) in clients.enumerated() { client.send(post("/later\(index)", "b")) }
        DeferredRequest.complete(try clients.map { _ in room.echo(try room.take()) })
        for (index, client) in clients.enumerated() {
            #expect(client.read(until: "/later\(index) b").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func largeAndChunkedBodies_areThereForTheWorker() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        let body = String(repeating: "0123456789", count: 300_000)
        client.send(post("/later", body))
        try room.answerNext()
        #expect(client.read(until: body).contains("Content-Length: 3000007\r\n"))
        client.send("POST /later HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        client.send("3\r\ndef\r\n0\r\n\r\n")
        try room.answerNext()
        #expect(client.read(until: "/later abcdef").hasPrefix("HTTP/1.1 200"))
    }

    @Test func headAndHTTP10_keepTheirRules() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send("HEAD /later HTTP/1.1\r\nHost: a\r\n\r\n")
        try room.answerNext()
        #expect(client.read(until: "\r\n\r\n").contains("Content-Length: 7\r\n"))
        client.send("GET /later HTTP/1.0\r\n\r\n")
        try room.answerNext()
        #expect(client.readToEnd().contains("Connection: close\r\n"))
    }

    @Test func halfClosedClient_isStillAnswered() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send(post("/later", "x"))
        client.shutdownWrites()
        try room.answerNext()
        #expect(client.readToEnd().hasSuffix("/later x"))
        #expect(client.lastResult == .end)
    }

    @Test func lateAnswer_isReplacedBy504AndTheWorkerKeepsTheRequest() throws {
        let fixture = try fixture { $0.timeouts.handler = .milliseconds(100) }
        let client = try fixture.connect()
        let body = String(repeating: "b", count: 100_000)
        client.send(post("/later", body) + "GET /names/next HTTP/1.1\r\nHost: a\r\n\r\n")
        let deferred = try room.take()
        let answer = client.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 504 Gateway Timeout\r\n") && client.lastResult == .end)
        #expect(answer.contains("Connection: close\r\n") && !answer.contains("/names"))
        #expect(deferred.isAbandoned)
        #expect(try fixture.exchange("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n").hasPrefix("HTTP/1.1 200"))
        deferred.answer { request, _ in
            #expect(request.path.equals("/later") && request.body.count == 100_000)
            for index in request.body.indices where request.body[index] != 0x62 { Issue.record("changed") }
        }
        deferred.complete()
        #expect(try fixture.exchange("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n").hasPrefix("HTTP/1.1 200"))
        #expect(fixture.tally.counts.withLock { $0.finished } == 3)
    }

    @Test func resetClient_abandonsItsRequest() throws {
        let fixture = try fixture()
        var client: RawClient? = try fixture.connect()
        client?.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n" + post("/later", "x"))
        let deferred = try room.take()
        // Dropped with the large answer unread, so the kernel resets the connection.
        client = nil
        let other = try fixture.connect()
        while !deferred.isAbandoned {
            other.send("GET /names/a HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = other.read(until: "\r\n\r\na")
        }
        room.echo(deferred).complete()
        #expect(try fixture.exchange("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n").hasPrefix("HTTP/1.1 200"))
    }

    @Test func drain_waitsForTheAnswer() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send(post("/later", "x"))
        let deferred = try room.take()
        fixture.server.drain(deadline: .seconds(30))
        // The listener is gone when nobody can connect any more; the request still waits.
        while (try? fixture.connect()) != nil {}
        room.echo(deferred).complete()
        let answer = client.readToEnd()
        #expect(answer.hasSuffix("/later x") && answer.contains("Connection: close\r\n"))
        client.shutdownWrites()
        fixture.server.waitUntilStopped()
    }

    @Test func drainDeadline_cutsItOff() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send(post("/later", "x"))
        let deferred = try room.take()
        fixture.server.drain(deadline: .milliseconds(50))
        fixture.server.waitUntilStopped()
        #expect(client.readToEnd() == "" && deferred.isAbandoned)
        room.echo(deferred).complete()
    }

    @Test func worker_compressesItsAnswer() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        let body = String(repeating: "0123456789", count: 10_000)
        for accepted in ["gzip", "identity"] {
            client.send(post("/later", body, "Accept-Encoding: \(accepted)\r\n"))
            let deferred = room.echo(try room.take())
            #expect((deferred.coder != nil) == (accepted == "gzip"))
            deferred.complete()
            if accepted == "identity" {
                #expect(client.read(until: body).contains("\r\nContent-Length: 100007\r\n"))
            } else {
                // The next request shows that the compressed answer was as long as it said.
                client.send("GET /names/next HTTP/1.1\r\nHost: a\r\n\r\n")
                let answers = client.read(until: "\r\n\r\nnext")
                #expect(answers.contains("\r\nContent-Encoding: gzip\r\n") && answers.utf8.count < 5_000)
            }
        }
    }

    @Test func worker_mayAnswerWithAStream() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send(post("/later", "x") + "GET /names/next HTTP/1.1\r\nHost: a\r\n\r\n")
        let deferred = try room.take()
        deferred.answer { _, response in response.stream = ThreePieces() }
        deferred.complete()
        let answers = client.read(until: "\r\n\r\nnext")
        #expect(answers.contains("\r\n\r\n5\r\npiece\r\n5\r\npiece\r\n5\r\npiece\r\n0\r\n\r\nHTTP/1.1 200"))
    }

    @Test func slowReader_isCutByTheWriteDeadlineWhileItsNextRequestWaits() throws {
        let fixture = try fixture { $0.timeouts.write = .milliseconds(100) }
        let client = try fixture.connect()
        let large = String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 40)
        client.send(post("/later", "x"))
        let deferred = try room.take()
        client.send(large)
        room.echo(deferred).complete()
        let other = try fixture.connect()
        while fixture.tally.counts.withLock({ $0.closed }) == 0 {
            other.send("GET /names/a HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = other.read(until: "\r\n\r\na")
        }
        #expect(client.readToEnd().utf8.count < 40 << 20)
    }
}
