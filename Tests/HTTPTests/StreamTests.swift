// SPDX-License-Identifier: Apache-2.0
import Base
import Compression
import Dispatch
@testable import Net
import Synchronization
import Testing

@testable import HTTP

/// Sums a body up piece by piece; pauses after so many bytes until somebody signals.
private final class SummingReader: BodyReader {
    let log: StreamLog
    let pauseAfter: Int
    let enoughAfter: Int
    private(set) var byteCount = 0
    private(set) var sum: UInt64 = 0
    private var sincePause = 0

    init(_ log: StreamLog, pauseAfter: Int, enoughAfter: Int) {
        self.log = log
        self.pauseAfter = pauseAfter
        self.enoughAfter = enoughAfter
    }

    func begin(_ signal: StreamSignal) { log.state.withLock { $0.signal = signal } }

    func read(_ piece: Span<UInt8>) -> BodyDemand {
        for index in piece.indices { sum = sum &* 31 &+ UInt64(piece[index]) }
        byteCount += piece.count
        sincePause += piece.count
        log.state.withLock { $0.largestPiece = max($0.largestPiece, piece.count) }
        if byteCount >= enoughAfter { return .enough }
        if sincePause < pauseAfter { return .more }
        sincePause = 0
        log.state.withLock { $0.readAtPause = byteCount }
        log.paused.signal()
        return .pause
    }

    func cancelled() { log.cancelled.signal() }
}

/// Sends back what it is sent, while it is sent; ends in the middle when it is told to.
private final class MirrorReader: BodyReader, BodyWriter {
    private let log: StreamLog
    private let failsAfter: Int?
    private let refuses: Bool
    private var signal: StreamSignal?
    private var waiting = ByteBuffer()
    private var byteCount = 0
    private var hasEnded = false
    private var hasAsked = false

    init(_ log: StreamLog, failsAfter: Int?, refuses: Bool) {
        self.log = log
        self.failsAfter = failsAfter
        self.refuses = refuses
    }

    // One signal does for both directions.
    func begin(_ signal: StreamSignal) { if self.signal == nil { self.signal = signal } }

    func read(_ piece: Span<UInt8>) -> BodyDemand {
        waiting.append(piece)
        byteCount += piece.count
        if hasAsked { signal?.resume() } else { signal?.answer() }
        hasAsked = true
        return .more
    }

    func answerEarly(_ response: inout Response) {
        if refuses { return response.fail(403, "not this" as String) }
        response.contentType = .text
        response.addHeader("Trailer", "Mirrored" as StaticString)
        response.stream = self
    }

    func ended() {
        hasEnded = true
        signal?.resume()
    }

    func write(into piece: inout ByteBuffer, bytes: Int) -> BodySupply {
        let count = min(bytes, waiting.count)
        piece.append(waiting.bytes.extracting(0..<count))
        waiting.removeFirst(count)
        if !waiting.isEmpty { return .more }
        if let failsAfter, byteCount >= failsAfter { return .failed }
        return hasEnded ? .end : .pending
    }

    func writeTrailers(into output: inout ByteBuffer) { output.append("Mirrored: \(byteCount)\r\n") }

    func cancelled() { log.cancelled.signal() }
}

/// Counts down from a number, a line each, with a pause after so many lines.
private final class CountingWriter: BodyWriter {
    let log: StreamLog
    let pauseAfter: Int
    let fails: Bool
    private var left: Int
    private var sincePause = 0

    init(_ log: StreamLog, lines: Int, pauseAfter: Int, fails: Bool) {
        self.log = log
        self.pauseAfter = pauseAfter
        self.fails = fails
        left = lines
    }

    func begin(_ signal: StreamSignal) { log.state.withLock { $0.signal = signal } }

    func write(into piece: inout ByteBuffer, bytes: Int) -> BodySupply {
        while left > 0, piece.count < bytes {
            piece.append("line \(left)\n")
            left -= 1
            sincePause += 1
            if sincePause == pauseAfter {
                sincePause = 0
                log.paused.signal()
                return .pending
            }
        }
        log.state.withLock { $0.written += piece.count }
        if left == 0 { return fails ? .failed : .end }
        return .more
    }

