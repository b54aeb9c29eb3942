// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import Testing

/// JSONTestSuite, and the decisions of docs/reference/json.md where it leaves the choice.
struct JSONConformanceTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let folder = root.appending(path: "Tests/Fixtures/json/test_parsing")

    private static func texts(_ prefix: String) throws -> [(name: String, bytes: [UInt8])] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasPrefix(prefix) }.sorted()
            .map { ($0, Array(try Data(contentsOf: folder.appending(path: $0)))) }
    }

    /// Whether both ways of reading, skipping and building, take the text. They have to agree.
    private static func accepts(_ bytes: [UInt8]) -> Bool {
        func skips() -> Bool {
            do {
                var reader = JSONReader(bytes.span)
                _ = try reader.skipValue()
                try reader.expectEnd()
                return true
            } catch {
                return false
            }
        }
        let builds: Bool
        do {
            _ = try JSONValue.parse(bytes.span)
            builds = true
        } catch {
            if case .duplicateKey = error.reason { return skips() }
            builds = false
        }
        #expect(skips() == builds, "\(String(decoding: bytes.prefix(80), as: UTF8.self))")
        return builds
    }

    @Test func legalTexts_areAccepted() throws {
        let texts = try Self.texts("y_")
        #expect(texts.count >= 90)
        for text in texts { #expect(Self.accepts(text.bytes), "\(text.name)") }
    }

    @Test func illegalTexts_areRefused() throws {
        let texts = try Self.texts("n_")
        #expect(texts.count >= 180)
        for text in texts { #expect(!Self.accepts(text.bytes), "\(text.name)") }
    }

    /// The page lists every `i_` text that is accepted; all others are refused.
    @Test func openChoices_areAsThePageSays() throws {
        let page = try String(
            contentsOf: Self.root.appending(path: "docs/reference/json.md"), encoding: .utf8)
        let texts = try Self.texts("i_")
        #expect(texts.count >= 30)
        for text in texts {
            let isListed = page.contains("`\(text.name)`")
            #expect(Self.accepts(text.bytes) == isListed, "\(text.name)")
        }
    }

    @Test func everyTruncation_isRefused() throws {
        let text = Array(#"{"a":[1,-2.5e3,true,null,"x\u00e9\n"],"b":{"c":false}}"#.utf8)
        #expect(Self.accepts(text))
        for length in 0..<text.count { #expect(!Self.accepts(Array(text.prefix(length))), "\(length)") }
    }

    @Test func hundredLevels_areTheLimit() {
        func nested(_ depth: Int) -> [UInt8] {
            Array(repeating: UInt8(ascii: "["), count: depth)
                + Array(repeating: UInt8(ascii: "]"), count: depth)
        }
        #expect(Self.accepts(nested(100)))
        #expect(!Self.accepts(nested(101)))
        #expect(!Self.accepts(nested(100_000)))
    }
}
