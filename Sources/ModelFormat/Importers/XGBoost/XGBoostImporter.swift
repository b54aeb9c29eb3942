// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Reads models that XGBoost 1.0 to 3.4 saved as JSON: gradient-boosted trees with numeric splits.
///
/// Layout: "JSON" in XGBoost's own documentation (doc/tutorials/saving_model.rst) and the sources of the
/// versions; what is read and what is refused: docs/reference/model-format.md. The trees go straight from the
/// text into the ensemble, without a tree of values between.
struct XGBoostImporter {
    /// Names are made up for features that have none, so a few bytes may not ask for more than these.
    static let featureCountMax = 1 << 20
    static let groupCountMax = 1 << 16

    private var version: [Int] = []
    private var booster = ""
    private var objective = ""
    private var attributes: [String: String] = [:]
    private var featureNames: [String] = []
    private var parameters: [String: String] = [:]
    private var hasDropWeights = false
    private var statedTreeCount: Int?
    private var groups: [Int32] = []
    private var tree = XGBoostTree()
    private var ensemble = TreeEnsemble()

    /// The graph of the model in `bytes`, validated.
    static func read(_ bytes: Span<UInt8>) throws(FormatError) -> ModelGraph {
        var importer = XGBoostImporter()
        var document = DocumentReader(bytes, part: "the XGBoost model", options: .allowsNonFinite)
        try importer.readDocument(&document)
        let graph = try importer.graph()
        try graph.validate()
        return graph
    }

