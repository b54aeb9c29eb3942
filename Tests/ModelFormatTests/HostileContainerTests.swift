// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

/// A file with one defect and the code that it is refused with.
struct HostileFile: Sendable, CustomTestStringConvertible {
    var defect: String
    var code: String
    var bytes: [UInt8]

    var testDescription: String { defect }

    /// A sound file of trees, broken by `change`; the digest fits what comes out.
    init(_ defect: String, _ code: String, _ change: (inout RawFile) -> Void) {
        guard let sound = try? NativeModel.write(Graphs.trees) else {
            preconditionFailure("the graph is sound")
        }
        var raw = RawFile(sound)
        change(&raw)
        self.init(defect, code, bytes: raw.bytes)
        precondition(bytes != sound, "\(defect): nothing was changed")
    }

    init(_ defect: String, _ code: String, bytes: [UInt8]) {
        self.defect = defect
        self.code = code
        self.bytes = bytes
    }

    /// The header with `old`, which must be there, replaced.
    static func header(_ defect: String, _ code: String, _ old: String, _ new: String) -> HostileFile {
        HostileFile(defect, code) { raw in
            precondition(raw.header.contains(old), "\(defect): \(old) is not in the header")
            raw.header = raw.header.replacing(old, with: new, maxReplacements: 1)
        }
    }

    /// The same inside `modeld.graph`, whose quotation marks are escaped.
    static func graph(_ defect: String, _ code: String, _ old: String, _ new: String) -> HostileFile {
        header(
            defect, code, old.replacing("\"", with: "\\\""), new.replacing("\"", with: "\\\""))
    }
}

@Suite struct HostileContainerTests {
    static let lengths: [HostileFile] = [
        HostileFile("nothing", "truncated", bytes: []),
        HostileFile("seven bytes", "truncated", bytes: [1, 2, 3, 4, 5, 6, 7]),
        HostileFile("a header length and no header", "truncated", bytes: [200, 0, 0, 0, 0, 0, 0, 0]),
        HostileFile("header length 2^64 - 1", "header_too_large") { $0.statedLength = .max },
        HostileFile("header length 2^63", "header_too_large") { $0.statedLength = 1 << 63 },
        HostileFile("header longer than the limit", "header_too_large") { $0.statedLength = 100_000_001 },
        HostileFile("header longer than the file", "truncated") { $0.statedLength = 99_999_999 },
        HostileFile("header length 0", "unrecognised") { $0.statedLength = 0 },
        HostileFile("header ends inside the digest", "unrecognised") { $0.statedLength = 90 },
        HostileFile("header one byte short", "misaligned") {
            $0.statedLength = UInt64($0.header.utf8.count - 1)
        },
        HostileFile("header not padded", "misaligned") {
            if ($0.header.utf8.count + 8) % 64 == 0 { $0.header += " " }
            $0.isPadded = false
        },
        HostileFile("header reaches into the data", "out_of_bounds") {
            $0.statedLength = UInt64(($0.header.utf8.count + 8 + 63) / 64 * 64 - 8 + 64)
        },
        HostileFile("safetensors without modeld's metadata", "unrecognised") {
            $0.header = $0.header.replacing("modeld.digest", with: "another.diges")
        },
        HostileFile("data cut off", "out_of_bounds") { $0.data.removeLast() },
        HostileFile("no data at all", "out_of_bounds") { $0.data = [] },
        HostileFile("one byte too many", "trailing_bytes") { $0.data.append(0) },
        HostileFile("a second file behind the first", "trailing_bytes") { $0.data += $0.bytes },
        HostileFile("digest of zeros", "digest_mismatch") {
            $0.statedDigest = String(repeating: "0", count: 64)
        },
        HostileFile("digest in capital letters", "digest_mismatch") {
            let digest = $0.bytes[42..<106]
            $0.statedDigest = String(decoding: digest, as: UTF8.self).uppercased()
        },
        HostileFile("digest that is no text", "digest_mismatch") {
            $0.statedDigest = String(repeating: "é", count: 32)
        },
        HostileFile("digest one digit too long", "digest_mismatch") {
            $0.header = $0.header.replacing("0\",\"modeld.format", with: "00\",\"modeld.format")
        },
    ]

