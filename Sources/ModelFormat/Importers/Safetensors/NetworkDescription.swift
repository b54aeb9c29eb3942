// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// What `architecture.json` says: the layers in their order, and optionally names of columns and classes.
///
///     ["linear 0", "relu", "linear 3"]
///     {"layers": ["linear 0", "relu", "linear 3", "softmax"], "labels": ["a", "b"], "features": ["x", "y"]}
struct NetworkDescription {
    enum Layer: Equatable {
        case linear(String)
        case activation(MultilayerPerceptron.Activation)
        case softmax
    }

    private(set) var layers: [Layer] = []
    private(set) var labels: ClassLabels?
    private var features: [String] = []

    private static let layersMax = 1_000
    private static let part = "architecture"

    init(_ text: Span<UInt8>) throws(FormatError) {
        var document = DocumentReader(text, part: NetworkDescription.part)
        if try document.peek() == .array {
            try readLayers(&document)
        } else {
            var names = MemberNames()
            try document.beginObject()
            while let name = try document.nextMember(&names, of: NetworkDescription.part) {
                switch name {
                case "layers": try readLayers(&document)
                case "labels": labels = try document.readLabels()
                case "features": features = try document.readStrings()
                default: throw .unknownPart("architecture.\(name)")
                }
            }
        }
        try document.expectEnd()
        if layers.isEmpty { throw .missingPart("architecture.layers") }
    }

    private mutating func readLayers(_ document: inout DocumentReader) throws(FormatError) {
        try document.beginArray()
        while try document.nextElement() {
            if layers.count == NetworkDescription.layersMax {
                throw document.unexpected("more than \(NetworkDescription.layersMax) layers")
            }
            layers.append(try NetworkDescription.layer(try document.readString()))
        }
    }

    private static func layer(_ text: String) throws(FormatError) -> Layer {
        let words = text.split(separator: " ", maxSplits: 1)
        switch (words.first, words.count) {
        case ("linear", 2): return .linear(String(words[1]))
        case ("relu", 1): return .activation(.relu)
        case ("tanh", 1): return .activation(.tanh)
        case ("sigmoid", 1), ("logistic", 1): return .activation(.logistic)
        case ("identity", 1): return .activation(.identity)
        case ("softmax", 1): return .softmax
        default:
            throw .unsupported(
                part: "architecture: the layer \"\(text)\"",
                advice:
                    "linear NAME, relu, tanh, sigmoid and softmax are known; export other networks to ONNX")
        }
    }

    /// The columns by their names, else `x0` ….
    func schema(width: Int) throws(FormatError) -> FeatureSchema {
        if !features.isEmpty && features.count != width {
            throw .wrongShape(
                part: "architecture.features", expected: "[\(width)]", found: "[\(features.count)]")
        }
        if width > XGBoostImporter.featureCountMax {
            throw .invalidValue(
                part: "the first layer", reason: "more than \(XGBoostImporter.featureCountMax) columns")
        }
        let names = features.isEmpty ? (0..<width).map { "x\($0)" } : features
        return FeatureSchema(features: names.map { Feature(name: $0, kind: .numeric) })
    }
}
