// SPDX-License-Identifier: Apache-2.0
import Base
import TestKit
import Testing

@testable import Net

@Suite struct TLSServerTests {
    /// A server whose files can be replaced.
    private static func with(
        _ body: (TLSServer, (_ name: String, _ fixture: String, _ bytesKept: Int?) throws -> Void) throws ->
            Void
    ) throws {
        try TemporaryDirectory.with { directory in
            func put(_ name: String, _ fixture: String, _ bytesKept: Int?) throws {
                let bytes = try Fixtures.bytes("tls/\(fixture)")
                try directory.write(Array(bytes.prefix(bytesKept ?? bytes.count)), to: name)
            }
            try put("tls.crt", "server.pem", nil)
            try put("tls.key", "server.key", nil)
            try put("ca.crt", "authority.pem", nil)
            var settings = TLSSettings(
                certificatePath: "\(directory.path)/tls.crt", keyPath: "\(directory.path)/tls.key")
            settings.clientCertificates = .optional
            settings.clientAuthoritiesPath = "\(directory.path)/ca.crt"
            try body(TLSServer(settings), put)
        }
    }

    @Test func unchangedFiles_areNotReadAgain() throws {
        try Self.with { server, _ throws in
            #expect(try server.reload() == false)
            #expect(server.certificateEnd > 4_000_000_000)
        }
    }

    @Test func newPair_servesNewConnectionsWhileOldOnesGoOn() throws {
        try Self.with { server, put throws in
            let old = try TLSPair(on: server)
            #expect(old.greet())
            try put("tls.crt", "renewed.pem", nil)
            try put("tls.key", "renewed.key", nil)
            #expect(try server.reload())
            #expect(try TLSPair(on: server).greet())
            old.serverInput.clear()
            old.clientInput.clear()
            #expect(old.greet())
        }
    }

    @Test func brokenPair_isRefusedAndTheOldOneStays() throws {
        try Self.with { server, put throws in
            try put("tls.key", "renewed.key", nil)
            #expect {
                try server.reload()
            } throws: {
                guard case NetError.keyMismatch = $0 else { return false }
                return "\($0)".contains("does not belong to the certificate")
            }
            #expect(try TLSPair(on: server).greet())
            try put("tls.crt", "renewed.pem", nil)
            #expect(try server.reload())
            #expect(try TLSPair(on: server).greet())
        }
    }

    @Test(arguments: [0, 1, 27, 28, 100, 400])
    func halfWrittenFile_isRefusedByName(bytesKept: Int) throws {
        try Self.with { server, put throws in
            for (name, fixture) in [
                ("tls.crt", "server.pem"), ("tls.key", "server.key"), ("ca.crt", "authority.pem"),
            ] {
                let length = try Fixtures.bytes("tls/\(fixture)").count
                try put(name, fixture, min(bytesKept, length - 40))
                #expect {
                    try server.reload()
                } throws: {
                    "\($0)".contains(name)
                }
                try put(name, fixture, nil)
                #expect(try server.reload() == false)
            }
            #expect(try TLSPair(on: server).greet())
        }
    }

    @Test func everyOtherAuthority_countsAfterAReload() throws {
        try Self.with { server, put throws in
            #expect(try TLSPair(clientCertificate: "client", on: server).greet())
            try put("ca.crt", "stranger.pem", nil)
            #expect(try server.reload())
            #expect(try TLSPair(clientCertificate: "client", on: server).greet() == false)
            #expect(try TLSPair(clientCertificate: "stranger", on: server).greet())
        }
    }

    @Test func encryptedKey_isRefusedWithoutAsking() throws {
        var settings = TLSSettings.fixture()
        settings.keyPath = Fixtures.path("tls/encrypted.key")
        #expect {
            try TLSServer(settings)
        } throws: {
            "\($0)".contains("encrypted.key cannot be used") && "\($0)".contains("not encrypted")
        }
    }

    @Test func missingFile_isRefusedByName() throws {
        var settings = TLSSettings.fixture()
        settings.certificatePath = "/nowhere/tls.crt"
        #expect { try TLSServer(settings) } throws: { "\($0)".contains("/nowhere/tls.crt") }
    }

    @Test func twoFailures_leaveNothingForTheNextConnection() throws {
        // OpenSSL keeps errors by thread; one that stays would be taken for the next connection's.
        for _ in 0..<2 {
            var settings = TLSSettings.fixture()
            settings.keyPath = Fixtures.path("tls/renewed.key")
            #expect(throws: NetError.self) { try TLSServer(settings) }
            let failing = try TLSPair(.fixture(clients: .required))
            #expect(!failing.greet())
            #expect(try TLSPair().greet())
        }
    }
}
