// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import HTTP
import Net

/// Serves one fixed answer of 200 bytes, so that what is measured is the engine: `engine-benchmark PORT
/// LOOPS`.
@main enum EngineBenchmark {
    static func main() throws {
        guard CommandLine.arguments.count == 3, let port = UInt16(CommandLine.arguments[1]),
            let loops = Int(CommandLine.arguments[2])
        else {
            print("usage: engine-benchmark PORT LOOPS")
            exit(64)
        }
        var configuration = HTTPServer.Configuration(addresses: [try Address(parsing: "127.0.0.1:\(port)")])
        configuration.loopCount = loops
        let server = HTTPServer(configuration: configuration) { _ in FixedAnswer() }
        _ = try server.start()
        server.waitUntilStopped()
    }
}

private final class FixedAnswer: RequestHandler {
    private static let content = String(repeating: "x", count: 200)

    func handle(_ request: borrowing Request, _ response: inout Response) {
        response.body.append(Self.content)
    }
}
