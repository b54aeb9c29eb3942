// SPDX-License-Identifier: Apache-2.0
import Base
import Synchronization
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1))) struct RequestIdentifierTests {
    private static func fixture() throws -> ServerFixture {
        try ServerFixture { $0.sendsRequestIdentifiers = true }
    }

    private static func identifiers(_ answer: String) -> [String] {
        answer.split(separator: "\r\n").filter { $0.hasPrefix("X-Request-Id: ") }.map {
            String($0.dropFirst(14))
        }
    }

    private static func get(_ header: String) -> String {
        "GET /closing HTTP/1.1\r\nHost: a\r\n\(header)\r\n"
    }

    @Test(arguments: ["a", "7f0c-AZ_1.2:3/4+5=", String(repeating: "x", count: 128)])
    func clientsIdentifier_isSentBackAndTold(_ text: String) throws {
        let fixture = try Self.fixture()
        #expect(Self.identifiers(try fixture.exchange(Self.get("x-request-id: \(text)\r\n"))) == [text])
        #expect(fixture.tally.counts.withLock { $0.requests } == ["GET /closing \(text)"])
    }

    @Test(arguments: [
        "", "a b", "a\"b", "a\\b", "<b>", "a;b", "a,b", "é", "a%0d%0ab", String(repeating: "x", count: 129),
    ])
    func malformedIdentifier_isReplaced(_ text: String) throws {
        let fixture = try Self.fixture()
        let found = Self.identifiers(try fixture.exchange(Self.get("X-Request-Id: \(text)\r\n")))
        #expect(found.count == 1 && found[0] != text && found[0].utf8.count == 33)
    }

    @Test func madeIdentifiers_differ() throws {
        let fixture = try Self.fixture()
        let first = Self.identifiers(
            try fixture.exchange(
                String(repeating: "GET /names/a HTTP/1.1\r\nHost: a\r\n\r\n", count: 9) + Self.get("")))
        let other = Self.identifiers(try Self.fixture().exchange(Self.get("")))
        #expect(Set(first + other).count == 11)
    }

    /// A refused message may be half of somebody else's: its identifier is not believed.
    @Test func refusedRequest_getsAFreshIdentifier() throws {
        let answer = try Self.fixture().exchange(
            "GET / HTTP/1.1\r\nX-Request-Id: mine\r\nBad Header: 1\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(Self.identifiers(answer).count == 1 && !answer.contains("mine"))
    }

    @Test func identifierIsOff_unlessAskedFor() throws {
        #expect(try !ServerFixture().exchange(Self.get("X-Request-Id: a\r\n")).contains("X-Request-Id"))
    }

    @Test func everyByteOutsideTheAlphabet_isRefused() {
        let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/+=".utf8)
        for byte in UInt8.min...UInt8.max {
            let text = [byte]
            #expect(RequestIdentifier.isWellFormed(text.span) == allowed.contains(byte), "\(byte)")
        }
    }
}
