// SPDX-License-Identifier: Apache-2.0
import Base
import Net
import Synchronization
import TestKit
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
    private static let get = "GET /names/a HTTP/1.1\r\nHost: a\r\n"

    @Test func answer_hasDateLengthAndTypeAndNoServer() throws {
        let answer = try ServerFixture().exchange(Self.get + "Connection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nDate: "))
        #expect(answer.contains(" GMT\r\nContent-Type: text/plain; charset=utf-8\r\n"))
        #expect(answer.contains("\r\nContent-Length: 1\r\nConnection: close\r\n\r\na"))
        #expect(!answer.contains("Server:"))
    }

    @Test func requestParts_reachTheHandler() throws {
        let answer = try ServerFixture().exchange(
            "GET /names/x%20y?p=1&q=a%2Bb+c HTTP/1.1\r\nhOsT: a\r\nUSER-AGENT: me\r\n"
                + "Connection: close\r\n\r\n"
        )
        #expect(answer.contains("X-Query: a+b c\r\nX-Agent: me\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nx y"))
    }

    @Test func keepAlive_servesManyRequestsOnOneConnection() throws {
        let fixture = try ServerFixture()
        var client = HTTPClient(fixture.address)
        for index in 0..<50 {
            let body = Array("request \(index)".utf8)
            let answer = try client.send(.post, "/echo", body: body)
            #expect(answer.status == 200 && answer.body == body)
        }
        #expect(fixture.tally.counts.withLock { $0.opened } == 1)
        #expect(fixture.tally.counts.withLock { $0.finished } == 50)
        #expect(fixture.tally.counts.withLock { $0.routes.allSatisfy { $0 == 0 } })
    }

    @Test func notesOnAHead_comeBackWithTheSameHeadOnly() throws {
        let fixture = try ServerFixture()
        func get(_ name: String) -> String { "GET /notes HTTP/1.1\r\nHost: a\r\nX: \(name)\r\n\r\n" }
        let requests = [get("a"), get("a"), get("a"), get("b"), get("a"), get("a")].joined()
        let answer = try fixture.exchange(requests + "GET /closing HTTP/1.1\r\nHost: a\r\n\r\n")
        let notes = answer.split(separator: "HTTP/1.1 200 OK\r\n").compactMap { part in
            part.firstRange(of: "\r\n\r\n").map { String(part[$0.upperBound...]) }
        }
        #expect(notes == ["0", "1", "2", "0", "0", "1", ""])
    }

    @Test func pipelinedRequests_areAnsweredInOrder() throws {
        let requests = (0..<200).map { "GET /names/\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
        let answer = try ServerFixture().exchange(requests + "GET /closing HTTP/1.1\r\nHost: a\r\n\r\n")
        let bodies = answer.split(separator: "HTTP/1.1 200 OK\r\n").compactMap { part in
            part.firstRange(of: "\r\n\r\n").map { String(part[$0.upperBound...]) }
        }
        #expect(bodies == (0..<200).map(String.init) + [""])
    }

    @Test func boundedOutput_stillAnswersAllToASlowReader() throws {
        let fixture = try ServerFixture()
        let client = try fixture.connect()
        client.send(String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 20))
        client.send("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = client.readToEnd()
        #expect(answer.occurrences(of: "Content-Length: 1048576\r\n") == 20)
        #expect(answer.utf8.count > 20 << 20)
    }

    @Test func requestInSingleBytes_isAnswered() throws {
        let live = try ServerFixture().connectKept()
        for byte in "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc".utf8
        {
            live.client.send([byte])
        }
        #expect(live.client.readToEnd().hasSuffix("\r\n\r\nabc"))
    }

    @Test func carriageReturnBetweenRequests_waitsForItsLineFeed() throws {
        // A loop that took the lone byte for unread input once turned for ever.
        let live = try ServerFixture().connectKept()
        live.client.send(Self.get + "\r\n\r")
        #expect(live.client.read(until: "\r\n\r\na").hasPrefix("HTTP/1.1 200"))
        live.client.send("\n" + Self.get + "Connection: close\r\n\r\n")
        #expect(live.client.readToEnd().hasPrefix("HTTP/1.1 200"))
    }

    @Test func chunkedBody_isDecoded() throws {
        let pieces = (0..<3_000).map {
            "\(String($0 % 7 + 1, radix: 16))\r\n\(String(repeating: "x", count: $0 % 7 + 1))\r\n"
        }
        let expected = (0..<3_000).reduce(0) { $0 + $1 % 7 + 1 }
        let answer = try ServerFixture().exchange(
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                + pieces.joined() + "0\r\n\r\n")
        #expect(answer.contains("\r\nContent-Length: \(expected)\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n" + String(repeating: "x", count: expected)))
    }

    @Test func largeBodies_arriveWhole() throws {
        let fixture = try ServerFixture()
        var client = HTTPClient(fixture.address)
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        for _ in 0..<2 { #expect(try client.send(.post, "/echo", body: body).body == body) }
    }

    @Test func head_isAnsweredWithoutBody() throws {
        let answer = try ServerFixture().exchange(
            "HEAD /names/abc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(answer.contains("Content-Length: 3\r\n") && answer.hasSuffix("\r\n\r\n"))
    }

    @Test func noContent_hasNeitherBodyNorLength() throws {
        let answer = try ServerFixture().exchange(
            "DELETE /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 204 No Content\r\n"))
        #expect(!answer.contains("Content-Length") && !answer.contains("Content-Type"))
    }

    @Test func options_saysWhatIsAllowed() throws {
        let fixture = try ServerFixture()
        let all = try fixture.exchange("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(all.contains("\r\nAllow: GET, HEAD, POST, DELETE, OPTIONS\r\n"))
        let one = try fixture.exchange("OPTIONS /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(one.hasPrefix("HTTP/1.1 204") && one.contains("\r\nAllow: POST, OPTIONS\r\n"))
    }

    @Test func wrongMethodAndPath_areAnsweredInJSON() throws {
        let fixture = try ServerFixture()
        let method = try fixture.exchange("PUT /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(
            method.hasPrefix("HTTP/1.1 405 Method Not Allowed\r\n")
                && method.contains("Allow: POST, OPTIONS\r\n"))
        #expect(method.contains("{\"error\":\"PUT is not allowed for '/echo'\"}"))
        let path = try fixture.exchange("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(path.contains("404 Not Found") && path.contains("Content-Type: application/json\r\n"))
    }

    @Test func http10_closesUnlessAskedNotTo() throws {
        let fixture = try ServerFixture()
        let closed = try fixture.exchange("GET /names/a HTTP/1.0\r\n\r\n")
        #expect(closed.contains("Connection: close\r\n") && closed.hasSuffix("\r\n\r\na"))
        let client = try fixture.connect()
        client.send("GET /names/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(client.read(until: "\r\n\r\na").contains("Connection: keep-alive\r\n"))
        client.send("GET /names/b HTTP/1.0\r\n\r\n")
        #expect(client.readToEnd().hasSuffix("\r\n\r\nb"))
    }

    @Test func absoluteForm_isServedByItsPath() throws {
        let answer = try ServerFixture().exchange(
            "GET http://other/names/z HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(answer.hasSuffix("\r\n\r\nz"))
    }

    @Test func expectContinue_isAnsweredBeforeTheBody() throws {
        let live = try ServerFixture().connectKept()
        live.client.send(
            "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        #expect(live.client.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        live.client.send("ok")
        #expect(live.client.read(until: "\r\n\r\nok").hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func expectContinueOverTheLimit_isRefusedBeforeTheBody() throws {
        let answer = try ServerFixture { $0.limits.bodyBytesMax = 10 }.exchange(
            "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 413 "))
    }

    @Test func halfClosedClient_isStillAnswered() throws {
        let live = try ServerFixture().connectKept()
        live.client.send(Self.get + "\r\n" + Self.get + "\r\n")
        live.client.shutdownWrites()
        #expect(live.client.readToEnd().occurrences(of: "200 OK") == 2)
    }

    @Test func requestThatEndsEarly_isRefused() throws {
        let live = try ServerFixture().connectKept()
        live.client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        live.client.shutdownWrites()
        #expect(live.client.readToEnd().hasPrefix("HTTP/1.1 400 "))
    }

    @Test func hugeBody_isRefusedReadably() throws {
        let fixture = try ServerFixture { $0.limits.bodyBytesMax = 1_000 }
        var client = HTTPClient(fixture.address)
        // More than the socket buffers hold: without the lingering close the client would see a reset.
        let answer = try client.send(.post, "/echo", body: [UInt8](repeating: 0x61, count: 20 << 20))
        #expect(answer.status == 413)
        #expect(answer.bodyText.contains("larger than this server accepts"))
        #expect(fixture.tally.counts.withLock { $0.defects } == [.bodyTooLarge])
    }

    @Test(arguments: RequestTable.all.filter { $0.defect != nil })
    func refusedRequest_isAnsweredOnceAndTheConnectionCloses(_ sample: RequestCase) throws {
        let fixture = try ServerFixture()
        let client = try fixture.connect()
        client.send(sample.bytes)
        client.send("GET /names/smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = client.readToEnd()
        #expect(client.lastResult == .end)
        let statuses = Self.statuses(answer)
        #expect(
            statuses.count == sample.count + 1 && statuses.last == sample.defect?.status.code, "\(answer)")
        #expect(answer.contains("Connection: close\r\n") && answer.contains("{\"error\":\""))
        #expect(!answer.contains("smuggled"))
    }

    @Test(arguments: RequestTable.all.filter { ($0.count > 0 || $0.defect != nil) && $0.bytes.count < 1_000 })
    func requestInSingleBytes_isAnsweredAsInOnePiece(_ sample: RequestCase) throws {
        let fixture = try ServerFixture()
        let whole = try fixture.connect()
        whole.send(sample.bytes)
        whole.shutdownWrites()
        let dripped = try fixture.connect()
        for byte in sample.bytes { dripped.send([byte]) }
        dripped.shutdownWrites()
        let expected = Self.statuses(whole.readToEnd())
        // 100 (Continue) is sent only where the body does not come along.
        let statuses = Self.statuses(dripped.readToEnd()).filter { $0 != 100 }
        #expect(statuses == expected && statuses.count == sample.count + (sample.defect == nil ? 0 : 1))
        #expect(statuses.dropLast(sample.defect == nil ? 0 : 1).allSatisfy { $0 != 400 })
    }

    /// The codes of all status lines.
    private static func statuses(_ answer: String) -> [UInt16] {
        answer.matches(of: #/HTTP\/1\.1 (\d{3}) /#).compactMap { UInt16($0.1) }
    }

    @Test func refusalOnThePage_isWhatTheServerAnswers() throws {
        let bytes = try Fixtures.contents(ofFile: "\(Fixtures.repository)/docs/protocols/http.md")
        let page = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        let first = try #require(page.firstIndex(of: "HTTP/1.1 400 Bad Request"))
        let body = try #require(page.firstIndex { $0.hasPrefix("{\"error\"") })
        let answer = try ServerFixture().exchange(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
        func withoutDate(_ lines: [String]) -> [String] {
            lines.filter { !$0.isEmpty && !$0.hasPrefix("Date: ") }
        }
        #expect(
            withoutDate(answer.split(separator: "\r\n").map(String.init))
                == withoutDate(Array(page[first...body])))
    }

    @Test func twoLoops_shareOnePort() throws {
        let fixture = try ServerFixture { $0.loopCount = 2 }
        for _ in 0..<20 {
            #expect(try fixture.exchange(Self.get + "Connection: close\r\n\r\n").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func twoAddresses_areBothServed() throws {
        let fixture = try ServerFixture {
            $0.listeners.append(ListenerSettings(.address(.ip(host: "::1", port: 0))))
        }
        #expect(try fixture.exchange(Self.get + "Connection: close\r\n\r\n").hasPrefix("HTTP/1.1 200"))
    }

    @Test func takenPort_isAnError() throws {
        let fixture = try ServerFixture()
        let second = HTTPServer(configuration: .init(addresses: [fixture.address])) { _ in EchoHandler() }
        #expect { try second.start() } throws: { "\($0)".contains("bind 127.0.0.1:") }
    }

    @Test func serverHeader_isSentWhenConfigured() throws {
        let fixture = try ServerFixture { $0.serverHeader = "modeld" }
        #expect(
            try fixture.exchange(Self.get + "Connection: close\r\n\r\n").contains("\r\nServer: modeld\r\n"))
    }

    @Test func date_isTheRFCsExample() {
        #expect(ResponseWriter.date(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(ResponseWriter.date(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(ResponseWriter.date(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
    }
}

/// Keeps the server alive as long as its client is used.
struct LiveClient {
    let fixture: ServerFixture
    let client: RawClient
}

extension ServerFixture {
    func connectKept() throws -> LiveClient { LiveClient(fixture: self, client: try connect()) }
}
