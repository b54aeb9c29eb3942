// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

/// docs/reference/model-format.md is the specification: its examples must be what the library writes and
/// reads.
@Suite struct FormatPageTests {
    static func page() throws -> String { try Repository.text("docs/reference/model-format.md") }

    /// The block of code after the comment `<!-- example: name -->`.
    static func example(_ name: String) throws -> String {
        let rest = try #require(try page().split(separator: "<!-- example: \(name) -->\n").last)
        let block = try #require(rest.split(separator: "```json\n").first)
        return String(try #require(block.split(separator: "\n```").first))
    }

    /// JSON without the space between tokens; no example has spaces that matter inside strings.
    static func compact(_ json: String) -> String {
        var text = ""
        var isInString = false
        for character in json {
            if character == "\"" { isInString.toggle() }
            if isInString || !character.isWhitespace { text.append(character) }
        }
        return text
    }

    @Test(arguments: [("graph", "modeld.graph"), ("samples", "modeld.samples")])
    func theExample_isWhatIsWritten(example: String, key: String) throws {
        let header = RawFile(try NativeModel.write(Graphs.page)).header
        let text = header.replacing("\\\"", with: "\"").replacing("e-09", with: "e-9")
        #expect(
            text.contains(
                "\"\(key)\":\"" + FormatPageTests.compact(try FormatPageTests.example(example)) + "\""))
    }

    @Test func theExamplesWithTheirSpaces_areRead() throws {
        let written = try NativeModel.write(Graphs.page)
        var raw = RawFile(written)
        for (example, key) in [("graph", "modeld.graph"), ("samples", "modeld.samples")] {
            let text = try FormatPageTests.example(example)
                .replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            let start = try #require(raw.header.ranges(of: "\"\(key)\":\"").first)
            let rest = raw.header[start.upperBound...]
            let end = try #require(rest.ranges(of: "}\"").first ?? rest.ranges(of: "]\"").first)
            let close = key == "modeld.samples" ? try #require(rest.ranges(of: "]\"").first) : end
            raw.header.replaceSubrange(start.upperBound..<rest.index(after: close.lowerBound), with: text)
        }
        let bytes = raw.bytes
        #expect(try NativeModel.write(try NativeModel.read(bytes.span)) == written)
    }

    @Test func theTensorsOfTheExample_areThoseOfTheFile() throws {
        let header = RawFile(try NativeModel.write(Graphs.page)).header
        let rest = try #require(
            try FormatPageTests.page().split(separator: "<!-- example: tensors -->\n").last)
        let rows = rest.split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("|") }
            .dropFirst(2)
        #expect(rows.count == 5)
        for row in rows {
            let cells = row.split(separator: "|").map { $0.filter { $0 != " " && $0 != "`" } }
            #expect(header.contains("\"\(cells[0])\":{\"dtype\":\"\(cells[1])\",\"shape\":\(cells[2]),"))
        }
    }
}