    static let headers: [HostileFile] = [
        .header("header with a tab behind it", "malformed_json", "[448,452]}}", "[448,452]}}\t"),
        .header("header with a second object behind it", "malformed_json", "[448,452]}}", "[448,452]}} {}"),
        .header("header not closed", "malformed_json", "[448,452]}}", "[448,452]}"),
        .header("comma before the end", "malformed_json", "[448,452]}}", "[448,452]},}"),
        .header("number with a leading zero", "malformed_json", "[448,452]", "[448,0452]"),
        .header("size that is no integer", "malformed_json", "\"shape\":[2]", "\"shape\":[2.0]"),
        .header("size of 10^21", "malformed_json", "\"shape\":[2]", "\"shape\":[1000000000000000000000]"),
        .header("size in a string", "malformed_json", "\"shape\":[2]", "\"shape\":[\"2\"]"),
        .header("NaN as an offset", "malformed_json", "[0,8]", "[0,NaN]"),
        .header("a comment", "malformed_json", "[0,8]", "[0,/* */8]"),
        .header(
            "metadata that is a number", "malformed_json", "\"modeld.format\":\"1\"", "\"modeld.format\":1"),
        .header("metadata nested", "malformed_json", "\"modeld.format\":\"1\"", "\"modeld.format\":{}"),
        .header("a bare control character in a string", "malformed_json", "\"1\"", "\"\u{1}\""),
        .header(
            "an unfinished escape", "malformed_json", "\"modeld.format\":\"1\"", "\"modeld.format\":\"\\q\""),
        HostileFile("bytes that are not UTF-8", "malformed_json") { raw in
            // The ö of a name loses its second byte; the data stays where it is by a space at the end.
            raw.isPadded = true
            raw.header = raw.header.replacing("_pad.0", with: "_pad.\u{1F600}")
        }.replacingBytes(Array("\u{1F600}".utf8), with: [0xF0, 0x9F, 0x98, 0x2E]),
        .header(
            "brackets 100,000 deep", "malformed_json", "\"shape\":[2]",
            "\"note\":" + String(repeating: "[", count: 100_000) + ",\"shape\":[2]"),
        .header("a tensor twice", "duplicate_name", "\"_pad.1\"", "\"_pad.0\""),
        .header("metadata twice", "duplicate_name", "\"_pad.0\"", "\"__metadata__\":{},\"_pad.0\""),
        .header(
            "a metadata key twice", "duplicate_name", "\"modeld.format\":\"1\",",
            "\"modeld.format\":\"1\",\"a\":\"\",\"a\":\"\","),
        .header(
            "dtype twice", "duplicate_name", "\"dtype\":\"I32\",", "\"dtype\":\"I32\",\"dtype\":\"I32\","),
        .header("no version", "missing_part", "\"modeld.format\":\"1\",", ""),
        .header("version 2", "unsupported_version", "\"modeld.format\":\"1\"", "\"modeld.format\":\"2\""),
        .header("version -1", "unsupported_version", "\"modeld.format\":\"1\"", "\"modeld.format\":\"-1\""),
        .header("no graph", "missing_part", "\"modeld.graph\":", "\"modeld.other\":"),
        .header("no dtype", "missing_part", "\"dtype\":\"I32\",", ""),
        .header("no shape", "missing_part", "\"shape\":[2],", ""),
        .header("no offsets", "missing_part", ",\"data_offsets\":[0,8]", ""),
        .header("unknown dtype", "unknown_part", "\"dtype\":\"I32\"", "\"dtype\":\"C64\""),
    ]