    private mutating func readDocument(_ document: inout DocumentReader) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "the XGBoost model") {
            switch name {
            case "version": version = try document.readIntegers(limit: 3, of: "version")
            case "learner": try readLearner(&document)
            default: try document.skipValue()
            }
        }
        try document.expectEnd()
    }

    private mutating func readLearner(_ document: inout DocumentReader) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "learner") {
            switch name {
            case "attributes": attributes = try readStrings(&document, of: "learner.attributes")
            case "feature_names": featureNames = try document.readStrings()
            case "feature_types":
                if try document.readStrings().contains("c") {
                    throw .unsupported(
                        part: "learner.feature_types: a categorical feature",
                        advice: "encode the categories as numbers before training")
                }
            case "gradient_booster": try readBooster(&document, part: "learner.gradient_booster")
            case "learner_model_param":
                parameters = try readStrings(&document, of: "learner.learner_model_param")
            case "objective": try readObjective(&document)
            default: try document.skipValue()
            }
        }
    }

    private func readStrings(
        _ document: inout DocumentReader, of part: String
    ) throws(FormatError) -> [String: String] {
        var strings: [String: String] = [:]
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            strings[name] = try document.readString()
        }
        return strings
    }

    private mutating func readObjective(_ document: inout DocumentReader) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "learner.objective") {
            if name == "name" { objective = try document.readString() } else { try document.skipValue() }
        }
    }

    /// `{"name":"gbtree","model":{…}}`; dart up to 3.3 has a whole gbtree inside, named `gbtree`.
    private mutating func readBooster(_ document: inout DocumentReader, part: String) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "name": booster = try document.readString()
            case "model": try readModel(&document, part: "\(part).model")
            case "gbtree", "weight_drop":
                try document.skipValue()
                hasDropWeights = true
            default: try document.skipValue()
            }
        }
    }

    private mutating func readModel(_ document: inout DocumentReader, part: String) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "gbtree_model_param":
                let parameters = try readStrings(&document, of: "\(part).gbtree_model_param")
                statedTreeCount = parameters["num_trees"].flatMap { Int($0) }
            case "tree_info": try document.readIndices(into: &groups, part: part, name: name)
            case "trees": try readTrees(&document)
            case "weight_drop":
                // 3.4 keeps the weights of dart here and calls the booster gbtree.
                try document.beginArray()
                while try document.nextElement() {
                    try document.skipValue()
                    hasDropWeights = true
                }
            default: try document.skipValue()
            }
        }
    }

    private mutating func readTrees(_ document: inout DocumentReader) throws(FormatError) {
        try document.beginArray()
        while try document.nextElement() {
            let part = "tree \(ensemble.treeCount)"
            try tree.read(&document, part: part)
            try tree.append(to: &ensemble, part: part)
        }
    }

    private func graph() throws(FormatError) -> ModelGraph {
        try checkVersionAndBooster()
        guard let rule = XGBoostObjective(name: objective) else {
            throw .unsupported(
                part: "learner.objective.name \"\(objective)\"",
                advice: "a custom objective's predictions cannot be known; save with a built-in one")
        }
        let featureCount = try parameter("num_feature", from: 1, to: XGBoostImporter.featureCountMax)
        let classCount = try parameter("num_class", from: 0, to: XGBoostImporter.groupCountMax)
        if parameters["num_target"] != nil, try parameter("num_target", from: 0, to: .max) > 1 {
            throw .unsupported(part: "a model of several targets", advice: "save a model for each target")
        }
        let groupCount = max(classCount, 1)
        var ensemble = ensemble
        ensemble.groups = groups
        if let count = statedTreeCount, count != ensemble.treeCount {
            throw .wrongShape(part: "the trees", expected: "[\(count)]", found: "[\(ensemble.treeCount)]")
        }
        ensemble.baseMargins = try baseScores(groupCount).map { Double(rule.margin(ofBaseScore: $0)) }
        var labels: ClassLabels?
        if rule.isClassifier {
            let count = rule.transform == .softmax || rule.transform == .argmax ? groupCount : 2
            labels = .integers((0..<count).map(Int64.init))
        }
        return ModelGraph(
            schema: FeatureSchema(features: try features(featureCount)), estimator: .treeEnsemble(ensemble),
            output: OutputDescription(transform: rule.transform, labels: labels), lineage: lineage())
    }

    private func checkVersionAndBooster() throws(FormatError) {
        guard version.count == 3 else { throw .missingPart("version, three numbers,") }
        let text = version.map(String.init).joined(separator: ".")
        if !(1...3).contains(version[0]) { throw .unsupportedVersion(part: "XGBoost's version", found: text) }
        if booster == "dart" || hasDropWeights {
            throw .unsupported(part: "booster \"dart\"", advice: "train with booster=\"gbtree\"")
        }
        if booster.isEmpty { throw .missingPart("learner.gradient_booster.name") }
        if booster != "gbtree" {
            throw .unsupported(part: "booster \"\(booster)\"", advice: "train with booster=\"gbtree\"")
        }
    }

    private func parameter(_ name: String, from least: Int, to most: Int) throws(FormatError) -> Int {
        let part = "learner.learner_model_param.\(name)"
        guard let text = parameters[name] else { throw .missingPart(part) }
        guard let value = Int(text) else {
            throw .invalidValue(part: part, reason: "\"\(text)\" is no integer")
        }
        if value < least || value > most {
            throw .invalidValue(part: part, reason: "\(value) is not from \(least) to \(most)")
        }
        return value
    }

    /// `5E-1` up to 3.0; `[6.27E-1]`, one number or one a group, from 3.1, which also reads round brackets.
    private func baseScores(_ groupCount: Int) throws(FormatError) -> [Float] {
        let part = "learner.learner_model_param.base_score"
        guard let text = parameters["base_score"] else { throw .missingPart(part) }
        var inner = text[...]
        if inner.first == "[" && inner.last == "]" || inner.first == "(" && inner.last == ")" {
            inner = inner.dropFirst().dropLast()
        }
        var scores: [Float] = []
        for piece in inner.split(separator: ",", omittingEmptySubsequences: false) {
            let digits = piece.filter { !$0.isWhitespace }
            let isDecimal = digits.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || "+-.eE".utf8.contains($0) }
            guard isDecimal, let score = Float(digits), score.isFinite else {
                throw .invalidValue(part: part, reason: "\"\(piece)\" is no finite number")
            }
            scores.append(score)
        }
        if scores.count == 1 { return [Float](repeating: scores[0], count: groupCount) }
        if scores.count != groupCount {
            throw .wrongShape(part: part, expected: "[\(groupCount)]", found: "[\(scores.count)]")
        }
        return scores
    }

    private func features(_ count: Int) throws(FormatError) -> [Feature] {
        if featureNames.isEmpty { return (0..<count).map { Feature(name: "f\($0)", kind: .numeric) } }
        if featureNames.count != count {
            throw .wrongShape(
                part: "learner.feature_names", expected: "[\(count)]", found: "[\(featureNames.count)]")
        }
        return featureNames.map { Feature(name: $0, kind: .numeric) }
    }

    private func lineage() -> Lineage {
        var facts = [
            "producer": "XGBoost " + version.map(String.init).joined(separator: "."),
            "algorithm": booster, "objective": objective,
        ]
        for name in ["best_iteration", "best_score"] { facts[name] = attributes[name] }
        return Lineage(facts: facts)
    }
}
