// SPDX-License-Identifier: Apache-2.0
import Base

/// Puts named values into the order of a model's features.
struct FeatureMatcher {
    let features: [InputFeature]
    private let positions: [String: Int]

    init(_ features: [InputFeature]) {
        self.features = features
        positions = Dictionary(
            features.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func position(of name: String) -> Int? { positions[name] }

    /// The row of a JSON object, which must name every feature (null: missing) and nothing else, or of an
    /// array of all features in the model's order.
    func row(_ value: JSONValue, place: String) throws(ControlError) -> [InputCell] {
        switch value {
        case .object(let object): return try row(object, place: place)
        case .array(let elements):
            guard elements.count == features.count else {
                throw .invalidRows(
                    place: place,
                    reason:
                        "\(elements.count) values where the model has \(features.count) features: \(listing)")
            }
            var row: [InputCell] = []
            for (element, feature) in zip(elements, features) {
                row.append(try cell(element, feature, place))
            }
            return row
        case .null, .bool, .integer, .number, .string:
            throw .invalidRows(place: place, reason: "a row is an object or an array, not \(value.line)")
        }
    }

    private func row(_ object: JSONObject, place: String) throws(ControlError) -> [InputCell] {
        for member in object.members where positions[member.key] == nil {
            throw unknown(member.key, place)
        }
        var row: [InputCell] = []
        for feature in features {
            guard let value = object[feature.name] else { throw missing([feature.name], place) }
            row.append(try cell(value, feature, place))
        }
        return row
    }

    private func cell(_ value: JSONValue, _ feature: InputFeature, _ place: String) throws(ControlError)
        -> InputCell
    {
        guard let cell = InputCell(value, for: feature) else { throw unsuitable(value.line, feature, place) }
        return cell
    }

    func unsuitable(_ text: String, _ feature: InputFeature, _ place: String) -> ControlError {
        let kind = feature.isText ? "a category, written as text" : "a number"
        return .invalidRows(place: place, reason: "\(feature.name) is \(kind), not \(text.prefix(60))")
    }

    func unknown(_ name: String, _ place: String) -> ControlError {
        .invalidRows(place: place, reason: "the model has no feature \"\(name)\"; it has \(listing)")
    }

    func missing(_ names: [String], _ place: String) -> ControlError {
        let listed =
            names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ") + (names.count > 8 ? ", …" : "")
        return .invalidRows(
            place: place,
            reason: names.count == 1
                ? "the feature \(listed) is missing; give it, empty (CSV) or null (JSON) if it is not known"
                : "the features \(listed) are missing; is the first line the header with the names?")
    }

    /// The first few features, for messages.
    private var listing: String {
        features.prefix(8).map(\.name).joined(separator: ", ")
            + (features.count > 8 ? ", … (\(features.count) in all)" : "")
    }
}