    static let layouts: [HostileFile] = [
        .header("one offset", "out_of_bounds", "[0,8]", "[0]"),
        .header("three offsets", "malformed_json", "[0,8]", "[0,8,8]"),
        .header("negative begin", "out_of_bounds", "[0,8]", "[-8,8]"),
        .header("end before begin", "out_of_bounds", "[0,8]", "[8,0]"),
        .header("offsets at 2^63 - 1", "out_of_bounds", "[0,8]", "[9223372036854775800,9223372036854775807]"),
        .header("offset beyond 64 bits", "malformed_json", "[0,8]", "[0,18446744073709551616]"),
        .header("negative size", "out_of_bounds", "\"shape\":[2]", "\"shape\":[-2]"),
        .header("two negative sizes", "out_of_bounds", "\"shape\":[2]", "\"shape\":[-2,-1]"),
        .header(
            "shape that overflows", "size_overflow", "\"shape\":[2]", "\"shape\":[4611686018427387904,4]"),
        .header(
            "shape that wraps to the right size", "size_overflow", "\"shape\":[2]",
            "\"shape\":[4611686018427387906]"),
        .header("nine dimensions", "malformed_json", "\"shape\":[2]", "\"shape\":[2,1,1,1,1,1,1,1,1]"),
        .header("shape larger than the bytes", "wrong_size", "\"shape\":[2]", "\"shape\":[3]"),
        .header("shape smaller than the bytes", "wrong_size", "\"shape\":[2]", "\"shape\":[1]"),
        .header("scalar", "wrong_size", "\"shape\":[2]", "\"shape\":[]"),
        .header("dtype twice as wide", "wrong_size", "\"dtype\":\"I32\"", "\"dtype\":\"I64\""),
        .header("overlap", "overlap", "[56],\"data_offsets\":[8,64]", "[57],\"data_offsets\":[7,64]"),
        .header("the same bytes twice", "overlap", "[64,72]", "[0,8]"),
        .header("hole", "hole", "[56],\"data_offsets\":[8,64]", "[55],\"data_offsets\":[9,64]"),
        .header(
            "hole at the beginning", "hole", "\"shape\":[2],\"data_offsets\":[0,8]",
            "\"shape\":[1],\"data_offsets\":[4,8]"),
        .header(
            "last tensor missing", "trailing_bytes",
            ",\"estimator.base_margins\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[448,452]}", ""),
        HostileFile("tensor not on 64 bytes", "misaligned") { raw in
            raw.header = raw.header
                .replacing("[56],\"data_offsets\":[8,64]", with: "[60],\"data_offsets\":[8,68]")
                .replacing("[64,72]", with: "[68,76]")
                .replacing("[56],\"data_offsets\":[72,128]", with: "[52],\"data_offsets\":[76,128]")
        },
        HostileFile("padding that is not zero", "invalid_padding") { $0.data[9] = 1 },
        .header(
            "padding that is not U8", "invalid_padding", "\"_pad.0\":{\"dtype\":\"U8\"",
            "\"_pad.0\":{\"dtype\":\"I8\""),
        .header("padding of two dimensions", "invalid_padding", "\"shape\":[56]", "\"shape\":[56,1]"),
        HostileFile("padding of 64 bytes", "invalid_padding") { raw in
            raw.header.removeLast()
            raw.header += ",\"_pad.7\":{\"dtype\":\"U8\",\"shape\":[64],\"data_offsets\":[452,516]}}"
            raw.data += [UInt8](repeating: 0, count: 64)
        },
        .header(
            "padding of 0 bytes", "invalid_padding", "\"_pad.0\"",
            "\"_pad.x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"_pad.0\""),
    ]

