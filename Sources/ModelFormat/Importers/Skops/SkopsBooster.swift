// SPDX-License-Identifier: Apache-2.0
import Base

/// LightGBM's models in scikit-learn's form, as skops and MLflow save them: the object holds the text that
/// LightGBM itself saves.
enum SkopsBooster {
    /// Nil for other models. `LGBMClassifier` answers its labels, all by the best iteration where training
    /// stopped early, as their `predict` does.
    static func read(_ archive: SkopsArchive, _ node: SkopsNode) throws(FormatError) -> ModelGraph? {
        guard node.module == "lightgbm.sklearn",
            ["LGBMClassifier", "LGBMRegressor", "LGBMRanker"].contains(node.className)
        else { return nil }
        let booster = try node.require("_Booster")
        guard let text = booster.string("_handle") ?? booster.string("handle") else {
            throw .missingPart("\(booster.path)._handle")
        }
        let bytes = Array(text.utf8)
        var graph = try LightGBMImporter.read(bytes.span)
        if let best = booster["best_iteration"]?.scalar?.integer, best > 0 {
            graph.lineage.facts["best_iteration"] = String(best - 1)
            if let cut = graph.upToBestIteration {
                graph = cut
                // Of a random forest, whose answers are means.
                if graph.output.divisor != 1 { graph.output.divisor = Double(best) }
            }
            graph.lineage.facts["best_iteration"] = nil
        }
        if node.className == "LGBMClassifier" {
            guard [.logistic, .softmax].contains(graph.output.transform) else {
                throw .unsupported(
                    part: "\(node.path): LGBMClassifier with an objective of its own",
                    advice: SkopsImporter.advice)
            }
            graph.output.labels = try SkopsEstimator.classes(try node.require("_le"), archive)
            graph.output.predictsLabels = true
        }
        try graph.validate()
        return graph
    }
}
