// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ControlApp

@Suite struct ServerAddressTests {
    @Test(arguments: [
        ("http://localhost:9000", "http://localhost:9000"), ("localhost", "http://localhost:8080"),
        ("HTTP://10.0.0.1/", "http://10.0.0.1:8080"), ("[::1]:81", "http://[::1]:81"),
        ("http://[fe80::1]", "http://[fe80::1]:8080"),
    ])
    func addresses_areRead(text: String, expected: String) throws {
        #expect(try ServerAddress(parsing: text, source: "test").description == expected)
    }

    @Test(arguments: [
        "", "http://", "https://x", "ftp://x", "x:0", "x:65536", "x:y", "x:", "::1", "a/b", "user@x", "a b",
        ":80",
    ])
    func others_areRefused(text: String) {
        #expect(throws: ControlError.invalidServer(text: text, source: "test")) {
            try ServerAddress(parsing: text, source: "test")
        }
    }

    @Test func optionWinsOverVariableOverTheDaemonsOwn() throws {
        func choose(_ option: String?, _ server: String?, _ listen: String?) throws -> String {
            try ServerAddress.choose(option: option, server: server, listen: listen).authority
        }
        #expect(try choose("a", "b", "c:1") == "a:8080")
        #expect(try choose(nil, "b", "c:1") == "b:8080")
        #expect(try choose(nil, nil, "c:1,d:2") == "c:1")
        #expect(try choose(nil, nil, "0.0.0.0:9") == "127.0.0.1:9")
        #expect(try choose(nil, nil, "[::]:9") == "[::1]:9")
        #expect(try choose(nil, nil, "unix:/a,tls:c:1,systemd:x,d:2") == "d:2")
        #expect(try choose(nil, nil, nil) == "127.0.0.1:8080")
    }

    @Test func references_areRead() throws {
        #expect(try ModelReference(parsing: "a").metadataPath == "/v2/models/a")
        #expect(
            try ModelReference(parsing: "a/b é@12").metadataPath == "/v2/models/a%2Fb%20%C3%A9/versions/12")
        for text in ["", "@1", "a@", "a@x", "a@-1"] {
            #expect(throws: ControlError.invalidModelReference(text)) { try ModelReference(parsing: text) }
        }
    }
}
