// SPDX-License-Identifier: Apache-2.0
import Base

/// What `model_info` of a CatBoost model says about its training.
struct CatBoostFacts {
    private(set) var lossFunction = ""
    private(set) var producer = "CatBoost"
    private var classNames: [JSONValue] = []

    mutating func read(_ text: Span<UInt8>) throws(FormatError) {
        let info: JSONValue
        do {
            info = try JSONValue.parse(text, options: .allowsNonFinite)
        } catch {
            throw .malformedJSON(part: "model_info", offset: error.offset, reason: error.message)
        }
        // Some versions keep JSON in a string.
        let params = CatBoostFacts.object(info["params"])
        lossFunction = params?["loss_function"]?["type"]?.string ?? ""
        let classes =
            CatBoostFacts.object(info["class_params"]) ?? CatBoostFacts.object(info["multiclass_params"])
        classNames =
            classes?["class_names"]?.array ?? params?["data_processing_options"]?["class_names"]?.array ?? []
        if let version = info["catboost_version_info"]?.string,
            let line = version.split(separator: "\n").first(where: { $0.contains("Branch: tags/v") }),
            let start = line.firstRange(of: "tags/v")
        {
            producer = "CatBoost " + line[start.upperBound...]
        }
    }

    private static func object(_ value: JSONValue?) -> JSONValue? {
        guard let text = value?.string else { return value }
        let bytes = Array(text.utf8)
        return try? JSONValue.parse(bytes.span)
    }

    /// Whole numbers where all classes are such, else their text; 0 to `count - 1` when the file has no
    /// names.
    func labels(count: Int) -> ClassLabels {
        let numbers = classNames.compactMap { $0.integer ?? $0.double.flatMap { Int64(exactly: $0) } }
        if numbers.count == count && numbers.count == classNames.count { return .integers(numbers) }
        let names = classNames.compactMap { $0.string ?? $0.double.map { "\($0)" } }
        if names.count == count && names.count == classNames.count { return .strings(names) }
        return .integers((0..<count).map(Int64.init))
    }
}
