// SPDX-License-Identifier: Apache-2.0
import Base
import HTTP
import Net
import Synchronization

/// A server on a free port of this machine that answers from a table and remembers what it was asked.
final class StubServer: Sendable {
    struct Exchange: Equatable {
        /// `GET /path`
        var line: String
        var body: String
    }

    private final class Handler: RequestHandler {
        private let owner: StubServer

        init(_ owner: StubServer) { self.owner = owner }

        func handle(_ request: borrowing Request, _ response: inout Response) {
            let line = "\(request.method.name) \(String(copying: request.path))"
            let exchange = Exchange(line: line, body: String(copying: request.body))
            owner.exchanges.withLock { $0.append(exchange) }
            let answer = owner.answer(exchange)
            response.status = Status(answer.status)
            response.body.append(answer.body)
        }
    }

    typealias Answer = (status: UInt16, body: String)

    private let answer: @Sendable (Exchange) -> Answer
    private let exchanges = Mutex<[Exchange]>([])
    private let server = Mutex<HTTPServer?>(nil)
    private let port = Mutex<UInt16>(0)

    init(_ answer: @escaping @Sendable (Exchange) -> Answer) throws {
        self.answer = answer
        var configuration = HTTPServer.Configuration(addresses: [.ip(host: "127.0.0.1", port: 0)])
        configuration.loopCount = 1
        let server = HTTPServer(configuration: configuration) { [self] _ in Handler(self) }
        let addresses = try server.start()
        port.withLock { $0 = addresses.first?.port ?? 0 }
        self.server.withLock { $0 = server }
    }

    var address: String { "127.0.0.1:\(port.withLock { $0 })" }
    var requests: [Exchange] { exchanges.withLock { $0 } }

    /// Runs `body` with a server that answers from `answers` by `METHOD /path`, and 404 otherwise.
    static func with<Result>(
        _ answers: [String: Answer], _ body: (StubServer) throws -> Result
    ) throws -> Result {
        try with({ exchange in answers[exchange.line] ?? (404, #"{"error":"no such route"}"#) }, body)
    }

    static func with<Result>(
        _ answer: @escaping @Sendable (Exchange) -> Answer, _ body: (StubServer) throws -> Result
    ) throws -> Result {
        let stub = try StubServer(answer)
        defer {
            let server = stub.server.withLock { $0 }
            server?.drain(deadline: .zero)
            server?.waitUntilStopped()
            // The handler holds the stub and the server the handler.
            stub.server.withLock { $0 = nil }
        }
        return try body(stub)
    }
}
