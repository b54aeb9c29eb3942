// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Reads models that LightGBM 2 to 4 saved as text (`version=v2` to `v4`).
///
/// Layout: LightGBM's src/boosting/gbdt_model_text.cpp and src/io/tree.cpp; what is read and what is refused:
/// docs/reference/lightgbm.md. A model is a header of `name=value` lines, one block of such lines a tree, and
/// facts about training.
struct LightGBMImporter {
    private var header: [String: String] = [:]
    private var featureNames: [String] = []
    private var featureInfos: [String] = []
    private var objectiveWords: [String] = []
    private var treeSizesCount: Int?
    private var isAverage = false
    /// The line behind the trees was met; without it a file may have been cut off.
    private var hasEnd = false
    /// The columns that training was told to be categorical, from the parameters.
    private var categoricalColumns: [Int] = []
    private var categories: [[String]] = []
    private var builder = EnsembleBuilder(
        rules: TreeRules(
            inputType: .float64, sumType: .float64, comparison: .lessOrEqual, categoryRule: .truncated),
        hasCovers: true)

    /// The graph of the model in `bytes`, validated.
    static func read(_ bytes: Span<UInt8>) throws(FormatError) -> ModelGraph {
        var importer = LightGBMImporter()
        var lines = LightGBMLines(bytes)
        try importer.readHeader(&lines)
        if !importer.hasEnd { try importer.readTrees(&lines) }
        try importer.readRest(&lines)
        let graph = try importer.graph()
        try graph.validate()
        return graph
    }

    // MARK: The file

    /// Everything up to the first tree, whose line is the current one then.
    private mutating func readHeader(_ lines: inout LightGBMLines) throws(FormatError) {
        guard lines.advance(), lines.text == "tree" else {
            throw lines.malformed("the first line is not \"tree\"")
        }
        var names = MemberNames()
        while lines.advance() {
            if lines.begins(with: "Tree=") { return }
            if lines.begins(with: "end of trees") {
                hasEnd = true
                return
            }
            if lines.isEmpty { continue }
            let name = lines.name
            if !names.insert(name) { throw .duplicateName(part: "the header", name: name) }
            switch name {
            case "feature_names": featureNames = try lines.words()
            case "feature_infos": featureInfos = try lines.words()
            case "objective": objectiveWords = try lines.words()
            case "tree_sizes": treeSizesCount = try lines.words().count
            case "average_output": isAverage = true
            case "version", "num_class", "num_tree_per_iteration", "max_feature_idx":
                header[name] = lines.valueText
            default: break
            }
        }
    }

    private mutating func readTrees(_ lines: inout LightGBMLines) throws(FormatError) {
        var tree = LightGBMTree()
        var imported = ImportedTree()
        let groupCount = try count("num_tree_per_iteration", from: 1, to: XGBoostImporter.groupCountMax)
        guard lines.begins(with: "Tree=") else { return }
        repeat {
            if lines.isEmpty { continue }
            if lines.begins(with: "end of trees") || lines.begins(with: "feature_importances")
                || lines.begins(with: "feature importances")
            {
                hasEnd = true
                return
            }
            guard lines.begins(with: "Tree=") else {
                throw lines.malformed("expected a tree or \"end of trees\"")
            }
            let part = "tree \(builder.treeCount)"
            try tree.read(&lines, part: part)
            try tree.convert(into: &imported, part: part)
            try builder.append(imported, group: Int32(builder.treeCount % groupCount), part: part)
        } while lines.advance()
    }

