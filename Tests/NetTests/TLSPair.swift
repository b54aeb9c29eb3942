// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import TestKit
import Testing

@testable import Net

extension TLSSettings {
    /// The fixture's certificate and key with these names.
    static func fixture(
        _ name: String = "server", clients: ClientCertificates = .off, _ version: Version = .tls12
    ) -> TLSSettings {
        var settings = TLSSettings(
            certificatePath: Fixtures.path("tls/\(name).pem"), keyPath: Fixtures.path("tls/\(name).key"))
        settings.clientCertificates = clients
        settings.clientAuthoritiesPath = Fixtures.path("tls/authority.pem")
        settings.versionMin = version
        return settings
    }
}

/// Both ends of one TLS connection over a pair of non-blocking sockets, in one thread.
final class TLSPair {
    var server: Transport
    var client: Transport
    private(set) var serverResult = IOResult.wouldBlock
    private(set) var clientResult = IOResult.wouldBlock
    var serverInput = ByteBuffer()
    var clientInput = ByteBuffer()

    init(
        _ settings: TLSSettings = .fixture(), clientCertificate: String? = nil, host: String = "localhost",
        trusting: String = "authority", on tls: TLSServer? = nil
    ) throws {
        var numbers: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue | UInt32(SOCK_NONBLOCK.rawValue))
        // Safe because the kernel writes two numbers, for which the array has room.
        try #require(unsafe socketpair(AF_UNIX, type, 0, &numbers) == 0)
        let context = try TLSContext(clientTrusting: Fixtures.path("tls/\(trusting).pem"))
        if let name = clientCertificate {
            try context.showCertificate(
                Fixtures.path("tls/\(name).pem"), key: Fixtures.path("tls/\(name).key"))
        }
        let tls = try tls ?? TLSServer(settings)
        let serverSession = try #require(tls.makeSession(numbers[0]))
        let clientSession = try #require(
            TLSSession(context, descriptor: numbers[1], role: .client(host: host)))
        server = Transport(Socket(owning: numbers[0]), serverSession)
        client = Transport(Socket(owning: numbers[1]), clientSession)
    }

    /// Lets both sides read until neither gets on.
    func exchange() {
        for _ in 0..<8 {
            if clientResult == .wouldBlock { clientResult = read(client, into: &clientInput) }
            if serverResult == .wouldBlock { serverResult = read(server, into: &serverInput) }
        }
    }

    private func read(_ transport: borrowing Transport, into input: inout ByteBuffer) -> IOResult {
        while true {
            let result = transport.receive(into: &input, limit: 65_536)
            guard case .bytes = result else { return result }
        }
    }

    private static func text(_ buffer: borrowing ByteBuffer) -> String { String(copying: buffer.bytes) }

    var isEstablished: Bool {
        client.session?.hasHandshaken == true && server.session?.hasHandshaken == true
    }

    /// Says one word in each direction, which ends the handshakes of TLS 1.3.
    func greet() -> Bool {
        exchange()
        let (hello, welcome) = (Array("hello".utf8), Array("welcome".utf8))
        _ = client.send(hello.span)
        exchange()
        _ = server.send(welcome.span)
        exchange()
        return Self.text(serverInput) == "hello" && Self.text(clientInput) == "welcome"
    }
}
