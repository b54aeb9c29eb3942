// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import TestKit
import Testing

/// skops archives with one defect each. They are stored, not deflated, so a defect is a few bytes and a new
/// checksum.
@Suite struct HostileSkopsTests {
    /// A member of the state of an object.
    private static func json(_ text: String) -> String {
        "{\"__class__\":\"str\",\"__module__\":\"builtins\","
            + "\"__loader__\":\"JsonNode\",\"content\":\"\(text)\"}"
    }

    private static func array(_ file: String) -> String {
        "{\"__class__\":\"ndarray\",\"__module__\":\"numpy\",\"__loader__\":\"NdArrayNode\","
            + "\"type\":\"numpy\",\"file\":\"\(file)\"}"
    }

    /// A linear regression of two columns.
    static let schema = """
        {"__class__":"Ridge","__module__":"sklearn.linear_model._ridge","__loader__":"ObjectNode","content":\
        {"__class__":"dict","__module__":"builtins","__loader__":"DictNode","content":\
        {"n_features_in_":\(json("2")),"coef_":\(array("coef.npy")),"intercept_":\(json("0.5"))}}}
        """

    static func npy(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
        let text = Array((header + "\n").utf8)
        return [0x93] + Array("NUMPY".utf8) + [version, 0, UInt8(text.count & 255), UInt8(text.count >> 8)]
            + (version > 1 ? [0, 0] : []) + text + data
    }

    /// 1 and 2 as Float64.
    static let two: [UInt8] = [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0x40]
    static let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"

    private static func archive(schema: String = schema, coefficients: [UInt8]) -> [UInt8] {
        StoredZip.archive([("schema.json", Array(schema.utf8)), ("coef.npy", coefficients)])
    }

    private func load(_ bytes: [UInt8]) throws(FormatError) -> ModelGraph {
        try ModelFile.load(bytes.span, fileName: "model.skops")
    }

    @Test func theSoundModel_isRead() throws {
        for version: UInt8 in 1...3 {
            let file = HostileSkopsTests.npy(
                HostileSkopsTests.header, HostileSkopsTests.two, version: version)
            let graph = try load(HostileSkopsTests.archive(coefficients: file))
            #expect(graph.estimator == .linear(LinearModel(coefficients: [1, 2], intercepts: [0.5])))
            #expect(graph.schema.count == 2)
        }
    }

    struct Defect: Sendable, CustomTestStringConvertible {
        var name: String
        var code: String
        var old: String
        var new: String
        var testDescription: String { name }

        init(_ name: String, _ code: String, _ old: String, _ new: String) {
            (self.name, self.code, self.old, self.new) = (name, code, old, new)
        }
    }

    static let schemas: [Defect] = [
        Defect("no JSON", "malformed_json", "{\"__class__\":\"Ridge\"", "\"__class__\":\"Ridge\""),
        Defect("a class of somebody else", "unsupported", "sklearn.linear_model._ridge", "evil.module"),
        Defect("an unknown class", "unsupported", "\"Ridge\"", "\"Cauldron\""),
        Defect("no count of columns", "unsupported", "n_features_in_", "n_features_out_"),
        Defect("no columns", "invalid_value", json("2"), json("0")),
        Defect("10^12 columns", "invalid_value", json("2"), json("1000000000000")),
        Defect("three columns for two coefficients", "wrong_shape", json("2"), json("3")),
        Defect("no coefficients", "missing_part", "coef_", "coeff_"),
        Defect("a file that is not there", "missing_part", "coef.npy", "other.npy"),
        Defect("an intercept that is text", "wrong_type", json("0.5"), json("\\\"half\\\"")),
        Defect("an intercept that is broken JSON", "wrong_type", json("0.5"), json("0.5.5")),
        Defect("an intercept that is infinite", "invalid_value", json("0.5"), json("Infinity")),
        Defect("a state that is a list", "unsupported", "\"DictNode\"", "\"ListNode\""),
    ]

