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
        if let graph = try SkopsBooster.read(archive, archive.root) { return graph }
        return try read(archive, archive.root, schema: nil)
    }

    /// The graph of a model, or of one inside it whose columns are those of `schema`.
    static func read(
        _ archive: SkopsArchive, _ root: SkopsNode, schema given: FeatureSchema?
    ) throws(FormatError) -> ModelGraph {
        let root = try SkopsImporter.unwrapped(root)
        var steps = root.className == "Pipeline" ? try SkopsImporter.steps(root) : [root]
        guard var last = steps.popLast() else { throw .missingPart("\(root.path).steps") }
        last = try SkopsImporter.unwrapped(last)
        while last.className == "Pipeline" {
            steps += try SkopsImporter.steps(last)
            guard let end = steps.popLast() else { throw .missingPart("\(last.path).steps") }
            last = try SkopsImporter.unwrapped(end)
        }
        let schema: FeatureSchema
        var texts: [SkopsTexts.Vectorizer] = []
        if let given {
            schema = given
        } else {
            let first = steps.first ?? last
            texts = try SkopsTexts(archive).vectorizers(first)
            schema =
                SkopsTexts.reads(first)
                ? FeatureSchema(features: [Feature(name: "text", kind: .text)])
                : try self.schema(archive, root, first: first)
        }
        var transformers = SkopsTransformers(
            archive, columns: try SkopsColumns(schema: schema, texts: texts, part: root.path))
        for step in steps {
            _ = try transformers.apply(step, to: 0..<transformers.columns.count)
        }
        // Histogram boosting turns its categories into codes by a transformer of its own.
        if last.className.hasPrefix("HistGradientBoosting"), let own = last["_preprocessor"] {
            _ = try transformers.apply(own, to: 0..<transformers.columns.count)
        }
        var columns = transformers.columns
        let (model, output) = try estimator(archive, last, &columns)
        let graph = ModelGraph(
            schema: columns.schema, stages: columns.stages, estimator: model,
            output: output, lineage: lineage(root, last))
        try graph.validate()
        return graph
    }

    /// The model at the end, which reads `columns`.
    private static func estimator(
        _ archive: SkopsArchive, _ last: SkopsNode, _ columns: inout SkopsColumns
    ) throws(FormatError) -> (Estimator, OutputDescription) {
        if SkopsComposite.reads(last, archive) {
            var composite = SkopsComposite(archive, last, columns: columns)
            try composite.read()
            columns = composite.columns
            return (.rowProgram(composite.program), composite.output)
        }
        try columns.finish()
        if let booster = try SkopsBooster.read(archive, last) {
            if booster.schema.count != columns.count
                || booster.schema.features.contains(where: { $0.kind != .numeric })
            {
                throw .unsupported(
                    part: "\(last.path): \(last.className) of categories by name, or of other columns,",
                    advice: SkopsImporter.advice)
            }
            if columns.program == nil, booster.stages.isEmpty { return (booster.estimator, booster.output) }
            var program = columns.program ?? RowProgram(inputWidth: columns.count)
            try program.add(.model(booster, .margins), [program.last], part: last.path)
            return (.rowProgram(program), booster.output)
        }
        let estimator = try SkopsEstimator(archive, last, width: columns.count)
        guard var program = columns.program else { return (estimator.estimator, estimator.output) }
        let graph = ModelGraph(
            schema: columns.innerSchema, estimator: estimator.estimator, output: estimator.output)
        try graph.validate()
        try program.add(.model(graph, .margins), [program.last], part: last.path)
        return (.rowProgram(program), estimator.output)
    }

    /// The model that a search or a robust fit chose.
    private static func unwrapped(_ node: SkopsNode) throws(FormatError) -> SkopsNode {
        switch node.className {
        case "GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV":
            try unwrapped(try node.require("best_estimator_"))
        case "RANSACRegressor": try unwrapped(try node.require("estimator_"))
        default: node
        }
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
        _ archive: SkopsArchive, _ root: SkopsNode, first: SkopsNode
    ) throws(FormatError) -> FeatureSchema {
        let node = firstWithColumns(first, depth: 0) ?? first
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

    /// The first object that knows its columns: models that only hold models do not.
    private static func firstWithColumns(_ node: SkopsNode, depth: Int) -> SkopsNode? {
        if node["n_features_in_"] != nil { return node }
        if depth > 32 { return nil }
        let inner: [SkopsNode]
        switch node.className {
        case "Pipeline": inner = (try? steps(node)) ?? []
        case "FeatureUnion": inner = (node["transformer_list"]?.items ?? []).compactMap { $0.items?.last }
        default:
            inner =
                [node["regressor_"], node["best_estimator_"], node["estimator_"]].compactMap { $0 }
                + (node["estimators_"].map { SkopsEstimator.flatten($0) } ?? [])
        }
        for node in inner {
            if let found = firstWithColumns(node, depth: depth + 1) { return found }
        }
        return nil
    }

    private static func lineage(_ root: SkopsNode, _ estimator: SkopsNode) -> Lineage {
        let version = estimator.string("_sklearn_version") ?? "of an unknown version"
        return Lineage(facts: ["producer": "scikit-learn \(version)", "algorithm": estimator.className])
    }
}
