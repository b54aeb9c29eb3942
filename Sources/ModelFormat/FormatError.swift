// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a model file or a graph: one case a defect, the data of each says where.
///
/// The codes are those of docs/reference/model-format.md and never change their meaning.
public enum FormatError: Error, Sendable, Equatable {
    /// `part` needs `needed` bytes where `available` are left.
    case truncated(part: String, needed: UInt64, available: Int)
    case headerTooLarge(length: UInt64, limit: Int)
    /// No format that is read here; `appearance` is what it looks like, if anything.
    case unrecognised(file: String, appearance: String?)
    /// A pickle, which is code.
    case pickle(file: String)
    case misaligned(part: String, offset: Int)
    case digestMismatch(stated: String, actual: String)
    case malformedJSON(part: String, offset: Int, reason: String)
    /// Text or bytes of another format that break its syntax.
    case malformed(part: String, offset: Int, reason: String)
    case duplicateName(part: String, name: String)
    case missingPart(String)
    case unsupportedVersion(part: String, found: String)
    /// A part that must be understood and is not known.
    case unknownPart(String)
    case sizeOverflow(part: String)
    case outOfBounds(part: String)
    case wrongSize(part: String, expected: Int, found: Int)
    case overlap(part: String, offset: Int)
    case hole(part: String, offset: Int)
    case trailingBytes(Int)
    case invalidPadding(part: String)
    case wrongType(part: String, expected: String, found: String)
    case wrongShape(part: String, expected: String, found: String)
    /// A value that breaks the rules of its part.
    case invalidValue(part: String, reason: String)
    /// Legal in its format, but not read here (yet); `advice` is what to do.
    case unsupported(part: String, advice: String)
    case notWritten(path: String, reason: String)

    /// The stable machine code of the defect.
    public var code: String {
        switch self {
        case .truncated: "truncated"
        case .headerTooLarge: "header_too_large"
        case .unrecognised: "unrecognised"
        case .pickle: "pickle"
        case .misaligned: "misaligned"
        case .digestMismatch: "digest_mismatch"
        case .malformedJSON: "malformed_json"
        case .malformed: "malformed"
        case .duplicateName: "duplicate_name"
        case .missingPart: "missing_part"
        case .unsupportedVersion: "unsupported_version"
        case .unknownPart: "unknown_part"
        case .sizeOverflow: "size_overflow"
        case .outOfBounds: "out_of_bounds"
        case .wrongSize: "wrong_size"
        case .overlap: "overlap"
        case .hole: "hole"
        case .trailingBytes: "trailing_bytes"
        case .invalidPadding: "invalid_padding"
        case .wrongType: "wrong_type"
        case .wrongShape: "wrong_shape"
        case .invalidValue: "invalid_value"
        case .unsupported: "unsupported"
        case .notWritten: "not_written"
        }
    }
}

extension FormatError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let part, let needed, let available):
            "\(part) needs \(needed) bytes, \(available) are there: the file is cut off; copy it again"
        case .headerTooLarge(let length, let limit):
            "the header claims \(length) bytes; at most \(limit) are read"
        case .unrecognised(let file, let appearance):
            FormatError.describeUnrecognised(file, appearance)
        case .pickle(let file):
            FormatError.describePickle(file)
        case .misaligned(let part, let offset):
            "\(part) begins at byte \(offset), which is no multiple of 64"
        case .digestMismatch(let stated, let actual):
            "the file is damaged: modeld.digest is \(stated), its bytes give \(actual); copy it again"
        case .malformedJSON(let part, let offset, let reason):
            "\(part) is not the JSON it should be: \(reason) at byte \(offset) of it"
        case .malformed(let part, let offset, let reason):
            "\(part) is malformed at byte \(offset): \(reason)"
        case .duplicateName(let part, let name):
            "\(part) has the name \"\(name)\" twice"
        case .missingPart(let part):
            "\(part) is missing"
        case .unsupportedVersion(let part, let found):
            "\(part) is \"\(found)\", a version that is not read here; a newer modeld may read it"
        case .unknownPart(let part):
            "\(part) is not known here and must be understood; a newer modeld may read it"
        default: describeLayoutOrValue
        }
    }

    private var describeLayoutOrValue: String {
        switch self {
        case .sizeOverflow(let part): "the size of \(part) overflows"
        case .outOfBounds(let part): "\(part) lies outside the bytes of the file"
        case .wrongSize(let part, let expected, let found):
            "\(part) needs \(expected) bytes by its shape and has \(found)"
        case .overlap(let part, let offset): "\(part) overlaps the tensor before it at data byte \(offset)"
        case .hole(let part, let offset): "no tensor owns the bytes before \(part) from data byte \(offset)"
        case .trailingBytes(let count): "\(count) bytes follow the last tensor"
        case .invalidPadding(let part): "\(part) is not U8 zeros, 1 to 63 of them"
        case .wrongType(let part, let expected, let found): "\(part) is \(found) and must be \(expected)"
        case .wrongShape(let part, let expected, let found):
            "\(part) has the shape \(found) and must have \(expected)"
        case .invalidValue(let part, let reason): "\(part): \(reason)"
        case .unsupported(let part, let advice): "\(part) is not supported: \(advice)"
        case .notWritten(let path, let reason): "\(path) was not written: \(reason)"
        default: code
        }
    }

    private static func describeUnrecognised(_ file: String, _ appearance: String?) -> String {
        let name = file.isEmpty ? "the model" : file
        let looks = appearance.map { "looks like \($0), which is not read here" } ?? "has no known format"
        return "\(name) \(looks); supported: the native format (safetensors written by modeltrain), "
            + "XGBoost JSON and UBJSON (booster.save_model(\"model.json\")), LightGBM text "
            + "(booster.save_model(\"model.txt\")), CatBoost JSON "
            + "(model.save_model(\"model.json\", format=\"json\")), scikit-learn by skops "
            + "(skops.io.dump(model, \"model.skops\")), ONNX"
    }

    /// The converting lines name the file only when its name cannot break out of the quotes.
    private static func describePickle(_ file: String) -> String {
        let isPlain = file.utf8.allSatisfy {
            ($0 >= 48 && $0 <= 57) || ($0 | 32 >= 97 && $0 | 32 <= 122) || [45, 46, 95].contains($0)
        }
        let name = isPlain && !file.isEmpty ? file : "model.pkl"
        return """
            \(file.isEmpty ? "the model" : file) is a Python pickle: opening one runs code, so it is never \
            loaded. Convert it where it was made:
              import joblib; model = joblib.load("\(name)")
              model.save_model("model.json")  # XGBoost
              import skops.io; skops.io.dump(model, "model.skops")  # scikit-learn
            """
    }
}
