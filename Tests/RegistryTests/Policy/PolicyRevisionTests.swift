// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@testable import Registry

struct PolicyRevisionTests {
    private func parse(_ members: String) throws(PolicyDefect) -> PolicyRevision {
        let bytes = Array("{\"modeld_policy\":1,\"model\":\"m\",\"revision\":3,\(members)}".utf8)
        return try PolicyRevision.parse(bytes.span, model: "m", number: 3)
    }

    @Test func whatItDoesNotState_isLeftToPeople() throws {
        var policy = ModelPolicy()
        policy.versions = .latest(1)
        policy.aliases = ["a": ModelVersion(1), "b": ModelVersion(2)]
        policy.defaultTarget = .alias("a")
        policy.split = [.init(.alias("a"), 1)]
        policy.shadow = .init(.alias("b"))
        #expect(try policy.applying(try parse("\"x\":1")) == policy)
        var cleared = policy
        cleared.defaultTarget = .latest
        cleared.split = []
        cleared.shadow = nil
        cleared.aliases = ["b": ModelVersion(2)]
        let revision = try parse("\"default\":null,\"split\":null,\"shadow\":null,\"aliases\":{\"a\":null}")
        #expect(try policy.applying(revision) == cleared)
    }

    @Test func itIsWrittenAsItIsRead() throws {
        for members in [
            "\"versions\":\"all\"", "\"versions\":[1,2]", "\"versions\":{\"latest\":3}", "\"default\":4",
            "\"default\":\"latest\"", "\"default\":null", "\"split\":null", "\"split\":{\"1\":2,\"a\":3}",
            "\"shadow\":null", "\"shadow\":{\"to\":\"a\",\"percent\":0.25}", "\"retired\":[1,9]",
            "\"aliases\":{\"a\":null,\"b\":1}", "\"time\":\"t\",\"actor\":\"\\u0000\",\"reason\":\"\\\"\"",
        ] {
            let revision = try parse(members)
            var buffer = ByteBuffer()
            revision.write(into: &buffer)
            #expect(try PolicyRevision.parse(buffer.bytes, model: "m", number: 3) == revision, "\(members)")
        }
    }

    @Test(arguments: [
        ("\"versions\":{\"latest\":0}", "versions"), ("\"versions\":[]", "versions"),
        ("\"versions\":[-1]", "versions"), ("\"default\":-1", "default"), ("\"default\":\"1x\"", "default"),
        ("\"default\":1.5", "default"), ("\"aliases\":[]", "aliases"), ("\"aliases\":{\"1\":1}", "aliases.1"),
        ("\"aliases\":{\"a\":\"b\"}", "aliases.a"), ("\"split\":[]", "split"),
        ("\"split\":{\"1\":1000001}", "split.1"), ("\"shadow\":{}", "shadow"),
        ("\"shadow\":{\"to\":1,\"percent\":0}", "shadow.percent"), ("\"retired\":1", "retired"),
    ])
    func whatIsWrong_isSaidWithItsKey(members: String, key: String) {
        #expect { try parse(members) } throws: { ($0 as? PolicyDefect)?.key == key }
    }

    @Test(arguments: [
        "", "[]", "{", "{\"modeld_policy\":2,\"model\":\"m\",\"revision\":3}",
        "{\"modeld_policy\":1,\"model\":\"n\",\"revision\":3}",
        "{\"modeld_policy\":1,\"model\":\"m\",\"revision\":4}",
        "{\"modeld_policy\":1,\"model\":\"m\",\"model\":\"m\",\"revision\":3}",
    ])
    func anotherModelsOrVersionsFile_isRefused(text: String) {
        let bytes = Array(text.utf8)
        #expect(throws: PolicyDefect.self) {
            try PolicyRevision.parse(bytes.span, model: "m", number: 3)
        }
    }

    @Test func together_theyMustFit() throws {
        var policy = ModelPolicy()
        policy.aliases = ["a": ModelVersion(1)]
        policy.split = [.init(.alias("a"), 1)]
        // The alias that people's split uses is gone, or its version retired.
        #expect(throws: PolicyDefect.self) { try policy.applying(try parse("\"aliases\":{\"a\":null}")) }
        #expect(throws: PolicyDefect.self) { try policy.applying(try parse("\"retired\":[1]")) }
        #expect(throws: PolicyDefect.self) { try policy.applying(try parse("\"default\":\"b\"")) }
        #expect(throws: PolicyDefect.self) { try policy.applying(try parse("\"split\":{\"7\":0}")) }
    }

    @Test func filesAreNamedByTenDigits() {
        #expect(PolicyRevision.fileName(7) == "0000000007.json")
        #expect(PolicyRevision.fileName(PolicyRevision.numberMax) == "9999999999.json")
        #expect(PolicyRevision.number(ofFile: "0000000007.json") == 7)
        for name in ["7.json", ".0000000007.json", "000000000x.json", "0000000007.jso", "00000000007.json"] {
            #expect(PolicyRevision.number(ofFile: name) == nil, "\(name)")
        }
    }
}
