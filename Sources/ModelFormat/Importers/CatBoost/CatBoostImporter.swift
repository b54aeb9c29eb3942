// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Reads models that CatBoost saved with `format="json"`.
///
/// Layout: CatBoost's catboost/libs/model/model_export/json_model_helpers.cpp; what is read and what is
/// refused: docs/reference/catboost.md. Trees name the splits of `features_info` by number, so that part is
/// read first, wherever it stands.
struct CatBoostImporter {
    private var features = CatBoostFeatures()
    private var scale = 1.0
    private var biases: [Double] = []
    private var facts = CatBoostFacts()
    private var symmetricTrees: Range<Int>?
    private var nodeTrees: Range<Int>?
    private var tables: [String: CatBoostTable] = [:]

    /// The graph of the model in `bytes`, validated.
    static func read(_ bytes: Span<UInt8>) throws(FormatError) -> ModelGraph {
        var importer = CatBoostImporter()
        try importer.readDocument(bytes)
        let graph = try importer.graph(bytes)
        try graph.validate()
        return graph
    }

    private mutating func readDocument(_ bytes: Span<UInt8>) throws(FormatError) {
        var document = DocumentReader(bytes, part: "the CatBoost model")
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "the CatBoost model") {
            switch name {
            case "features_info": try features.read(&document)
            case "oblivious_trees": symmetricTrees = try document.skipValue()
            case "trees": nodeTrees = try document.skipValue()
            case "scale_and_bias": try readScale(&document)
            case "model_info": try facts.read(bytes.extracting(try document.skipValue()))
            case "ctr_data": try readTables(&document)
            default: try document.skipValue()
            }
        }
        try document.expectEnd()
    }

    /// `[scale, [bias, …]]`, and `[scale, bias]` from versions before 1.0.
    private mutating func readScale(_ document: inout DocumentReader) throws(FormatError) {
        try document.beginArray()
        guard try document.nextElement() else { throw .missingPart("scale_and_bias: the scale") }
        scale = try document.readDouble()
        guard try document.nextElement() else { throw .missingPart("scale_and_bias: the bias") }
        biases = try document.peek() == .array ? try document.readDoubles() : [try document.readDouble()]
        if try document.nextElement() {
            throw document.unexpected("scale_and_bias has more than two elements")
        }
    }

    private mutating func readTables(_ document: inout DocumentReader) throws(FormatError) {
        if try document.peek() == .null { return try document.readNull() }
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "ctr_data") {
            tables[name] = try CatBoostTable(&document, part: "ctr_data")
        }
    }

    private func graph(_ bytes: Span<UInt8>) throws(FormatError) -> ModelGraph {
        let schema = try features.schema()
        let objective = try CatBoostObjective(name: facts.lossFunction)
        var trees = CatBoostTrees(
            splits: try features.splits(columnCount: schema.count), hashes: features.categoryHashes,
            scale: scale)
        guard (symmetricTrees == nil) != (nodeTrees == nil) else {
            throw .missingPart("oblivious_trees or trees, one of them,")
        }
        if let range = symmetricTrees {
            var document = DocumentReader(bytes.extracting(range), part: "oblivious_trees")
            try trees.readSymmetric(&document)
        }
        if let range = nodeTrees {
            var document = DocumentReader(bytes.extracting(range), part: "trees")
            try trees.readNodes(&document)
        }
        let width = trees.width ?? max(biases.count, 1)
        var margins = biases
        if margins.count < 2 { margins = [Double](repeating: biases.first ?? 0, count: width) }
        if margins.count != width {
            throw .wrongShape(part: "scale_and_bias", expected: "[\(width)]", found: "[\(margins.count)]")
        }
        var builder = trees.builder
        builder.setMargins(margins)
        let labels = objective.isClassifier ? facts.labels(count: width == 1 ? 2 : width) : nil
        var stages: [PreprocessingStage] = []
        if let statistics = try statistics() { stages.append(.categoryStatistics(statistics)) }
        return ModelGraph(
            schema: schema, stages: stages, estimator: .treeEnsemble(builder.finish()),
            output: OutputDescription(transform: objective.transform, labels: labels),
            lineage: Lineage(facts: ["producer": facts.producer, "objective": facts.lossFunction]))
    }

    private func statistics() throws(FormatError) -> CategoryStatistics? {
        if features.statistics.isEmpty { return nil }
        var result = CategoryStatistics(
            hashes: features.categoryHashes.map(CatBoostTable.extended), tables: [])
        for (index, statistic) in features.statistics.enumerated() {
            guard let table = tables[statistic.identifier] else {
                throw .missingPart("ctr_data for features_info.ctrs[\(index)]")
            }
            result.tables.append(
                try statistic.table(table, features: features, part: "features_info.ctrs[\(index)]"))
        }
        return result
    }
}
