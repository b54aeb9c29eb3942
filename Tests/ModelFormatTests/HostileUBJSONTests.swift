// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

/// Universal Binary JSON with one defect each, and damage to a whole XGBoost model in that form.
@Suite struct HostileUBJSONTests {
    private static func key(_ name: String) -> [UInt8] {
        [UInt8(ascii: "L"), 0, 0, 0, 0, 0, 0, 0, UInt8(name.utf8.count)] + Array(name.utf8)
    }

    /// `{"learner": VALUE}`; the learner's own members do not matter, for the defect comes first.
    private static func document(_ value: [UInt8]) -> [UInt8] {
        [UInt8(ascii: "{")] + key("learner") + value + [UInt8(ascii: "}")]
    }

    struct Defect: Sendable, CustomTestStringConvertible {
        var name: String
        var value: [UInt8]
        var testDescription: String { name }
    }

    private static func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }

    static let defects: [Defect] = [
        Defect(name: "nothing", value: []),
        Defect(name: "an unknown marker", value: ascii("?")),
        Defect(name: "a high-precision number", value: ascii("Hi") + [1, 49]),
        Defect(name: "an array in place of an object", value: ascii("[]")),
        Defect(name: "an object that states its count", value: ascii("{#i") + [1]),
        Defect(name: "a key of a negative length", value: ascii("{i") + [0xFF]),
        Defect(
            name: "a key longer than the file",
            value: ascii("{L") + [0x7F, 255, 255, 255, 255, 255, 255, 255]),
        Defect(name: "a key that is not UTF-8", value: ascii("{i") + [1, 0xFF] + ascii("Z}")),
        Defect(
            name: "an array of more elements than bytes",
            value: ascii("{i") + [1, 97] + ascii("[$d#L") + [0x7F, 255, 255, 255, 255, 255, 255, 255]),
        Defect(name: "an array of a negative count", value: ascii("{i") + [1, 97] + ascii("[$d#i") + [0xFF]),
        Defect(name: "an array of strings by type", value: ascii("{i") + [1, 97] + ascii("[$S#i") + [1]),
        Defect(name: "an array of a type without a count", value: ascii("{i") + [1, 97] + ascii("[$d]")),
        Defect(
            name: "arrays 1,000 deep", value: ascii("{i") + [1, 97] + [UInt8](repeating: 0x5B, count: 1_000)),
        Defect(name: "a number cut off", value: ascii("{i") + [1, 97] + ascii("L") + [0, 0]),
        Defect(name: "a length that is a float", value: ascii("{d") + [0, 0, 0, 0]),
    ]

    @Test(arguments: defects) func eachDefect_isRefused(defect: Defect) {
        let bytes = HostileUBJSONTests.document(defect.value)
        let error = #expect(throws: FormatError.self) { try ModelFile.load(bytes.span, fileName: "") }
        #expect(error?.code == "malformed", "\(error.map(\.description) ?? "accepted")")
    }

    @Test func aMemberTwice_isRefused() {
        let twice = HostileUBJSONTests.key("learner") + Array("{}".utf8)
        let bytes = [UInt8(ascii: "{")] + twice + twice + [UInt8(ascii: "}")]
        let error = #expect(throws: FormatError.self) { try ModelFile.load(bytes.span, fileName: "") }
        #expect(error?.code == "duplicate_name")
    }

    @Test func whatFollowsTheEnd_isRefused() throws {
        var bytes = try Repository.bytes("Tests/Fixtures/models/xgboost/xgb_binary_stump1/model.ubj")
        bytes.append(0)
        let error = #expect(throws: FormatError.self) { try ModelFile.load(bytes.span, fileName: "") }
        #expect(error?.code == "malformed")
    }
}