    static let graphs: [HostileFile] = [
        .graph("graph cut off", "malformed_json", "\"XGBoost 2.1.4\"}}", "\"XGBoost 2.1.4\"}"),
        .graph(
            "graph with something behind it", "malformed_json",
            "\"XGBoost 2.1.4\"}}", "\"XGBoost 2.1.4\"}}x"),
        .graph("a member of the graph twice", "duplicate_name", "\"lineage\":", "\"output\":{},\"lineage\":"),
        .graph("an unknown member twice", "duplicate_name", "\"lineage\":", "\"x\":1,\"x\":1,\"lineage\":"),
        .graph("no feature", "missing_part", "\"features\":", "\"futures\":"),
        .graph("no estimator", "missing_part", "\"estimator\":", "\"estimated\":"),
        .graph("no output", "missing_part", "\"output\":", "\"outputs\":"),
        .graph(
            "requires a part that is not known", "unknown_part", "\"lineage\":",
            "\"requires\":[\"tree_ensemble.vectors\"],\"lineage\":"),
        .graph("unknown kind of feature", "unknown_part", "\"numeric\"", "\"image\""),
        .graph("unknown kind of estimator", "unknown_part", "\"tree_ensemble\"", "\"tree_ensemble_2\""),
        .graph("unknown transform", "unknown_part", "\"logistic\"", "\"probit\""),
        .graph(
            "unknown stage", "unknown_part", "\"estimator\":",
            "\"stages\":[{\"kind\":\"run\"}],\"estimator\":"),
        .graph("stage without kind", "missing_part", "\"estimator\":", "\"stages\":[{}],\"estimator\":"),
        .graph(
            "stage without its tensor", "missing_part", "\"estimator\":",
            "\"stages\":[{\"kind\":\"impute\"}],\"estimator\":"),
        .graph("categories missing", "missing_part", "\"numeric\"", "\"categorical\""),
        .graph("labels of two kinds", "malformed_json", "\"labels\":[0,1]", "\"labels\":[0,\"1\"]"),
        .graph(
            "a label of 10^21", "malformed_json",
            "\"labels\":[0,1]", "\"labels\":[0,1000000000000000000000]"),
        .graph("three labels", "invalid_value", "\"labels\":[0,1]", "\"labels\":[0,1,2]"),
        .graph("no labels", "invalid_value", "\"labels\":[0,1]", "\"labels\":[]"),
        .graph("the same label twice", "invalid_value", "\"labels\":[0,1]", "\"labels\":[1,1]"),
        .graph("empty feature name", "invalid_value", "\"f0\"", "\"\""),
        .graph("two features of one name", "invalid_value", "\"f0\"", "\"f2\""),
        .graph(
            "one-hot of 2^62 columns", "invalid_value", "\"estimator\":",
            "\"stages\":[{\"kind\":\"encode\",\"columns\":["
                + "{\"kind\":\"one_hot\",\"category_count\":4611686018427387904},"
                + "{\"kind\":\"one_hot\",\"category_count\":4611686018427387904},"
                + "{\"kind\":\"one_hot\",\"category_count\":4611686018427387904}]}],\"estimator\":"
        ),
        .graph(
            "one-hot of -1 columns", "invalid_value", "\"estimator\":",
            "\"stages\":[{\"kind\":\"encode\",\"columns\":[{\"kind\":\"one_hot\",\"category_count\":-1},"
                + "{\"kind\":\"pass\"},{\"kind\":\"pass\"}]}],\"estimator\":"
        ),
        .graph(
            "statistics of too many features", "invalid_value", "\"lineage\":",
            "\"statistics\":{\"row_count\":1,\"features\":[]},\"lineage\":"),
        .graph(
            "statistics of too many predictions", "invalid_value", "\"lineage\":",
            "\"statistics\":{\"row_count\":1,\"features\":[{\"missing_count\":0},{\"missing_count\":0},"
                + "{\"missing_count\":0}],\"predictions\":{\"row_count\":1,\"columns\":[{\"missing_count\":0},"
                + "{\"missing_count\":0}]}},\"lineage\":"),
        .graph("sample of too few inputs", "invalid_value", "[0.1,null,", "[0.1,"),
        .graph("sample of the wrong kind", "invalid_value", "[0.1,null,", "[\"a\",null,"),
        .graph("sample that overflows", "malformed_json", "[0.1,null,", "[1e999,null,"),
        .graph("negative tolerance", "invalid_value", "\"tolerance\":", "\"tolerance\":-"),
        .header(
            "a tensor nobody knows", "unknown_part", "\"_pad.0\"",
            "\"estimator.weights\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},\"_pad.0\""),
        .header("a tensor of another name", "missing_part", "\"estimator.lefts\"", "\"estimator.left\""),
        .header(
            "tensor of the wrong type", "wrong_type", "\"estimator.lefts\":{\"dtype\":\"I32\"",
            "\"estimator.lefts\":{\"dtype\":\"F32\""),
        .header(
            "tensor of the wrong rank", "wrong_shape", "\"estimator.roots\":{\"dtype\":\"I32\",\"shape\":[2]",
            "\"estimator.roots\":{\"dtype\":\"I32\",\"shape\":[1,2]"),
        HostileFile("as many groups as never", "wrong_shape") { raw in
            raw.header = raw.header
                .replacing(
                    "\"shape\":[2],\"data_offsets\":[64,72]", with: "\"shape\":[3],\"data_offsets\":[64,76]"
                )
                .replacing("[56],\"data_offsets\":[72,128]", with: "[52],\"data_offsets\":[76,128]")
        },
    ]

