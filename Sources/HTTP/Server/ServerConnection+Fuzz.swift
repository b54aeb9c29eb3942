// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Net

/// Holds a whole connection to its promises on any bytes: it answers the same however the bytes are cut, ends
/// each refused request's connection, and never traps. No thread and no clock: the events of a loop are
/// called by hand on one end of a socket pair. Traps when a promise is broken; for the fuzz target and its
/// replay test.
package func fuzzConnection(_ bytes: Span<UInt8>) {
    guard bytes.count > 2, let host = try? FuzzHost.shared.get() else { return }
    let message = bytes.extracting(2..<bytes.count)
    host.handler.choice = bytes[0]
    let whole = host.answer(message, pieceLength: message.count)
    host.handler.choice = bytes[0]
    let cut = host.answer(message, pieceLength: Int(bytes[1]) + 1)
    precondition(whole == cut, "the connection's answers depend on how the bytes are cut")
    let text = String(decoding: whole, as: UTF8.self)
    precondition(whole.isEmpty || text.hasPrefix("HTTP/1.1 "), "an answer does not start with a status line")
}

/// Echoes what it gets: at once, later, streamed in or streamed out, as the first byte of the input and the
/// path say.
private final class FuzzHandler: BodyReceivingHandler {
    var choice: UInt8 = 0
    var deferred: [DeferredRequest] = []
    private let router: Router
    private var captures: [String] = []

    init() {
        var router = Router()
        router.add(.get, "/a/{name}")
        router.add(.post, "/{name}:later")
        self.router = router
    }

    func receive(_ head: borrowing Request, _ response: inout Response) -> BodyReception {
        switch choice & 3 {
        case 0: return .gathered(bytesMax: nil)
        case 1: return .gathered(bytesMax: 16)
        case 2: return .streamed(FuzzReader(pauses: choice & 4 != 0), bytesMax: 4_096)
        default:
            response.fail(.forbidden, "no")
            return .answered
        }
    }

    func handle(_ request: borrowing Request, _ response: inout Response) {
        _ = router.resolve(request, &captures, &response)
        response.contentType = .text
        response.body.append(request.body)
        if let reader = request.bodyReader as? FuzzReader { response.body.append("\(reader.byteCount)") }
        if choice & 8 != 0, request.method == .post { response.stream = FuzzWriter() }
        if choice & 16 != 0 { deferred.append(request.deferAnswer()) }
    }
}

private final class FuzzReader: BodyReader {
    let pauses: Bool
    private(set) var byteCount = 0
    init(pauses: Bool) { self.pauses = pauses }
    func begin(_ signal: StreamSignal) {}
    func read(_ piece: Span<UInt8>) -> BodyDemand {
        byteCount += piece.count
        return pauses ? .pause : .more
    }
    func cancelled() {}
}

private final class FuzzWriter: BodyWriter {
    private var left = 3
    func begin(_ signal: StreamSignal) {}
    func write(into piece: inout ByteBuffer, bytes: Int) -> BodySupply {
        piece.append("piece")
        left -= 1
        return left == 0 ? .end : left == 1 ? .pending : .more
    }
    func cancelled() {}
}

/// What a connection needs around it.
// Safe because one thread fuzzes, and the tests that replay run one after the other.
private final class FuzzHost: @unchecked Sendable {
    static let shared = Result { try FuzzHost() }

    let handler = FuzzHandler()
    private let server: ServerLoop

    private init() throws {
        var configuration = HTTPServer.Configuration(addresses: [])
        configuration.limits.headBytesMax = 1_024
        configuration.limits.bodyBytesMax = 8_192
        configuration.compression.bodyBytesMin = 64
        server = ServerLoop(
            try EventLoop(index: 0), configuration, handler: handler, observer: nil)
    }

    /// The answers to `bytes`, sent in pieces.
    func answer(_ bytes: Span<UInt8>, pieceLength: Int) -> [UInt8] {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue | UInt32(SOCK_NONBLOCK.rawValue))
        // Safe because the array has room for the two numbers.
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { return [] }
        let client = Socket(owning: ends[1])
        let connection = ServerConnection(
            Transport(Socket(owning: ends[0])), server: server,
            origin: RequestOrigin(listener: 0, peer: .local))
        guard connection.open() else { return [] }
        var received = ByteBuffer()
        var start = 0
        while start < bytes.count {
            let end = min(start + pieceLength, bytes.count)
            guard case .bytes = client.send(bytes.extracting(start..<end)) else { break }
            start = end
            turn(connection, client, into: &received)
        }
        client.shutdownWrites()
        for _ in 0..<8 { turn(connection, client, into: &received) }
        connection.close()
        handler.deferred = []
        return Self.withoutContinue(received.bytes)
    }

    /// As a turn of the loop would: reads, completes what was deferred, resumes what was paused, writes.
    private func turn(
        _ connection: ServerConnection, _ client: borrowing Socket, into received: inout ByteBuffer
    ) {
        for _ in 0..<64 {
            if connection.machine.phase == .closed { break }
            connection.ready(Readiness(isReadable: true))
            let waiting = handler.deferred
            handler.deferred = []
            for deferred in waiting {
                deferred.answer { request, response in response.body.append(request.body) }
                deferred.deliver()
            }
            connection.streamResumed()
            connection.ready(Readiness(isWritable: true))
            let before = received.count
            while case .bytes = client.receive(into: &received, limit: 65_536) {}
            if received.count == before, waiting.isEmpty, !connection.machine.isBodyPaused { break }
        }
        while case .bytes = client.receive(into: &received, limit: 65_536) {}
    }

    /// 100 (Continue) depends on what has come of the body, and so on the cuts.
    private static func withoutContinue(_ bytes: Span<UInt8>) -> [UInt8] {
        let line = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let rest = bytes.extracting(index..<bytes.count)
            if rest.starts(with: "HTTP/1.1 100 Continue\r\n\r\n") {
                index += line.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }
}
