// SPDX-License-Identifier: Apache-2.0
import Base
import Compression

/// A format that model files are read in.
public enum ModelFileFormat: String, Sendable, CaseIterable {
    case native
    case xgboostJSON = "xgboost-json"
    case xgboostUBJSON = "xgboost-ubjson"
    case lightGBM = "lightgbm-text"
    case catBoostJSON = "catboost-json"
    case onnx
    case skops
    /// Weights without modeld's metadata, which need a description of the layers.
    case safetensors
}

/// Model files of any format that is read here, told apart by their content; names mean nothing.
public enum ModelFile {
    /// The graph of the model in `bytes`, validated. `fileName` appears in errors only; `external` gives the
    /// bytes of ONNX tensors that lie in other files, which are refused without it.
    public static func load(
        _ bytes: Span<UInt8>, fileName: String, external: (any ExternalTensorData)? = nil,
        architecture: [UInt8]? = nil
    ) throws(FormatError) -> ModelGraph {
        switch try recognise(bytes, fileName: fileName) {
        case .native: return try NativeModel.read(bytes)
        case .xgboostJSON: return try XGBoostImporter.read(bytes, encoding: .json)
        case .xgboostUBJSON: return try XGBoostImporter.read(bytes, encoding: .ubjson)
        case .lightGBM: return try LightGBMImporter.read(bytes)
        case .catBoostJSON: return try CatBoostImporter.read(bytes)
        case .onnx: return try ONNXImporter.read(bytes, external: external ?? NoExternalTensorData())
        case .skops: return try SkopsImporter.read(bytes)
        case .safetensors: return try SafetensorsImporter.read(bytes, architecture: architecture)
        }
    }

    /// The model in an ONNX file as its caller sees it: inputs and outputs, no operators. For an engine that
    /// reads the file itself.
    package static func onnxInterface(_ bytes: Span<UInt8>) throws(FormatError) -> ModelGraph {
        try ONNXImporter.readInterface(bytes)
    }

    /// An ONNX file like that in `bytes` with the tensors inside that lie in others, for an engine that would
    /// open whatever path the model names.
    package static func onnxWhole(
        _ bytes: Span<UInt8>, external: any ExternalTensorData
    ) throws(FormatError) -> [UInt8] {
        let file = try ONNXReader.read(bytes, external: external)
        return ONNXWriter.write(file.graph, facts: file.metadata)
    }

    /// The format of `bytes`; nothing is said about whether they are sound.
    public static func recognise(_ bytes: Span<UInt8>, fileName: String) throws(FormatError)
        -> ModelFileFormat
    {
        if Container.begins(bytes) { return .native }
        if begins(bytes, with: Array("{L".utf8)) { return .xgboostUBJSON }
        if begins(bytes, with: Array("tree\n".utf8)) || begins(bytes, with: Array("tree\r\n".utf8)) {
            return .lightGBM
        }
        if ONNXReader.begins(bytes) { return .onnx }
        if begins(bytes, with: ZipArchive.signature), SkopsArchive.isSkops(bytes) { return .skops }
        if isPickle(bytes) { throw .pickle(file: fileName) }
        for (prefix, name) in appearances where begins(bytes, with: prefix) {
            throw .unrecognised(file: fileName, appearance: name)
        }
        if SafetensorsFile.begins(bytes) { return .safetensors }
        var start = 0
        while start < bytes.count, [9, 10, 13, 32].contains(bytes[start]) { start += 1 }
        guard start < bytes.count, bytes[start] == UInt8(ascii: "{") else {
            throw .unrecognised(file: fileName, appearance: nil)
        }
        return try recogniseJSON(bytes, fileName: fileName)
    }

    /// What other files begin with, the ones that people have lying about.
    private static let appearances: [(prefix: [UInt8], name: String)] = [
        (Array("binf".utf8), "an old binary XGBoost model"),
        (Array("CBM1".utf8), "a CatBoost model in its own format (save it with format=\"json\")"),
        (Array("GGUF".utf8), "a GGUF model"),
        (Array("PK\u{3}\u{4}".utf8), "a zip archive that is no skops file (PyTorch, Keras)"),
        ([0x89, 0x48, 0x44, 0x46], "an HDF5 file"), ([0x1F, 0x8B], "a gzip file"),
        ([0x78, 0x9C], "a compressed joblib file"), ([0x78, 0x5E], "a compressed joblib file"),
        (Array("<?xml".utf8), "XML (PMML)"),
    ]

    /// Protocols 2 to 5 begin with 0x80 and their number, older ones with the name of a class.
    private static func isPickle(_ bytes: Span<UInt8>) -> Bool {
        if bytes.count >= 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) { return true }
        return begins(bytes, with: Array("ccopy_reg\n".utf8)) || begins(bytes, with: Array("csklearn".utf8))
    }

    private static func begins(_ bytes: Span<UInt8>, with prefix: [UInt8]) -> Bool {
        guard bytes.count >= prefix.count else { return false }
        for index in 0..<prefix.count where bytes[index] != prefix[index] { return false }
        return true
    }

    private static func recogniseJSON(
        _ bytes: Span<UInt8>, fileName: String
    ) throws(FormatError) -> ModelFileFormat {
        var document = DocumentReader(bytes, part: "the JSON document", options: .allowsNonFinite)
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "the JSON document") {
            if name == "learner" { return .xgboostJSON }
            if name == "oblivious_trees" || name == "features_info" { return .catBoostJSON }
            try document.skipValue()
        }
        throw .unrecognised(file: fileName, appearance: "a JSON document that is no model")
    }
}