    func cancelled() { log.cancelled.signal() }
}

private final class StreamLog: Sendable {
    struct State {
        var signal: StreamSignal?
        var largestPiece = 0
        var readAtPause = 0
        var written = 0
    }

    let state = Mutex(State())
    let paused = DispatchSemaphore(value: 0)
    let cancelled = DispatchSemaphore(value: 0)

    func wait(for semaphore: DispatchSemaphore) throws {
        try #require(semaphore.wait(timeout: .now() + 20) == .success, "nothing happened")
    }

    func resume() { state.withLock { $0.signal }?.resume() }
}

/// `/up` sums what it is sent, `/down` counts down; the query says how.
private final class StreamHandler: BodyReceivingHandler {
    private let log: StreamLog
    private let echo = EchoHandler()
    init(_ log: StreamLog) { self.log = log }

    func receive(_ head: borrowing Request, _ response: inout Response) -> BodyReception {
        if head.path.equals("/refused") {
            response.fail(403, "no uploads here" as String)
            return .answered
        }
        if head.path.equals("/small") { return .gathered(bytesMax: 4) }
        if head.path.equals("/mirror") {
            let reader = MirrorReader(
                log, failsAfter: number(head, "fails"), refuses: head.queryValue("refuses") != nil)
            return .streamed(reader, bytesMax: number(head, "max") ?? .max)
        }
        guard head.path.equals("/up") else { return .gathered(bytesMax: nil) }
        let reader = SummingReader(
            log, pauseAfter: number(head, "pause") ?? .max, enoughAfter: number(head, "enough") ?? .max)
        return .streamed(reader, bytesMax: number(head, "max") ?? .max)
    }

    func handle(_ request: borrowing Request, _ response: inout Response) {
        response.contentType = .text
        if let reader = request.bodyReader as? SummingReader {
            response.body.append("\(reader.byteCount) \(reader.sum)")
        } else if request.path.equals("/down") {
            response.stream = CountingWriter(
                log, lines: number(request, "lines") ?? 0, pauseAfter: number(request, "pause") ?? .max,
                fails: request.queryValue("fails") != nil)
        } else {
            echo.handle(request, &response)
        }
    }

    private func number(_ request: borrowing Request, _ name: StaticString) -> Int? {
        request.queryValue(name).flatMap { Int($0) }
    }
}

