// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Testing

@testable import Net

@Suite struct TLSSessionTests {
    private static func copy(_ buffer: borrowing ByteBuffer) -> [UInt8] {
        let bytes = buffer.bytes
        return bytes.indices.map { bytes[$0] }
    }

    @Test func bytesTravelBothWays() throws {
        let pair = try TLSPair()
        #expect(pair.greet())
        #expect(pair.isEstablished)
        #expect(pair.server.session?.clientCertificate == nil)
    }

    @Test func largeMessage_arrivesWholeOverASocketThatIsOftenFull() throws {
        let pair = try TLSPair()
        #expect(pair.greet())
        let message = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        pair.clientInput.clear()
        var sent = 0
        var blocked = 0
        while sent < message.count {
            switch pair.server.send(message.span.extracting(sent..<message.count)) {
            case .bytes(let count): sent += count
            case .wouldBlock: blocked += 1
            case .end, .failed: Issue.record("the connection broke after \(sent) bytes")
            }
            pair.exchange()
        }
        #expect(blocked > 0 || sent == message.count)
        #expect(pair.clientInput.count == message.count)
        #expect(Self.copy(pair.clientInput) == message)
    }

    @Test func limitedReads_leaveTheRestInSight() throws {
        let pair = try TLSPair()
        #expect(pair.greet())
        let message = [UInt8](repeating: 7, count: 40_000)
        _ = pair.client.send(message.span)
        var input = ByteBuffer()
        let first = pair.server.receive(into: &input, limit: 1_000)
        #expect(first == .bytes(1_000))
        // The poller will not report what has been taken out of the socket.
        let hasMore = pair.server.hasBufferedInput
        #expect(hasMore)
        while pair.server.hasBufferedInput || input.count < 40_000 {
            guard case .bytes = pair.server.receive(into: &input, limit: 1_000) else { break }
        }
        #expect(input.count == 40_000)
        let last = pair.server.receive(into: &input, limit: 1_000)
        #expect(last == .wouldBlock)
        let stillHasMore = pair.server.hasBufferedInput
        #expect(!stillHasMore)
    }

    @Test func goodbye_isTheEndForTheOtherSide() throws {
        let pair = try TLSPair()
        #expect(pair.greet())
        pair.server.shutdownWrites()
        pair.exchange()
        #expect(pair.clientResult == .end)
    }

    @Test func clientCertificate_isHandedOn() throws {
        let pair = try TLSPair(.fixture(clients: .required), clientCertificate: "client")
        #expect(pair.greet())
        let certificate = try #require(pair.server.session?.clientCertificate)
        #expect(certificate.subject == "CN=batch,OU=risk,O=Example")
        #expect(
            certificate.names == [
                .dns("batch.example"), .uri("spiffe://example/batch"), .email("batch@example.org"),
                .address([10, 0, 0, 7]),
            ])
    }

    @Test func optionalCertificate_mayBeMissing() throws {
        let pair = try TLSPair(.fixture(clients: .optional))
        #expect(pair.greet())
        #expect(pair.server.session?.clientCertificate == nil)
    }

    @Test func requiredCertificate_mayNotBeMissing() throws {
        let pair = try TLSPair(.fixture(clients: .required))
        #expect(!pair.greet())
        #expect(pair.server.session?.hasHandshaken == false)
        #expect(pair.server.session?.failure?.contains("certificate") == true)
    }

    @Test(arguments: [TLSSettings.ClientCertificates.optional, .required])
    func strangersCertificate_isRefused(_ mode: TLSSettings.ClientCertificates) throws {
        let pair = try TLSPair(.fixture(clients: mode), clientCertificate: "stranger")
        #expect(!pair.greet())
        #expect(pair.server.session?.failure?.contains("self-signed") == true)
        #expect(pair.server.session?.clientCertificate == nil)
    }

    /// A certificate that was made for servers does not open the door for a client.
    @Test func serversCertificate_isNoClients() throws {
        let pair = try TLSPair(.fixture(clients: .required), clientCertificate: "server")
        #expect(!pair.greet())
        #expect(pair.server.session?.failure?.contains("purpose") == true)
    }

    @Test func clientChecksNameAndAuthority() throws {
        let wrongName = try TLSPair(host: "other.example")
        #expect(!wrongName.greet())
        #expect(wrongName.client.session?.failure?.contains("ostname mismatch") == true)
        let wrongAuthority = try TLSPair(trusting: "stranger")
        #expect(!wrongAuthority.greet())
        let byAddress = try TLSPair(host: "127.0.0.1")
        #expect(byAddress.client.session != nil)
    }

    @Test func plainText_isAFailureAndNoCrash() throws {
        let pair = try TLSPair()
        let plain = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(RawWriter.write(plain, to: pair.client.number))
        pair.exchange()
        guard case .failed = pair.serverResult else {
            Issue.record("\(pair.serverResult)")
            return
        }
        #expect(pair.server.session?.failure?.contains("http request") == true)
    }
}

/// Bytes past TLS.
enum RawWriter {
    static func write(_ bytes: [UInt8], to number: CInt) -> Bool {
        let copy = Socket(owning: dup(number))
        return copy.send(bytes.span) == .bytes(bytes.count)
    }
}
