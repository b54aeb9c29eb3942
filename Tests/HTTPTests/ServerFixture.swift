// SPDX-License-Identifier: Apache-2.0
import Base
import Net
import Synchronization
import Testing

@testable import HTTP

/// Answers `/echo` with the body, `/slow` after a moment, `/large` with a megabyte, and 404 to the rest.
final class EchoHandler: RequestHandler {
    private let router: Router
    private var captures: [String] = []

    init() {
        var router = Router()
        router.add(.post, "/echo")
        router.add(.get, "/large")
        router.add(.get, "/names/{name}")
        router.add(.get, "/closing")
        router.add(.delete, "/nothing")
        router.add(.get, "/whoami")
        router.add(.post, "/text")
        router.add(.get, "/poem")
        router.add(.get, "/notes")
        self.router = router
    }

    func handle(_ request: borrowing Request, _ response: inout Response) {
        switch router.resolve(request, &captures, &response) {
        case 0:
            response.contentType = .octetStream
            response.body.append(request.body)
        case 1:
            response.contentType = .octetStream
            for _ in 0..<65_536 { response.body.append("0123456789abcdef") }
        case 2:
            response.contentType = .text
            response.body.append(captures[0])
            response.addHeader("X-Query", request.queryValue("q") ?? "none")
            response.addHeader("X-Agent", request.header("user-agent")?.text ?? "none")
        case 3:
            response.closesConnection = true
        case 4:
            response.status = .noContent
        case 5:
            response.contentType = .text
            response.body.append(request.origin.certificate?.subject ?? request.origin.peer.host)
        case 6:
            response.contentType = .text
            response.body.append(request.body)
        case 7:
            response.contentType = .text
            for _ in 0..<1_000 { response.body.append("a rose is ") }
        case 8:
            response.contentType = .text
            response.body.append("\(request.note)")
            request.note += 1
        default: return
        }
    }
}

/// Counts what it hears; shared by the loops of a test's server.
final class Tally: Sendable {
    struct Counts {
        var finished = 0, rejected = 0, opened = 0, closed = 0, acceptFailures = 0, refused = 0, filled = 0
        var routes: [Int] = []
        var requests: [String] = []
        var defects: [RequestDefect] = []
        var handshakeFailures: [String] = []
    }

    let counts = Mutex(Counts())

    final class Observer: ServerObserver {
        let tally: Tally
        init(_ tally: Tally) { self.tally = tally }

        func requestFinished(
            _ record: borrowing RequestRecord, _ request: borrowing Request, identifier: Span<UInt8>
        ) {
            let route = record.route
            let line = "\(request.method.name) \(request.path.text) \(identifier.text)"
            tally.counts.withLock {
                $0.finished += 1
                $0.routes.append(route)
                $0.requests.append(line)
            }
        }
        func requestRejected(
            _ defect: RequestDefect, _ origin: RequestOrigin, identifier: Span<UInt8>
        ) {
            tally.counts.withLock {
                $0.rejected += 1
                $0.defects.append(defect)
            }
        }
        func connectionOpened() { tally.counts.withLock { $0.opened += 1 } }
        func connectionClosed() { tally.counts.withLock { $0.closed += 1 } }
        func acceptFailed(code: CInt) { tally.counts.withLock { $0.acceptFailures += 1 } }
        func acceptFilled() { tally.counts.withLock { $0.filled += 1 } }
        func connectionRefused(_ peer: PeerAddress) { tally.counts.withLock { $0.refused += 1 } }
        func handshakeFailed(_ reason: String) {
            tally.counts.withLock { $0.handshakeFailures.append(reason) }
        }
    }
}

/// A server on a port of the kernel's choice; ends with the value.
final class ServerFixture {
    let server: HTTPServer
    let address: Address
    let tally = Tally()

    init(
        _ change: (inout HTTPServer.Configuration) -> Void = { _ in },
        handler: @escaping HTTPServer.MakeHandler = { _ in EchoHandler() }
    ) throws {
        var configuration = HTTPServer.Configuration(addresses: [.ip(host: "127.0.0.1", port: 0)])
        configuration.loopCount = 1
        configuration.timeouts.linger = .milliseconds(500)
        configuration.timeouts.lastCall = .milliseconds(800)
        change(&configuration)
        let tally = tally
        server = HTTPServer(
            configuration: configuration, makeObserver: { _ in Tally.Observer(tally) }, makeHandler: handler)
        address = try #require(try server.start().first)
    }

    deinit {
        server.drain(deadline: .zero)
        server.waitUntilStopped()
    }

    func connect() throws -> RawClient { RawClient(try Socket.connect(to: address, timeout: .seconds(20))) }

    /// Sends `text` on a new connection and returns everything up to its end.
    func exchange(_ text: String) throws -> String {
        let client = try connect()
        client.send(text)
        return client.readToEnd()
    }
}

/// A socket in a test's hands.
final class RawClient {
    private let socket: Transport
    private var input = ByteBuffer()
    /// How the last read ended.
    private(set) var lastResult = IOResult.wouldBlock

    init(_ socket: consuming Socket) { self.socket = Transport(socket) }

    init(_ transport: consuming Transport) { socket = transport }

    @discardableResult
    func send(_ text: String) -> IOResult { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> IOResult {
        var sent = 0
        while sent < bytes.count {
            let result = socket.send(bytes.span.extracting(sent..<bytes.count))
            guard case .bytes(let count) = result else { return result }
            sent += count
        }
        return .bytes(sent)
    }

    func shutdownWrites() { socket.shutdownWrites() }

    func readToEnd() -> String {
        while case .bytes = receive() {}
        return takeAll()
    }

    /// Reads to the end of the connection and counts.
    func countToEnd() -> Int {
        var count = 0
        while case .bytes(let length) = receive() {
            count += length
            input.clear()
        }
        return count
    }

    /// Reads until what has come ends with `end`, or the connection does.
    func read(until end: String) -> String {
        while !input.bytes.text.hasSuffix(end) {
            guard case .bytes = receive() else { break }
        }
        return takeAll()
    }

    private func receive() -> IOResult {
        lastResult = socket.receive(into: &input, limit: 65_536)
        return lastResult
    }

    private func takeAll() -> String {
        let text = input.bytes.text
        input.clear()
        return text
    }
}

extension String {
    func occurrences(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.firstRange(of: text) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