@Suite(.timeLimit(.minutes(1))) struct StreamTests {
    private let log = StreamLog()

    private func fixture(_ change: (inout HTTPServer.Configuration) -> Void = { _ in }) throws
        -> ServerFixture
    {
        let log = log
        return try ServerFixture(change, handler: { _ in StreamHandler(log) })
    }

    private func expected(_ body: [UInt8]) -> String {
        "\(body.count) \(body.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) })"
    }

    private static let bytes = (0..<1_250_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    private func lines(_ count: Int) -> String {
        (0..<count).map { "line \(count - $0)\n" }.joined()
    }

    @Test func streamedBody_arrivesInPieces() throws {
        let fixture = try fixture { $0.limits.bodyBytesMax = 10 }
        var client = HTTPClient(fixture.address)
        for _ in 0..<2 {
            #expect(try client.send(.post, "/up", body: Self.bytes).bodyText == expected(Self.bytes))
        }
        #expect((1...600_000).contains(log.state.withLock { $0.largestPiece }))
        // The limit on gathered bodies is another.
        #expect(try client.send(.post, "/echo", body: Array(Self.bytes.prefix(11))).status == 413)
    }

    @Test func streamedChunks_arriveWithoutTheirFraming() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for start in stride(from: 0, to: 30_000, by: 100) {
            client.send(Array("64\r\n".utf8) + Self.bytes[start..<start + 100] + Array("\r\n".utf8))
        }
        client.send("0\r\n\r\n")
        let answer = expected(Array(Self.bytes.prefix(30_000)))
        #expect(client.read(until: answer).hasSuffix("\r\n\r\n" + answer))
    }

    @Test func pausedBody_isNotReadFurther() throws {
        let fixture = try fixture()
        let address = fixture.address
        let body = Self.bytes
        let answer = Mutex("")
        let upload = try PosixThread {
            var client = HTTPClient(address)
            let text = (try? client.send(.post, "/up?pause=250000", body: body).bodyText) ?? "failed"
            answer.withLock { $0 = text }
        }
        // How many pieces there are is the kernel's choice; two pauses there are in any case.
        for count in 1...2 {
            try log.wait(for: log.paused)
            #expect(log.state.withLock { $0.readAtPause } < count * 520_000)
            // The loop is free meanwhile.
            #expect(
                try fixture.exchange("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n").hasPrefix("HTTP/1.1 200"))
            log.resume()
        }
        while answer.withLock({ $0 }).isEmpty {
            if log.paused.wait(timeout: .now() + .milliseconds(20)) == .success { log.resume() }
        }
        upload.join()
        #expect(answer.withLock { $0 } == expected(body))
    }

    @Test func pauseOnTheLastPiece_stillEnds() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send("POST /up?pause=5 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        try log.wait(for: log.paused)
        client.send("GET /names/next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        log.resume()
        let answer = client.readToEnd()
        #expect(
            answer.contains(expected(Array("hello".utf8)) + "HTTP/1.1") && answer.hasSuffix("\r\n\r\nnext"))
    }

    @Test func compressedStream_isReadPlainAndPausesInsideAPiece() throws {
        let text = [UInt8](repeating: 0x61, count: 3_000_000)
        var packed = ByteBuffer()
        var deflater = try Deflater(.gzip)
        deflater.write(text.span, into: &packed)
        deflater.finish(into: &packed)
        let body = packed.bytes.indices.map { packed.bytes[$0] }
        // All of the compressed body comes with one read, so the pauses are inside it.
        #expect(body.count < 16_000)
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send(
            "POST /up?pause=1000000 HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n"
                + "Content-Length: \(body.count)\r\n\r\n")
        client.send(body)
        for _ in 0..<2 {
            try log.wait(for: log.paused)
            log.resume()
        }
        #expect(client.read(until: expected(text)).hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(log.state.withLock { $0.largestPiece } <= 65_536)
    }

    @Test func streamLimit_countsWhatComesOut() throws {
        var packed = ByteBuffer()
        var deflater = try Deflater(.gzip)
        deflater.write([UInt8](repeating: 0x61, count: 1_001).span, into: &packed)
        deflater.finish(into: &packed)
        let body = packed.bytes.indices.map { packed.bytes[$0] }
        let fixture = try fixture()
        for (limit, status) in [(1_001, 200), (1_000, 413)] {
            var client = HTTPClient(fixture.address)
            let answer = try client.send(
                .post, "/up?max=\(limit)", headers: [("Content-Encoding", "gzip")], body: body)
            #expect(Int(answer.status) == status)
        }
        try log.wait(for: log.cancelled)
    }

    @Test func readerThatHasEnough_isAnsweredAtOnce() throws {
        let fixture = try fixture()
        var client = HTTPClient(fixture.address)
        let answer = try client.send(.post, "/up?enough=1000", body: Self.bytes)
        #expect(answer.status == 200 && answer.header("connection") == "close")
    }

    @Test func handlerThatRefusesTheBody_answersBeforeIt() throws {
        let fixture = try fixture()
        var client = HTTPClient(fixture.address)
        let answer = try client.send(.post, "/refused", body: Self.bytes)
        #expect(answer.status == 403 && answer.bodyText.contains("no uploads here"))
        let expecting = try fixture.exchange(
            "POST /refused HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        #expect(expecting.hasPrefix("HTTP/1.1 403 "))
        #expect(try client.send(.post, "/small", body: [1, 2, 3, 4, 5]).status == 413)
    }

    @Test func clientThatLeaves_cancelsItsStream() throws {
        let fixture = try fixture()
        var client: RawClient? = try fixture.connect()
        client?.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
        client = nil
        try log.wait(for: log.cancelled)
    }

    @Test func tricklingStream_isCutByTheDeadline() throws {
        let fixture = try fixture { $0.timeouts.body = .milliseconds(150) }
        let client = try fixture.connect()
        client.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
        #expect(client.readToEnd().hasPrefix("HTTP/1.1 408 "))
        try log.wait(for: log.cancelled)
    }

    @Test func streamThatComesFastEnough_mayTakeLong() throws {
        let fixture = try fixture {
            $0.timeouts.body = .milliseconds(200)
            $0.limits.streamedBytesMin = 10
        }
        let client = RawClient(try Socket.connect(to: fixture.address, timeout: .milliseconds(20)))
        client.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n")
        let started = MonotonicInstant.now
        // Each read waits 20 ms for an answer that does not come yet, so this takes about two seconds.
        for _ in 0..<100 {
            client.send([1, 2])
            #expect(
                client.readToEnd() == "" || MonotonicInstant.now.nanoseconds(since: started) > 1_900_000_000)
        }
        #expect(MonotonicInstant.now.nanoseconds(since: started) > 1_000_000_000)
    }

    @Test func handlerThatPausesForEver_isAnsweredFor() throws {
        let fixture = try fixture { $0.timeouts.handler = .milliseconds(100) }
        let client = try fixture.connect()
        client.send("POST /up?pause=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
        #expect(client.readToEnd().hasPrefix("HTTP/1.1 504 "))
        try log.wait(for: log.cancelled)
        log.resume()
    }

    // MARK: Answers

    @Test func streamedAnswer_isChunked() throws {
        let fixture = try fixture()
        var client = HTTPClient(fixture.address)
        for count in [0, 1, 100_000] {
            let answer = try client.send(.get, "/down?lines=\(count)")
            #expect(answer.header("transfer-encoding") == "chunked" && answer.header("content-length") == nil)
            #expect(answer.bodyText == lines(count))
        }
        #expect(fixture.tally.counts.withLock { $0.opened } == 1)
    }

    @Test func streamedAnswers_keepThePipelinesOrder() throws {
        let fixture = try fixture()
        let down = "GET /down?lines=3 HTTP/1.1\r\nHost: a\r\n\r\n"
        let get = "GET /names/x HTTP/1.1\r\nHost: a\r\n"
        let answer = try fixture.exchange(
            "\(down)\(get)\r\n\(down)\(down)\(get)Connection: close\r\n\r\n")
        let chunk = "15\r\nline 3\nline 2\nline 1\n\r\n0\r\n\r\nHTTP/1.1 200"
        #expect(answer.occurrences(of: chunk) == 3 && answer.hasSuffix("\r\n\r\nx"), "\(answer)")
    }

    @Test func http10AndHead_haveNoChunks() throws {
        let fixture = try fixture()
        let old = try fixture.exchange("GET /down?lines=2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(old.hasSuffix("\r\n\r\nline 2\nline 1\n") && old.contains("Connection: close\r\n"))
        #expect(!old.contains("Transfer-Encoding") && !old.contains("Content-Length"))
        let head = try fixture.exchange(
            "HEAD /down?lines=2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(head.contains("Transfer-Encoding: chunked\r\n") && head.hasSuffix("\r\n\r\n"))
        try log.wait(for: log.cancelled)
    }

    @Test func compressedAnswer_isStreamed() throws {
        let fixture = try fixture()
        var client = HTTPClient(fixture.address)
        let answer = try client.send(.get, "/down?lines=50000", headers: [("Accept-Encoding", "gzip")])
        var plain = ByteBuffer()
        try Inflater.inflate(
            answer.body.span, .gzip, limits: InflateLimits(outputBytesMax: 1 << 20), into: &plain)
        #expect(String(copying: plain.bytes) == lines(50_000))
        #expect(answer.header("content-encoding") == "gzip" && answer.body.count < 200_000)
    }

    @Test func writerThatPauses_goesOnWhenItHasMore() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send("GET /down?lines=6&pause=2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(client.read(until: "line 6\nline 5\n\r\n").contains("chunked"))
        for _ in 0..<3 {
            try log.wait(for: log.paused)
            log.resume()
        }
        #expect(client.readToEnd() == "e\r\nline 4\nline 3\n\r\ne\r\nline 2\nline 1\n\r\n0\r\n\r\n")
    }

    @Test func slowReader_holdsTheWriterBack() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send("GET /down?lines=1500000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        // Other connections are served; the writer has filled the sockets' buffers and waits.
        for _ in 0..<50 {
            #expect(
                try fixture.exchange("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n").hasPrefix("HTTP/1.1 200"))
        }
        // Lines of about 13 bytes, and a million and a half of them.
        #expect(log.state.withLock { $0.written } < 15_000_000)
        #expect(client.countToEnd() > 18_000_000)
    }

    @Test func failingWriter_cutsTheAnswerOff() throws {
        let answer = try fixture().exchange("GET /down?lines=2&fails HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(!answer.hasSuffix("0\r\n\r\n"))
    }

    @Test func clientThatLeaves_cancelsTheWriter() throws {
        let fixture = try fixture()
        var client: RawClient? = try fixture.connect()
        client?.send("GET /down?lines=1500000 HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = client?.read(until: "\n")
        client = nil
        try log.wait(for: log.cancelled)
    }

    @Test func readerThatStops_isCutByTheWriteDeadline() throws {
        let fixture = try fixture { $0.timeouts.write = .milliseconds(200) }
        let client = try fixture.connect()
        client.send("GET /down?lines=1500000 HTTP/1.1\r\nHost: a\r\n\r\n")
        try log.wait(for: log.cancelled)
        #expect(client.countToEnd() < 18_000_000)
    }

    @Test func drain_finishesAStream() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send("GET /down?lines=4&pause=2 HTTP/1.1\r\nHost: a\r\n\r\n")
        try log.wait(for: log.paused)
        fixture.server.drain(deadline: .seconds(30))
        log.resume()
        try log.wait(for: log.paused)
        log.resume()
        #expect(client.readToEnd().hasSuffix("line 2\nline 1\n\r\n0\r\n\r\n"))
        client.shutdownWrites()
        fixture.server.waitUntilStopped()
    }

    // MARK: Answers before the body's end

    private static let mirror = "POST /mirror HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test func anEarlyAnswer_comesWhileTheBodyComes() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send(Self.mirror)
        for word in ["one", "two", "six"] {
            client.send("3\r\n\(word)\r\n")
            #expect(client.read(until: "\(word)\r\n").hasSuffix("3\r\n\(word)\r\n"))
        }
        client.send("0\r\n\r\n")
        #expect(client.read(until: "\r\n\r\n") == "0\r\nMirrored: 9\r\n\r\n")
        // The connection is as good as new.
        client.send("GET /names/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(client.readToEnd().hasSuffix("\r\n\r\nx"))
    }

    @Test func aClientThatReadsLate_isReadFromAllTheSame() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        let block = String(repeating: "x", count: 65_536)
        client.send(Self.mirror.replacing("Host: a", with: "Host: a\r\nConnection: close"))
        // More than the buffers of both sockets hold.
        for _ in 0..<300 { client.send("10000\r\n\(block)\r\n") }
        client.send("0\r\n\r\n")
        #expect(client.countToEnd() > 300 * 65_536)
    }

    @Test func anEarlyAnswerThatFails_endsWithoutItsLastChunk() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send(Self.mirror + "3\r\none\r\n")
        #expect(client.read(until: "one\r\n").hasPrefix("HTTP/1.1 200 "))
        let failing = try fixture.connect()
        failing.send(Self.mirror.replacing("/mirror", with: "/mirror?fails=3") + "3\r\none\r\n")
        let answer = failing.readToEnd()
        #expect(answer.hasSuffix("\r\n\r\n3\r\none\r\n"), "\(answer)")
    }

    @Test func anEarlyRefusal_isAnAnswerLikeOthers() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        client.send(Self.mirror.replacing("/mirror", with: "/mirror?refuses") + "3\r\none\r\n")
        let answer = client.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.contains("Connection: close"), "\(answer)")
    }

    @Test func aBrokenBody_cutsItsEarlyAnswerOff() throws {
        let fixture = try fixture()
        for rest in ["nonsense\r\n", "ffffff\r\n"] {
            let client = try fixture.connect()
            client.send(Self.mirror.replacing("/mirror", with: "/mirror?max=100") + "3\r\none\r\n")
            #expect(client.read(until: "one\r\n").hasPrefix("HTTP/1.1 200 "))
            client.send(rest)
            #expect(!client.readToEnd().contains("0\r\n\r\n"))
            try log.wait(for: log.cancelled)
        }
    }
}
