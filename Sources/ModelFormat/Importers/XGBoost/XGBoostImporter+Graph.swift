// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// From what an XGBoost document holds to the graph.
extension XGBoostImporter {
    consuming func graph() throws(FormatError) -> ModelGraph {
        try checkVersionAndBooster()
        guard let rule = XGBoostObjective(name: objective, version: version) else {
            throw .unsupported(
                part: "learner.objective.name \"\(objective)\"",
                advice: "a custom objective's predictions cannot be known; save with a built-in one")
        }
        let featureCount = try parameter("num_feature", from: 1, to: XGBoostImporter.featureCountMax)
        let classCount = try parameter("num_class", from: 0, to: XGBoostImporter.groupCountMax)
        // Since 1.6; a model has several classes or several targets, never both.
        let targetCount =
            parameters["num_target"] == nil
            ? 1 : try parameter("num_target", from: 0, to: XGBoostImporter.groupCountMax)
        if classCount > 1 && targetCount > 1 {
            throw .invalidValue(
                part: "learner.learner_model_param",
                reason: "\(classCount) classes and \(targetCount) targets exclude each other")
        }
        // Each expectile but the first is what it has more than the one before.
        if objective == "reg:expectileerror" && targetCount > 1 {
            throw .unsupported(
                part: "learner.objective.name \"\(objective)\" with several expectiles",
                advice: "train one model for each expectile")
        }
        let groupCount = max(classCount, targetCount, 1)
        let margins = try baseScores(groupCount).map(rule.margin(ofBaseScore:))
        let features = try features(featureCount)
        let output = OutputDescription(
            transform: rule.transform, labels: labels(rule, groupCount: groupCount))
        let (stages, lineage) = (recoding(features), lineage())
        return ModelGraph(
            schema: FeatureSchema(features: features), stages: stages,
            estimator: try estimator(margins: margins, featureCount: featureCount), output: output,
            lineage: lineage)
    }

    private func checkVersionAndBooster() throws(FormatError) {
        guard version.count == 3 else { throw .missingPart("version, three numbers,") }
        let text = version.map(String.init).joined(separator: ".")
        if !(1...3).contains(version[0]) { throw .unsupportedVersion(part: "XGBoost's version", found: text) }
        if booster.isEmpty { throw .missingPart("learner.gradient_booster.name") }
        if !["gbtree", "dart", "gblinear"].contains(booster) {
            throw .unsupported(
                part: "booster \"\(booster)\"", advice: "train with booster gbtree, dart or gblinear")
        }
        if !hasModel { throw .missingPart("learner.gradient_booster.model") }
    }

    private consuming func estimator(margins: [Float], featureCount: Int) throws(FormatError) -> Estimator {
        if booster == "gblinear" { return try linear(margins: margins, featureCount: featureCount) }
        if let count = statedTreeCount, count != builder.treeCount {
            throw .wrongShape(part: "the trees", expected: "[\(count)]", found: "[\(builder.treeCount)]")
        }
        if !dropWeights.isEmpty {
            if dropWeights.count != builder.treeCount {
                throw .wrongShape(
                    part: "weight_drop", expected: "[\(builder.treeCount)]", found: "[\(dropWeights.count)]")
            }
            for (tree, weight) in dropWeights.enumerated() { builder.scaleLeaves(ofTree: tree, by: weight) }
        } else if booster == "dart" && builder.treeCount > 0 {
            throw .missingPart("learner.gradient_booster.weight_drop")
        }
        if addsBaseLast { builder.setAggregation(.scaled(1)) }
        builder.setGroups(groups)
        builder.setMargins(margins.map(Double.init))
        return .treeEnsemble(builder.finish())
    }

    /// Up to 1.2, and up to 1.3 with dart, XGBoost added the base score to the sum of the leaves; since then
    /// the sum begins with it. The last bit shows the difference.
    private var addsBaseLast: Bool {
        version[0] == 1 && (version[1] < 3 || (version[1] < 4 && !dropWeights.isEmpty))
    }

    /// XGBoost adds the bias and the base score first, then the features in their order; all groups get the
    /// base score of the first.
    private func linear(margins: [Float], featureCount: Int) throws(FormatError) -> Estimator {
        guard let weights = linearWeights else {
            throw .missingPart("learner.gradient_booster.model.weights")
        }
        let groupCount = margins.count
        let expected = (featureCount + 1) * groupCount
        if weights.count != expected {
            throw .wrongShape(
                part: "learner.gradient_booster.model.weights", expected: "[\(expected)]",
                found: "[\(weights.count)]")
        }
        var coefficients: [Double] = []
        coefficients.reserveCapacity(featureCount * groupCount)
        for group in 0..<groupCount {
            for feature in 0..<featureCount {
                coefficients.append(Double(weights[feature * groupCount + group]))
            }
        }
        let intercepts = (0..<groupCount).map {
            Double(weights[featureCount * groupCount + $0] + margins[0])
        }
        return .linear(
            LinearModel(numberType: .float32, coefficients: coefficients, intercepts: intercepts))
    }

    private func labels(_ rule: XGBoostObjective, groupCount: Int) -> ClassLabels? {
        guard rule.isClassifier else { return nil }
        if rule.transform == .softmax || rule.transform == .argmax {
            return .integers((0..<groupCount).map(Int64.init))
        }
        // Several targets of a binary objective are several answers, each yes or no.
        return groupCount == 1 ? .integers([0, 1]) : nil
    }

    // MARK: Features

    private func features(_ count: Int) throws(FormatError) -> [Feature] {
        if !featureNames.isEmpty && featureNames.count != count {
            throw .wrongShape(
                part: "learner.feature_names", expected: "[\(count)]", found: "[\(featureNames.count)]")
        }
        if !categories.names.isEmpty && categories.names.count != count {
            throw .wrongShape(
                part: "learner.gradient_booster.model.cats", expected: "[\(count)]",
                found: "[\(categories.names.count)]")
        }
        return (0..<count).map { index in
            let name = featureNames.isEmpty ? "f\(index)" : featureNames[index]
            let names = categories.names.isEmpty ? [] : categories.names[index]
            return Feature(name: name, kind: names.isEmpty ? .numeric : .categorical(categories: names))
        }
    }

    /// A category that training never saw is a missing value to the trees, not a code.
    private func recoding(_ features: [Feature]) -> [PreprocessingStage] {
        let encodings = features.map { feature -> PreprocessingStage.ColumnEncoding in
            feature.kind == .numeric ? .pass : .ordinal
        }
        return encodings.contains(.ordinal) ? [.encode(encodings)] : []
    }

    // MARK: Parameters

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

    private func lineage() -> Lineage {
        var facts = [
            "producer": "XGBoost " + version.map(String.init).joined(separator: "."),
            "algorithm": dropWeights.isEmpty ? booster : "dart", "objective": objective,
        ]
        if parallelTreeCount > 1 { facts["num_parallel_tree"] = "\(parallelTreeCount)" }
        for name in ["best_iteration", "best_score"] { facts[name] = attributes[name] }
        return Lineage(facts: facts)
    }
}