    /// What stands behind the trees: importances, the parameters of training, and pandas' categories.
    private mutating func readRest(_ lines: inout LightGBMLines) throws(FormatError) {
        var isInParameters = false
        while lines.advance() {
            if lines.begins(with: "parameters:") {
                isInParameters = true
            } else if lines.begins(with: "end of parameters") {
                isInParameters = false
            } else if lines.begins(with: "[categorical_feature:") {
                let numbers = lines.text.dropFirst(21).prefix { $0 != "]" }.split(separator: ",")
                // Names and other forms are possible, too; then the columns are told by `feature_infos`.
                categoricalColumns = numbers.compactMap { Int($0.filter { $0 != " " }) }
                if categoricalColumns.count != numbers.count { categoricalColumns = [] }
            } else if lines.begins(with: "pandas_categorical:") {
                categories = try LightGBMCategories.read(lines.text(from: 19))
            }
        }
        // What would follow may be the names of categories: without them a column would be read as numbers.
        if isInParameters { throw lines.malformed("it breaks off inside its parameters; copy it again") }
    }

    // MARK: The graph

    private consuming func graph() throws(FormatError) -> ModelGraph {
        guard let version = header["version"] else { throw .missingPart("version=") }
        guard ["v2", "v3", "v4"].contains(version) else {
            throw .unsupportedVersion(part: "LightGBM's text format", found: version)
        }
        if !hasEnd && treeSizesCount != builder.treeCount {
            throw .truncated(
                part: "the list of trees", needed: UInt64(treeSizesCount ?? 0), available: builder.treeCount)
        }
        if let treeSizesCount, treeSizesCount != builder.treeCount {
            throw .wrongShape(
                part: "the trees", expected: "[\(treeSizesCount)]", found: "[\(builder.treeCount)]")
        }
        let groupCount = try count("num_tree_per_iteration", from: 1, to: XGBoostImporter.groupCountMax)
        let featureCount = try count("max_feature_idx", from: 0, to: XGBoostImporter.featureCountMax - 1) + 1
        let objective = try LightGBMObjective(words: objectiveWords)
        if builder.treeCount % groupCount != 0 {
            throw .wrongShape(
                part: "the trees", expected: "a multiple of \(groupCount)", found: "\(builder.treeCount)")
        }
        var output = OutputDescription(transform: objective.transform, slope: objective.slope)
        if isAverage && builder.treeCount > 0 { output.divisor = Double(builder.treeCount / groupCount) }
        if objective.isClassifier {
            output.labels = .integers((0..<(groupCount == 1 ? 2 : groupCount)).map(Int64.init))
        }
        let features = try features(featureCount)
        let encodings = features.map { feature -> PreprocessingStage.ColumnEncoding in
            feature.kind == .numeric ? .pass : .ordinal
        }
        let facts = [
            "producer": "LightGBM (text \(version))", "objective": objectiveWords.joined(separator: " "),
        ]
        builder.setMargins([Double](repeating: 0, count: groupCount))
        return ModelGraph(
            schema: FeatureSchema(features: features),
            stages: encodings.contains(.ordinal) ? [.encode(encodings)] : [],
            estimator: .treeEnsemble(builder.finish()), output: output, lineage: Lineage(facts: facts))
    }

    private func count(_ name: String, from least: Int, to most: Int) throws(FormatError) -> Int {
        guard let text = header[name] else { throw .missingPart("\(name)=") }
        guard let value = Int(text), value >= least, value <= most else {
            throw .invalidValue(part: name, reason: "\"\(text)\" is no whole number from \(least) to \(most)")
        }
        return value
    }

    private func features(_ count: Int) throws(FormatError) -> [Feature] {
        if featureNames.count != count {
            throw .wrongShape(part: "feature_names", expected: "[\(count)]", found: "[\(featureNames.count)]")
        }
        var features = featureNames.map { Feature(name: $0, kind: .numeric) }
        if categories.isEmpty { return features }
        let columns = try LightGBMCategories.columns(
            of: categories, stated: categoricalColumns, infos: featureInfos)
        for (column, names) in zip(columns, categories) {
            guard column < count else {
                throw .invalidValue(part: "categorical_feature", reason: "\(column) is no column of \(count)")
            }
            features[column].kind = .categorical(categories: names)
        }
        return features
    }
}
