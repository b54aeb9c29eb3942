// SPDX-License-Identifier: Apache-2.0
import Base

/// LightGBM's and XGBoost's models in scikit-learn's form, as skops and MLflow save them: the object holds
/// what the library itself saves.
enum SkopsBooster {
    /// Nil for other models. Classifiers answer their labels, all by the best iteration where training
    /// stopped early, as their `predict` does.
    static func read(_ archive: SkopsArchive, _ node: SkopsNode) throws(FormatError) -> ModelGraph? {
        switch (node.module, node.className) {
        case ("lightgbm.sklearn", "LGBMClassifier"), ("lightgbm.sklearn", "LGBMRegressor"),
            ("lightgbm.sklearn", "LGBMRanker"):
            try readLightGBM(archive, node)
        case ("xgboost.sklearn", "XGBClassifier"), ("xgboost.sklearn", "XGBRegressor"),
            ("xgboost.sklearn", "XGBRanker"), ("xgboost.sklearn", "XGBRFClassifier"),
            ("xgboost.sklearn", "XGBRFRegressor"):
            try readXGBoost(archive, node)
        default: nil
        }
    }

    private static func readLightGBM(
        _ archive: SkopsArchive, _ node: SkopsNode
    ) throws(FormatError) -> ModelGraph {
        let booster = try node.require("_Booster")
        guard let text = booster.string("_handle") ?? booster.string("handle") else {
            throw .missingPart("\(booster.path)._handle")
        }
        let bytes = Array(text.utf8)
        var graph = try LightGBMImporter.read(bytes.span)
        if let best = booster["best_iteration"]?.scalar?.integer, best > 0 {
            graph.lineage.facts["best_iteration"] = String(best - 1)
            let isCut = cutToBestIteration(&graph)
            // Of a random forest, whose answers are means.
            if isCut && graph.output.divisor != 1 { graph.output.divisor = Double(best) }
        }
        if node.className == "LGBMClassifier" {
            try predictLabels(&graph, try SkopsEstimator.classes(try node.require("_le"), archive), node)
        }
        try graph.validate()
        return graph
    }

    private static func readXGBoost(
        _ archive: SkopsArchive, _ node: SkopsNode
    ) throws(FormatError) -> ModelGraph {
        if let marker = node["missing"]?.scalar?.double, !marker.isNaN {
            throw .unsupported(
                part: "\(node.path): \(node.className) with missing=\(marker)", advice: SkopsImporter.advice)
        }
        let booster = try node.require("_Booster")
        let contents = try archive.contents(try booster.require("handle"))
        var graph = try XGBoostImporter.read(contents.bytes, encoding: .ubjson)
        _ = cutToBestIteration(&graph)
        if node.className.hasSuffix("Classifier") {
            let count = Int64(clamping: graph.output.labels?.count ?? 0)
            try predictLabels(&graph, .integers((0..<count).map { $0 }), node)
        }
        try graph.validate()
        return graph
    }

    /// Whether there were trees behind it.
    private static func cutToBestIteration(_ graph: inout ModelGraph) -> Bool {
        let cut = graph.upToBestIteration
        if let cut { graph = cut }
        graph.lineage.facts["best_iteration"] = nil
        return cut != nil
    }

    private static func predictLabels(
        _ graph: inout ModelGraph, _ labels: ClassLabels, _ node: SkopsNode
    ) throws(FormatError) {
        guard [.logistic, .softmax].contains(graph.output.transform) else {
            throw .unsupported(
                part: "\(node.path): \(node.className) with an objective of its own",
                advice: SkopsImporter.advice)
        }
        graph.output.labels = labels
        graph.output.predictsLabels = true
    }
}
