// SPDX-License-Identifier: Apache-2.0
import Base
import TestKit
import Testing

/// JSONTestSuite (see Tests/Fixtures/json/README.md), and our choices where it leaves one.
@Suite struct JSONConformanceTests {
    private static let folder = "json/test_parsing"

    private func error(of bytes: [UInt8]) -> JSONError? {
        do {
            _ = try JSONValue.parse(bytes.span)
            return nil
        } catch {
            return error
        }
    }

    /// Skipping checks a text like reading it, but for the size of numbers.
    private func isSkipped(_ bytes: [UInt8]) -> Bool {
        var reader = JSONReader(bytes.span)
        do {
            try reader.skipValue()
            try reader.expectEnd()
            return true
        } catch {
            return false
        }
    }

    private func files(_ prefix: String) throws -> [String] {
        try Fixtures.names(in: Self.folder).filter { $0.hasPrefix(prefix) }
    }

    @Test func textsOfTheSuite_areAcceptedOrRefusedAsTheRFCSays() throws {
        var examined = 0
        for name in try files("y_") {
            let bytes = try Fixtures.bytes("\(Self.folder)/\(name)")
            // The one rule of ours that is stricter: documents take no key twice.
            let code = name.contains("duplicated_key") ? "json.duplicate_key" : nil
            #expect(error(of: bytes)?.code == code, "\(name)")
            #expect(isSkipped(bytes), "\(name)")
            examined += 1
        }
        for name in try files("n_") {
            let bytes = try Fixtures.bytes("\(Self.folder)/\(name)")
            #expect(error(of: bytes) != nil, "\(name)")
            #expect(!isSkipped(bytes), "\(name)")
            examined += 1
        }
        print("JSONTestSuite: \(examined) texts with one right answer")
        #expect(examined == 283)
    }

    /// Rows of the reference page: | `i_name` | accepted, or the error's code | why |.
    private func decisions() throws -> [String: String] {
        let page = try Fixtures.contents(ofFile: "\(Fixtures.repository)/docs/reference/json.md")
        var decisions: [String: String] = [:]
        for line in String(decoding: page, as: UTF8.self).split(separator: "\n") where line.hasPrefix("| `i_")
        {
            let cells = line.split(separator: "|").map { String($0.filter { $0 != "`" && $0 != " " }) }
            decisions[cells[0]] = cells[1]
        }
        return decisions
    }

    @Test func textsThatTheRFCLeavesOpen_areDecidedAsTheReferencePageSays() throws {
        let decisions = try decisions()
        let names = try files("i_")
        for name in names {
            let outcome = error(of: try Fixtures.bytes("\(Self.folder)/\(name)"))?.code ?? "accepted"
            #expect(decisions[String(name.dropLast(".json".count))] == outcome, "\(name)")
        }
        print("JSONTestSuite: \(names.count) texts with a choice")
        #expect(names.count == 35)
        #expect(decisions.count == 35)
    }

    @Test func prefixesOfValidTexts_areRefused() throws {
        let texts = [
            #"{"inputs":[{"name":"input","shape":[1,3],"data":[0.123,-4.5e-3,null]}],"id":"\u00e9"}"#,
            #"[[true,false,null],{"a":{"b":"c\n\ud83d\ude00é€😀"}},"",{},[]]"#,
            #""text""#, "true", "null", #"{"a" : [ 1 , 2 ] }"#,
        ]
        for text in texts {
            let bytes = Array(text.utf8)
            #expect(error(of: bytes) == nil, "\(text)")
            for length in 0..<bytes.count {
                let prefix = Array(bytes[..<length])
                let error = error(of: prefix)
                #expect(error != nil, "\(text) cut to \(length)")
                #expect(error.map { $0.offset <= length } == true, "\(text) cut to \(length)")
                #expect(!isSkipped(prefix), "\(text) cut to \(length)")
            }
        }
    }

    @Test func changedBytes_neverTrap() throws {
        let text = Array(
            #"{"a":[1.5e3,"x\u00e9\\",{"k":null}],"é":[true,-0,123456789012345678901234567890]}"#.utf8)
        var generator = SeededGenerator(seed: 20)
        let alphabet = Array(#"{}[]:,"\ue01-+.Etfn"#.utf8) + [0, 0x1f, 0x80, 0xc2, 0xed, 0xf4, 0xff]
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = alphabet.randomElement(using: &generator) ?? 0
            }
            if error(of: bytes) == nil {
                accepted += 1
                #expect(isSkipped(bytes))
            }
        }
        #expect(accepted > 0)
    }
}
