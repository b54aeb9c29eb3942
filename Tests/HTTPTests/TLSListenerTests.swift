// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Synchronization
import TestKit
import Testing

@testable import HTTP
@testable import Net

/// The same server behind TLS.
@Suite(.timeLimit(.minutes(1))) struct TLSListenerTests {
    private static let get = "GET /names/a HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func tls(_ clients: TLSSettings.ClientCertificates = .off) throws -> TLSServer {
        var settings = TLSSettings(
            certificatePath: Fixtures.path("tls/server.pem"), keyPath: Fixtures.path("tls/server.key"))
        settings.clientCertificates = clients
        settings.clientAuthoritiesPath = Fixtures.path("tls/authority.pem")
        return try TLSServer(settings)
    }

    private static func fixture(
        _ clients: TLSSettings.ClientCertificates = .off,
        _ change: (inout HTTPServer.Configuration) -> Void = { _ in }
    ) throws -> ServerFixture {
        let tls = try tls(clients)
        return try ServerFixture { configuration in
            configuration.listeners[0].tls = tls
            change(&configuration)
        }
    }

    private static func connect(_ fixture: ServerFixture, certificate: String? = nil) throws -> RawClient {
        let context = try TLSContext(clientTrusting: Fixtures.path("tls/authority.pem"))
        if let certificate {
            try context.showCertificate(
                Fixtures.path("tls/\(certificate).pem"), key: Fixtures.path("tls/\(certificate).key"))
        }
        let socket = try Socket.connect(to: fixture.address, timeout: .seconds(20))
        let session = try #require(
            TLSSession(context, descriptor: socket.number, role: .client(host: "localhost")))
        return RawClient(Transport(socket, session))
    }

    @Test func request_isAnsweredAndTheConnectionKept() throws {
        let fixture = try Self.fixture()
        let client = try Self.connect(fixture)
        for _ in 0..<20 {
            client.send(Self.get)
            #expect(client.read(until: "\r\n\r\na").hasPrefix("HTTP/1.1 200 OK"))
        }
        #expect(fixture.tally.counts.withLock { $0.opened } == 1)
    }

    @Test func pipelinedRequestsInOneRecord_areAllAnswered() throws {
        let fixture = try Self.fixture()
        let client = try Self.connect(fixture)
        client.send(
            String(repeating: Self.get, count: 200) + "GET /closing HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.readToEnd().occurrences(of: "HTTP/1.1 200 OK") == 201)
    }

    /// What the session has decrypted while answers waited is not forgotten when they have gone out.
    @Test func slowReader_getsAllAnswers() throws {
        let fixture = try Self.fixture { $0.outputBytesMax = 65_536 }
        let client = try Self.connect(fixture)
        client.send(String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 8))
        client.send("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.readToEnd().occurrences(of: "HTTP/1.1 200 OK") == 9)
    }

    @Test func largeBody_comesBackWhole() throws {
        let fixture = try Self.fixture()
        let client = try Self.connect(fixture)
        let body = String(repeating: "0123456789abcdef", count: 60_000)
        client.send(
            "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n"
                + body)
        #expect(client.readToEnd().hasSuffix("\r\n\r\n" + body))
    }

    @Test func refusalAmidALargeBody_isReadable() throws {
        let fixture = try Self.fixture { $0.limits.bodyBytesMax = 1_000 }
        let client = try Self.connect(fixture)
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n")
        client.send(String(repeating: "x", count: 400_000))
        #expect(client.readToEnd().hasPrefix("HTTP/1.1 413 "))
    }

    @Test func clientCertificate_reachesTheHandler() throws {
        let fixture = try Self.fixture(.required)
        let client = try Self.connect(fixture, certificate: "client")
        client.send("GET /whoami HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(client.readToEnd().hasSuffix("CN=batch,OU=risk,O=Example"))
    }

    @Test func clientWithoutCertificate_isTurnedAwayAndCounted() throws {
        let fixture = try Self.fixture(.required)
        let client = try Self.connect(fixture)
        client.send(Self.get)
        #expect(client.readToEnd() == "")
        // The next client is served, and its answer shows that the loop has seen the end of the first.
        let good = try Self.connect(fixture, certificate: "client")
        good.send("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(good.readToEnd().hasPrefix("HTTP/1.1 200"))
        let failures = fixture.tally.counts.withLock { $0.handshakeFailures }
        #expect(failures.count == 1 && failures[0].contains("certificate"))
    }

    @Test func silentClient_isClosedByTheHeadDeadline() throws {
        let fixture = try Self.fixture { $0.timeouts.head = .milliseconds(100) }
        let plain = try fixture.connect()
        #expect(plain.readToEnd() == "")
        #expect(plain.lastResult == .end)
    }

    @Test func plainRequest_isTurnedAway() throws {
        let fixture = try Self.fixture()
        let answer = try fixture.exchange(Self.get)
        #expect(!answer.contains("200 OK"))
        let client = try Self.connect(fixture)
        client.send("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.readToEnd().hasPrefix("HTTP/1.1 200"))
        #expect(fixture.tally.counts.withLock { $0.handshakeFailures }.count == 1)
    }

    @Test func plainAndTLSListeners_standSideBySide() throws {
        let tls = try Self.tls()
        var addresses: [Address] = []
        let server = HTTPServer(
            configuration: {
                var configuration = HTTPServer.Configuration(addresses: [
                    .ip(host: "127.0.0.1", port: 0), .ip(host: "127.0.0.1", port: 0),
                ])
                configuration.listeners[1].tls = tls
                configuration.loopCount = 2
                return configuration
            }()
        ) { _ in EchoHandler() }
        addresses = try server.start()
        defer {
            server.drain(deadline: .zero)
            server.waitUntilStopped()
        }
        let plain = RawClient(try Socket.connect(to: addresses[0], timeout: .seconds(20)))
        plain.send("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(plain.readToEnd().hasPrefix("HTTP/1.1 200"))
        let context = try TLSContext(clientTrusting: Fixtures.path("tls/authority.pem"))
        let socket = try Socket.connect(to: addresses[1], timeout: .seconds(20))
        let session = try #require(
            TLSSession(context, descriptor: socket.number, role: .client(host: "localhost")))
        let secured = RawClient(Transport(socket, session))
        secured.send("GET /closing HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(secured.readToEnd().hasPrefix("HTTP/1.1 200"))
    }

    @Test func drain_saysGoodbye() throws {
        let fixture = try Self.fixture()
        let client = try Self.connect(fixture)
        client.send(Self.get)
        _ = client.read(until: "\r\n\r\na")
        fixture.server.drain(deadline: .seconds(30))
        #expect(client.readToEnd() == "" && client.lastResult == .end)
        client.shutdownWrites()
        fixture.server.waitUntilStopped()
    }
}
