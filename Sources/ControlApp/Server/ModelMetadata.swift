// SPDX-License-Identifier: Apache-2.0
import Base

/// What a server says about a model (`GET /v2/models/{model}`), as far as it is needed here.
struct ModelMetadata: Equatable, Sendable {
    struct TensorDescription: Equatable, Sendable {
        var name: String
        var datatype: String
        /// -1: any number of rows.
        var shape: [Int64]
    }

    var name: String
    var versions: [String]
    /// The kind of file, for instance `xgboost_json`.
    var platform: String
    var inputs: [TensorDescription]
    var outputs: [TensorDescription]
    /// Further facts in the server's order: `digest`, `features`, lineage.
    var properties: [(name: String, value: String)]

    /// Nil when `answer` is no metadata.
    init?(_ answer: JSONValue) {
        guard let name = answer["name"]?.string,
            let inputs = Self.tensors(answer["inputs"]), let outputs = Self.tensors(answer["outputs"])
        else { return nil }
        self.name = name
        versions = answer["versions"]?.array?.compactMap(\.string) ?? []
        platform = answer["platform"]?.string ?? ""
        self.inputs = inputs
        self.outputs = outputs
        properties = answer["properties"]?.object?.members.map { ($0.key, $0.value.cell) } ?? []
    }

    /// The columns that rows need, in the model's order. One matrix holds them all when every feature is
    /// numeric; the names are then in `properties.features`, and positions stand in for them on a server
    /// without it.
    var features: [InputFeature] {
        guard let matrix else {
            return inputs.map { InputFeature(name: $0.name, datatype: $0.datatype) }
        }
        let count = Int(clamping: max(0, matrix.shape.last ?? 0))
        let names = featureNames ?? (0..<min(count, 100_000)).map { "f\($0)" }
        return names.map { InputFeature(name: $0, datatype: matrix.datatype) }
    }

    /// The one input that holds all features; nil when each feature is an input of its own.
    var matrix: TensorDescription? {
        guard inputs.count == 1, let only = inputs.first, only.name == "input", only.shape.count == 2 else {
            return nil
        }
        return only
    }

    private var featureNames: [String]? {
        guard let text = properties.first(where: { $0.name == "features" })?.value else { return nil }
        let names = (try? JSONValue.parse(Array(text.utf8).span))?.array?.compactMap(\.string)
        return names?.isEmpty == false ? names : nil
    }

    private static func tensors(_ value: JSONValue?) -> [TensorDescription]? {
        guard let elements = value?.array else { return nil }
        var tensors: [TensorDescription] = []
        for element in elements {
            guard let name = element["name"]?.string, let datatype = element["datatype"]?.string else {
                return nil
            }
            let shape = element["shape"]?.array?.compactMap(\.integer) ?? []
            tensors.append(TensorDescription(name: name, datatype: datatype, shape: shape))
        }
        return tensors
    }

    static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.versions == right.versions && left.platform == right.platform
            && left.inputs == right.inputs && left.outputs == right.outputs
            && left.properties.elementsEqual(right.properties) { $0 == $1 }
    }
}

/// A column that a model needs.
struct InputFeature: Equatable, Sendable {
    var name: String
    /// `FP32`, `FP64`, or `BYTES` for categories by name.
    var datatype: String

    var isText: Bool { datatype == "BYTES" }
}