    @Test(arguments: schemas) func aDefectOfTheSchema_isRefused(defect: Defect) {
        #expect(HostileSkopsTests.schema.contains(defect.old))
        let schema = HostileSkopsTests.schema.replacing(defect.old, with: defect.new, maxReplacements: 1)
        let file = HostileSkopsTests.npy(HostileSkopsTests.header, HostileSkopsTests.two)
        let error = #expect(throws: FormatError.self) {
            try load(HostileSkopsTests.archive(schema: schema, coefficients: file))
        }
        #expect(error?.code == defect.code, "\(error.map(\.description) ?? "accepted")")
    }

    static let headers: [Defect] = [
        Defect("big-endian numbers", "unsupported", "<f8", ">f8"),
        Defect("objects", "unsupported", "<f8", "|O"),
        Defect("complex numbers", "unsupported", "<f8", "<c8"),
        Defect("a float of 3 bytes", "unsupported", "<f8", "<f3"),
        Defect("a type without a size", "unsupported", "<f8", "<f"),
        Defect("strings in place of numbers", "wrong_type", "<f8", "<U2"),
        Defect("fewer bytes than the shape", "wrong_size", "(2,)", "(3,)"),
        Defect("more bytes than the shape", "wrong_size", "(2,)", "(1,)"),
        Defect("a shape that wraps", "size_overflow", "(2,)", "(999999999999999, 999999999999999)"),
        Defect("a dimension of 16 digits", "malformed", "(2,)", "(9999999999999999,)"),
        Defect("a negative dimension", "malformed", "(2,)", "(-2,)"),
        Defect("nine dimensions", "malformed", "(2,)", "(1,1,1,1,1,1,1,1,2)"),
        Defect("a shape that does not end", "malformed", "(2,), }", "(2,"),
        Defect("no shape", "missing_part", ", 'shape': (2,)", ""),
        Defect("a key twice", "duplicate_name", "'fortran_order': False", "'descr': '<f8'"),
        Defect("an unknown key", "unknown_part", "'fortran_order': False", "'strides': (8,)"),
        Defect("an order that is no boolean", "malformed", "False", "Falsy"),
        Defect("a string with an escape", "malformed", "'<f8'", "'\\\\x3cf8'"),
        Defect("fields where numbers should be", "missing_part", "'<f8'", "[('a', '<f8')]"),
        Defect("fields of nothing", "malformed", "'<f8'", "[]"),
    ]

    @Test(arguments: headers) func aDefectOfAnArray_isRefused(defect: Defect) {
        #expect(HostileSkopsTests.header.contains(defect.old))
        let header = HostileSkopsTests.header.replacing(defect.old, with: defect.new, maxReplacements: 1)
        let file = HostileSkopsTests.npy(header, HostileSkopsTests.two)
        let error = #expect(throws: FormatError.self) {
            try load(HostileSkopsTests.archive(coefficients: file))
        }
        #expect(error?.code == defect.code, "\(error.map(\.description) ?? "accepted")")
    }

    @Test func damagedFiles_areRefused() {
        let file = HostileSkopsTests.npy(HostileSkopsTests.header, HostileSkopsTests.two)
        for length in 0..<file.count {
            #expect(throws: FormatError.self) {
                try load(HostileSkopsTests.archive(coefficients: Array(file[..<length])))
            }
        }
        let whole = HostileSkopsTests.archive(coefficients: file)
        let error = #expect(throws: FormatError.self) { try load(Array(whole.dropLast(5))) }
        #expect(error?.code == "unrecognised")
    }

    @Test func anArchiveWithoutASchema_isSomebodyElses() {
        let error = #expect(throws: FormatError.self) { try load(StoredZip.archive([("data.pkl", [1])])) }
        #expect(error?.code == "unrecognised" && error?.description.contains("PyTorch") == true)
    }
}
