// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@testable import Dialects

/// `Content-Type` and `Accept`, taken apart.
struct MediaTypeTests {
    private func parse(_ text: String) -> (String, [String: String]) {
        let bytes = Array(text.utf8)
        let type = MediaType(bytes.span)
        var values: [String: String] = [:]
        for name in type.parameterNames {
            guard let range = type.parameterRange(name) else { continue }
            values[name] = String(decoding: bytes[range], as: UTF8.self)
        }
        return (type.essence, values)
    }

    @Test func parameters_areTakenApart() {
        #expect(
            parse("Text/CSV; Header=present;x=\"a;b\" ;y") == ("text/csv", ["header": "present", "x": "a;b"]))
        #expect(parse("") == ("", [:]))
        #expect(parse(" ; = ;;") == ("", ["": ""]))
    }

    @Test func theFirstAcceptedForm_isTaken() throws {
        func accepted(_ text: String?, standard: String? = nil) throws -> InvocationAnswer {
            guard let text else { return try .accepted(nil, standard: standard) }
            return try .accepted(Array(text.utf8).span, standard: standard)
        }
        #expect(try accepted(nil) == .json)
        #expect(try accepted("image/png, text/csv;q=0.5") == .table)
        #expect(try accepted("*/*", standard: "text/csv") == .table)
        #expect(try accepted("application/x-npy") == .array)
        #expect(throws: (any Error).self) { try accepted("image/png") }
    }
}
