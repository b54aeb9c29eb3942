// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

@Suite struct ModelFileTests {
    @Test func theContentDecides_notTheName() throws {
        let native = try NativeModel.write(Graphs.page)
        #expect(try ModelFile.recognise(native.span, fileName: "a.json") == .native)
        let xgboost = Array(" \n{\"version\":[1,0,0],\"learner\":{}}".utf8)
        #expect(try ModelFile.recognise(xgboost.span, fileName: "a.safetensors") == .xgboostJSON)
        let others: [(String, ModelFileFormat)] = [
            ("{L", .xgboostUBJSON), ("tree\nversion=v4\n", .lightGBM), ("tree\r\nversion=v3\r\n", .lightGBM),
            ("{\"oblivious_trees\":[]}", .catBoostJSON),
            ("{\"ctr_data\":{},\"features_info\":{}}", .catBoostJSON),
        ]
        let weights: [UInt8] = [2, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D]
        #expect(try ModelFile.recognise(weights.span, fileName: "a.onnx") == .safetensors)
        for (text, format) in others {
            let bytes = Array(text.utf8)
            #expect(try ModelFile.recognise(bytes.span, fileName: "a.json") == format)
        }
    }

    static let foreign: [(bytes: [UInt8], word: String)] = [
        (Array("CBM1".utf8), "format=\"json\""),
        (Array("GGUF".utf8), "GGUF"), (Array("PK\u{3}\u{4}".utf8), "zip"),
        ([0x89, 0x48, 0x44, 0x46, 0x0D], "HDF5"),
        ([0x1F, 0x8B, 8], "gzip"), (Array("<?xml version".utf8), "PMML"),
        (Array("{}".utf8), "no model"),
        ([], "no known format"), (Array("hello".utf8), "no known format"),
    ]

    @Test(arguments: foreign)
    func otherFiles_areRefusedByWhatTheyLookLike(bytes: [UInt8], word: String) {
        let error = #expect(throws: FormatError.self) {
            try ModelFile.load(bytes.span, fileName: "model.bin")
        }
        #expect(error?.code == "unrecognised")
        let message = error?.description ?? ""
        #expect(message.contains(word) && message.contains("model.bin") && message.contains("XGBoost JSON"))
    }

    @Test(arguments: [UInt8(2), 3, 4, 5])
    func aPickle_isRefusedWithTheLinesThatConvertIt(version: UInt8) {
        let bytes: [UInt8] = [0x80, version, 0x95, 0]
        let error = #expect(throws: FormatError.self) { try ModelFile.load(bytes.span, fileName: "my.pkl") }
        #expect(error?.code == "pickle")
        #expect(error?.description.contains("joblib.load(\"my.pkl\")\n") == true)
        #expect(error?.description.contains("model.save_model(\"model.json\")") == true)
    }

    @Test func aPicklesName_cannotBreakOutOfTheQuotes() {
        let bytes: [UInt8] = [0x80, 4]
        let error = #expect(throws: FormatError.self) {
            try ModelFile.load(bytes.span, fileName: "a\");evil(\"")
        }
        #expect(error?.description.contains("joblib.load(\"model.pkl\")") == true)
    }
}
