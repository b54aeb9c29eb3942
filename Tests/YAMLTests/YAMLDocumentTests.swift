// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import YAML

@Suite struct YAMLDocumentTests {
    private func parse(
        _ text: String, limits: YAMLDocument.Limits = YAMLDocument.Limits()
    ) throws(YAMLError) -> YAMLValue? {
        try YAMLDocument.parse(Array(text.utf8).span, limits: limits)
    }

    private func failure(_ text: String, limits: YAMLDocument.Limits = YAMLDocument.Limits()) -> YAMLError? {
        do throws(YAMLError) {
            let value = try parse(text, limits: limits)
            Issue.record("read \(String(describing: value)) from \(text.prefix(200))")
            return nil
        } catch {
            return error
        }
    }

    @Test func mappingsKeepTheirOrderAndKnowTheirPlaces() throws {
        let value = try #require(try parse("zeta: 1\nalpha:\n  - x\n  - \"y z\"\n"))
        let entries = try #require(value.mapping)
        #expect(entries.map(\.key) == ["zeta", "alpha"])
        #expect(entries[1].keyMark == YAMLMark(line: 2, column: 1))
        let list = try #require(entries[1].value.sequence)
        #expect(list.map(\.scalar) == ["x", "y z"])
        #expect(list[1].mark == YAMLMark(line: 4, column: 5))
        #expect(list[1].content == .scalar("y z", isPlain: false))
    }

    @Test(arguments: [
        "", "# only a comment\n", "---\n", "~", "null", "--- # nothing\n...\n", "\u{FEFF}# mark\n",
    ])
    func documentsWithoutAValue_areNil(text: String) throws { #expect(try parse(text) == nil) }

    @Test func quotedNull_isText() throws {
        let value = try #require(try parse("a: 'null'\nb: null\nc:\nd: ~"))
        #expect(value.mapping?.map(\.value.isNull) == [false, true, true, true])
    }

    @Test func blockScalarsEscapesAndFlowStyle_areRead() throws {
        let value = try #require(try parse("a: |\n  one\n  two\nb: \"\\u00e9\\0\"\nc: {d: [1, 2], e: {}}\n"))
        #expect(value["a"]?.scalar == "one\ntwo\n")
        #expect(value["b"]?.scalar == "é\0")
        #expect(value["c"]?["d"]?.sequence?.count == 2)
        #expect(value["c"]?["e"]?.mapping?.isEmpty == true)
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", "yaml_duplicate_key", 3, 1),
        ("a: &x 1\n", "yaml_anchor_or_alias", 1, 4),
        ("a: *x\n", "yaml_anchor_or_alias", 1, 4),
        ("&k a: 1\n", "yaml_anchor_or_alias", 1, 1),
        ("a: !!python/object:os.system x\n", "yaml_tag", 1, 4),
        ("a: !mine [1]\n", "yaml_tag", 1, 4),
        ("a: 1\n<<: {b: 2}\n", "yaml_merge_key", 2, 1),
        ("? [1, 2]\n: 3\n", "yaml_key_not_scalar", 1, 3),
        ("a: 1\n---\nb: 2\n", "yaml_several_documents", 2, 1),
        ("a: 1\n  b: 2\n", "yaml_syntax", 2, 4),
        ("a: [1, 2\n", "yaml_syntax", 2, 1),
        ("a: \"open\n", "yaml_syntax", 2, 1),
        ("\tfoo: 1\n", "yaml_syntax", 1, 1),
        ("- 1\nb: 2\n", "yaml_syntax", 2, 1),
        ("a: @x\n", "yaml_syntax", 1, 4),
        ("a: 1\nb: \u{1}\n", "yaml_syntax", 2, 4),
        ("%YAML 9.9\n---\na: 1\n", "yaml_syntax", 1, 1),
    ])
    func hostileDocuments_areRefusedWithTheirPlace(text: String, code: String, line: Int, column: Int) {
        let error = failure(text)
        #expect(error?.code == code, "\(String(describing: error))")
        #expect(error?.mark == YAMLMark(line: line, column: column), "\(String(describing: error))")
    }

    @Test func textThatIsNotUTF8_isRefusedWithItsPlace() {
        let bytes: [UInt8] = Array("a: 1\nb: é".utf8) + [0xFF, 0x0A]
        #expect(throws: YAMLError.self) { try YAMLDocument.parse(bytes.span) }
        do { _ = try YAMLDocument.parse(bytes.span) } catch {
            #expect(error.code == "yaml_syntax")
            #expect(error.mark == YAMLMark(line: 2, column: 5))
        }
        // UTF-16 with its byte-order mark, which libyaml would read.
        #expect(throws: YAMLError.self) { try YAMLDocument.parse([0xFF, 0xFE, 0x61, 0x00].span) }
    }

    @Test func depth_isBounded() throws {
        let deepest = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        #expect(try parse(deepest) != nil)
        #expect(failure("[" + deepest + "]")?.reason == .tooDeep(limit: 32))
        #expect(failure(String(repeating: "[", count: 100_000))?.reason == .tooDeep(limit: 32))
        #expect(failure(String(repeating: "{a: ", count: 100_000))?.reason == .tooDeep(limit: 32))
        #expect(failure(String(repeating: "- ", count: 100_000))?.reason == .tooDeep(limit: 32))
    }

    @Test func bytesAndNodes_areBounded() throws {
        var limits = YAMLDocument.Limits()
        limits.bytes = 10
        limits.nodes = 4
        #expect(try parse("[1, 2, 3]", limits: limits) != nil)
        #expect(failure("[1,2,3, 4]", limits: limits)?.reason == .tooManyNodes(limit: 4))
        #expect(failure("[1, 2, 3 ] ", limits: limits)?.reason == .tooManyBytes(limit: 10))
    }

    @Test func everyTruncationAndEveryChangedByte_isAnAnswer() {
        let text = Array(
            "# c\nlisten: [\"127.0.0.1:8080\", '[::1]:80']\nlimits: {body_bytes: 64MiB}\nx: |\n  y\n".utf8)
        for length in 0...text.count { _ = try? YAMLDocument.parse(Array(text[..<length]).span) }
        for index in text.indices {
            for byte in [0x00, 0x09, 0x0A, 0x21, 0x22, 0x26, 0x2A, 0x3A, 0x5B, 0x7B, 0x80, 0xFF] as [UInt8] {
                var changed = text
                changed[index] = byte
                _ = try? YAMLDocument.parse(changed.span)
            }
        }
    }
}
