// SPDX-License-Identifier: Apache-2.0
import Base
import Dialects
import HTTP
import Net
import Registry
import Serving
import Telemetry
import TestKit
import Testing

@testable import DaemonApp

/// Sends every example of docs/protocols to a server on a port of its own.
struct ProtocolPageTests {
    @Test func everyPage_hasExamples() throws {
        let pages = try ProtocolPage.all.get()
        #expect(pages.map(\.name).contains("open-inference.md"))
        // http.md is about the bytes below the protocols: its rules are tested with raw sockets.
        // batch.md is about files; the end-to-end tests send them.
        for page in pages where page.name != "http.md" && page.name != "batch.md" {
            #expect(try !page.examples().isEmpty, "\(page.name) has no `http` block")
        }
    }

    @Test func everyExample_isAnsweredAsThePageSays() throws {
        try withServer { address in
            for page in try ProtocolPage.all.get() {
                var client = HTTPClient(address)
                for example in try page.examples() {
                    let answer = try client.send(
                        example.method, example.target, headers: example.headers,
                        body: Array(example.body.utf8))
                    #expect(answer.status == example.status, "\(example)")
                    #expect(answer.header("Content-Type") == example.contentType, "\(example)")
                    if let expected = example.answer {
                        let found = try? JSONValue.parse(answer.body.span, options: .allowsNonFinite)
                        #expect(
                            found.map(expected.matches) == true,
                            "\(example) is answered by \(answer.bodyText)")
                    } else {
                        let text = answer.bodyText
                        #expect(
                            example.answerText == (text.hasSuffix("\n") ? String(text.dropLast()) : text),
                            "\(example)")
                    }
                }
            }
        }
    }

    @Test func everyRoute_isInATableAndTheOtherWayRound() throws {
        // Those of batch.md are the daemon's own.
        let promised = try ProtocolPage.all.get().filter { $0.name != "batch.md" }.flatMap { $0.routes() }
        let served =
            Endpoint.routes.map { "\($0.method.name) \($0.pattern)" }
            + AdminEndpoint.routes.map { "\($0.method.name) \($0.pattern)" }
        #expect(promised.sorted() == served.sorted())
    }

    /// The binary extension has no text form on the page: bytes both ways, over a connection.
    @Test func binaryTensors_travelBothWays() throws {
        try withServer { address in
            var client = HTTPClient(address)
            let json = #"""
                {"inputs":[{"name":"input","shape":[2,2],"datatype":"FP32",
                "parameters":{"binary_data_size":16}}],
                "outputs":[{"name":"predictions","parameters":{"binary_data":true}}]}
                """#
            let numbers: [Float] = [0.25, 1, 0.75, 1]
            let answer = try client.send(
                .post, "/v2/models/stump/infer",
                headers: [("Inference-Header-Content-Length", "\(json.utf8.count)")],
                body: Array(json.utf8) + bytes(of: numbers))
            #expect(answer.status == 200)
            #expect(answer.header("Content-Type") == "application/octet-stream")
            let length = try #require(answer.header("Inference-Header-Content-Length").flatMap { Int($0) })
            #expect(Array(answer.body[length...]) == bytes(of: [1.5, -2]))
            let text = Array(answer.body[..<length])
            let head = try JSONValue.parse(text.span)
            #expect(head["outputs"]?.array?.first?["parameters"]?["binary_data_size"]?.integer == 8)
        }
    }

    @Test(arguments: ["14", "3000", "-1", "+5", "5 5", "abc", "99999999999999999999999"])
    func lengthsThatTheBodyDoesNotHave_areRefused(_ length: String) throws {
        try withServer { address in
            var client = HTTPClient(address)
            let answer = try client.send(
                .post, "/v2/models/stump/infer", headers: [("Inference-Header-Content-Length", length)],
                body: Array(#"{"inputs":[]}"#.utf8))
            #expect(answer.status == 400)
            #expect(answer.bodyText.contains("Inference-Header-Content-Length"))
        }
    }

    @Test func whileDraining_theServerIsNotReadyAndStillAnswers() throws {
        try withServer { address, service in
            var client = HTTPClient(address)
            service.beginDraining()
            let ready = try client.send(.get, "/v2/health/ready")
            #expect(ready.status == 503 && ready.bodyText == #"{"ready":false}"#)
            let body = Array(#"{"instances":[[0,0]]}"#.utf8)
            #expect(try client.send(.post, "/v1/models/stump:predict", body: body).status == 200)
        }
    }

    /// Of the page: the SHA-256 of `example-key`.
    private static let adminKeys = "ada c018c41c1afaf2c0b66c64f97d0ee135657b699ad260f299234cd40a5d625e0e"

    private func bytes(of numbers: [Float]) -> [UInt8] {
        numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) } }
    }

    // MARK: Server

    private func withServer(_ body: (Address) throws -> Void) throws {
        try withServer { address, _ in try body(address) }
    }

    private func withServer(_ body: (Address, PredictService) throws -> Void) throws {
        let metrics = MetricRegistry()
        // An hour ahead: files that were checked out just now are at rest.
        let clock = RegistryClock(
            now: RegistryClock.system.now,
            wallClock: { RegistryClock.system.wallClock() + 3_600_000_000_000 })
        let registry = Registry(
            Registry.Configuration(path: Fixtures.path("protocols/registry")), metrics: metrics,
            logger: Logger(sink: .closure { _ in }), clock: clock)
        try registry.look()
        registry.waitForLoads()
        let service = PredictService(registry: registry)
        let admin = AdminDesk(
            authorizer: AdminAuthorizer(try AdminKeys(Self.adminKeys, path: "keys")),
            dialect: AdminDialect(
                repository: RepositoryService(
                    registry: registry, path: Fixtures.path("protocols/registry"),
                    logger: Logger(sink: .closure { _ in }))),
            uploadBytesMax: 1 << 20)
        var configuration = HTTPServer.Configuration(addresses: [try Address(parsing: "127.0.0.1:0")])
        configuration.loopCount = 1
        configuration.timeouts.lastCall = .zero
        let server = HTTPServer(configuration: configuration) { _ in
            RequestDispatcher(
                service: service, metrics: metrics, scrapes: MetricsDesk(metrics), rowLimit: 100_000,
                routes: [RouteGroups(Configuration.RouteGroup.allCases)], admin: admin)
        }
        let address = try #require(try server.start().first)
        defer {
            server.drain(deadline: .seconds(5))
            server.waitUntilStopped()
        }
        try body(address, service)
    }
}