    /// The bytes of the tensors of `Graphs.trees`: data byte, new little-endian value.
    static func number(_ defect: String, at offset: Int, _ value: UInt32) -> HostileFile {
        HostileFile(defect, "invalid_value") { raw in
            for index in 0..<4 {
                raw.data[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
            }
        }
    }

    static let numbers: [HostileFile] = [
        number("first root is not 0", at: 0, 1), number("second root is the first", at: 4, 0),
        number("root outside the nodes", at: 4, 8), number("negative root", at: 4, 0xFFFF_FFFD),
        number("group outside the outputs", at: 64, 1), number("negative group", at: 68, 0xFFFF_FFFF),
        number("feature outside the columns", at: 128, 3), number("feature -2", at: 128, 0xFFFF_FFFE),
        number("feature 2^31 - 1", at: 128, 0x7FFF_FFFF),
        number("inner node made a leaf", at: 128, 0xFFFF_FFFF),
        number("leaf made an inner node", at: 132, 0), number("NaN threshold", at: 192, 0x7FC0_0000),
        number("infinite leaf", at: 196, 0x7F80_0000), number("NaN leaf", at: 200, 0xFFC0_0001),
        number("child is its parent", at: 256, 0), number("cycle", at: 272, 3),
        number("child in the tree before", at: 268, 1), number("child in the next tree", at: 260, 3),
        number("child outside the nodes", at: 272, 8), number("child 2^31 - 1", at: 256, 0x7FFF_FFFF),
        number("negative child", at: 320, 0xFFFF_FFFE), number("both children the same node", at: 256, 2),
        number("node of two parents", at: 268, 5), number("leaf with a child", at: 260, 2),
        number("infinite base margin", at: 448, 0x7F80_0000), number("NaN base margin", at: 448, 0x7FC0_0000),
        number("boolean 2", at: 384, 2),
    ]

    static let all = lengths + headers + layouts + graphs + numbers

    @Test(arguments: all)
    func eachDefect_isRefusedByItsCode(file: HostileFile) {
        let error = #expect(throws: FormatError.self) { try NativeModel.read(file.bytes.span) }
        #expect(error?.code == file.code, "\(file.defect): \(error.map(\.description) ?? "accepted")")
        #expect(error?.description.isEmpty == false)
    }

    @Test func defectsHaveDistinctNames() {
        #expect(Set(HostileContainerTests.all.map(\.defect)).count == HostileContainerTests.all.count)
        #expect(HostileContainerTests.all.count >= 100)
    }

    @Test(arguments: [
        HostileFile.header(
            "unknown metadata", "", "\"modeld.format\"",
            "\"note\":\"x\",\"modeld.future\":\"y\",\"modeld.format\""),
        HostileFile.graph("unknown member", "", "\"lineage\":", "\"colour\":[{\"a\":null}],\"lineage\":"),
        HostileFile.header(
            "unknown member of a tensor", "", "\"dtype\":\"I32\"", "\"unit\":1,\"dtype\":\"I32\""),
        HostileFile.header(
            "optional tensor", "", "\"_pad.0\"",
            "\"extra.cover\":{\"dtype\":\"F16\",\"shape\":[0,3],\"data_offsets\":[0,0]},\"_pad.0\""),
    ])
    func optionalParts_areSkipped(file: HostileFile) throws {
        #expect(try NativeModel.read(file.bytes.span) == Graphs.trees)
    }
}

extension HostileFile {
    /// The same with `old` replaced in the bytes, for what no string can hold; the digest is made to fit.
    func replacingBytes(_ old: [UInt8], with new: [UInt8]) -> HostileFile {
        var changed = bytes
        for start in 0...(bytes.count - old.count) where Array(bytes[start..<(start + old.count)]) == old {
            changed.replaceSubrange(start..<(start + old.count), with: new)
        }
        precondition(changed != bytes, "\(defect): nothing was replaced")
        return HostileFile(defect, code, bytes: RawFile.redigested(changed))
    }
}
