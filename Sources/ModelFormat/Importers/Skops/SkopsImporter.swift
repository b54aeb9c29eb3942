// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Reads models of scikit-learn that skops saved: a zip archive that names classes and holds arrays, no code.
///
/// Only classes that are known here are read, each by the attributes that fitting gave it; what is read and
/// what is refused: docs/reference/skops.md.
enum SkopsImporter {
    static let advice =
        "export the model to ONNX with skl2onnx, or use one of the classes of docs/reference/skops.md"

    /// The graph of the model in `bytes`, validated.
    static func read(_ bytes: Span<UInt8>) throws(FormatError) -> ModelGraph {
        let archive = try SkopsArchive(bytes)
        let root = archive.root
        var steps = root.className == "Pipeline" ? try SkopsImporter.steps(root) : [root]
        guard let last = steps.popLast() else { throw .missingPart("\(root.path).steps") }
        let schema = try schema(archive, root, first: steps.first ?? last)
        var transformers = SkopsTransformers(archive, columns: SkopsColumns(schema: schema))
        for step in steps {
            _ = try transformers.apply(step, to: 0..<transformers.columns.count)
        }
        // Histogram boosting turns its categories into codes by a transformer of its own.
        if last.className.hasPrefix("HistGradientBoosting"), let own = last["_preprocessor"] {
            _ = try transformers.apply(own, to: 0..<transformers.columns.count)
        }
        try transformers.columns.finish()
        let columns = transformers.columns
        let estimator = try SkopsEstimator(archive, last, width: columns.count)
        let graph = ModelGraph(
            schema: columns.schema, stages: columns.stages, estimator: estimator.estimator,
            output: estimator.output, lineage: lineage(root, last))
        try graph.validate()
        return graph
    }

    /// The fitted steps of a pipeline, without their names.
    static func steps(_ pipeline: SkopsNode) throws(FormatError) -> [SkopsNode] {
        var steps: [SkopsNode] = []
        for entry in try pipeline.require("steps").items ?? [] {
            guard let pair = entry.items, pair.count == 2 else {
                throw .invalidValue(part: entry.path, reason: "it is not a name and a step")
            }
            steps.append(pair[1])
        }
        return steps
    }

    /// The columns that the first step was fitted to, by their names, else `x0` … as scikit-learn calls them.
    private static func schema(
        _ archive: borrowing SkopsArchive, _ root: SkopsNode, first: SkopsNode
    ) throws(FormatError) -> FeatureSchema {
        var node = first
        while node.className == "Pipeline", let step = try steps(node).first { node = step }
        guard let count = node["n_features_in_"]?.scalar?.integer else {
            throw .unsupported(
                part: "\(node.path): \(node.className), or one that is not fitted", advice: advice)
        }
        guard count > 0, count <= Int64(XGBoostImporter.featureCountMax) else {
            throw .invalidValue(
                part: "\(node.path).n_features_in_",
                reason: "\(count) is not from 1 to \(XGBoostImporter.featureCountMax)")
        }
        var names = (0..<Int(count)).map { "x\($0)" }
        if let node = node["feature_names_in_"] {
            names = try archive.labels(node).compactMap(\.name)
            if names.count != Int(count) {
                throw .wrongShape(part: node.path, expected: "[\(count)]", found: "[\(names.count)]")
            }
        }
        return FeatureSchema(features: names.map { Feature(name: $0, kind: .numeric) })
    }

    private static func lineage(_ root: SkopsNode, _ estimator: SkopsNode) -> Lineage {
        let version = estimator.string("_sklearn_version") ?? "of an unknown version"
        return Lineage(facts: ["producer": "scikit-learn \(version)", "algorithm": estimator.className])
    }
}
