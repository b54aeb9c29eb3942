// SPDX-License-Identifier: Apache-2.0
import Base

/// Reads models that XGBoost 1.0 to 3.4 saved as JSON or as Universal Binary JSON; both have the
/// same members.
///
/// Layout: "JSON" in XGBoost's own documentation (doc/tutorials/saving_model.rst) and the sources of the
/// versions; what is read and what is refused: docs/reference/xgboost.md. The trees go straight from the file
/// into the ensemble, without a tree of values between.
struct XGBoostImporter {
    /// Names are made up for features that have none, so a few bytes may not ask for more than these.
    static let featureCountMax = 1 << 20
    static let groupCountMax = 1 << 16

    var version: [Int] = []
    var booster = ""
    var objective = ""
    var attributes: [String: String] = [:]
    var featureNames: [String] = []
    var parameters: [String: String] = [:]
    var categories = XGBoostCategories()
    /// Dart's factor of each tree.
    var dropWeights: [Float] = []
    /// gblinear's numbers: a row of groups a feature, and one of biases last.
    var linearWeights: [Float]?
    var statedTreeCount: Int?
    /// Trees of a forest that an iteration adds for each group.
    var parallelTreeCount = 1
    var groups: [Int32] = []
    var hasModel = false
    var builder = EnsembleBuilder(rules: TreeRules(rowMargins: .baseMargin), hasCovers: true)

    /// The graph of the model in `bytes`, validated.
    static func read(_ bytes: Span<UInt8>, encoding: DocumentReader.Encoding) throws(FormatError)
        -> ModelGraph
    {
        var importer = XGBoostImporter()
        var document = DocumentReader(
            bytes, part: "the XGBoost model", options: .allowsNonFinite, encoding: encoding)
        try importer.readDocument(&document)
        let graph = try importer.graph()
        try graph.validate()
        return graph
    }

    private mutating func readDocument(_ document: inout DocumentReader) throws(FormatError) {
        try readModelMembers(&document, isOutermost: true)
        try document.expectEnd()
    }

    /// What Python pickles, and skops saves, has the model beside the settings of its training.
    private mutating func readModelMembers(
        _ document: inout DocumentReader, isOutermost: Bool
    ) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "the XGBoost model") {
            switch name {
            case "version": version = try document.readIntegers(limit: 3, of: "version")
            case "learner": try readLearner(&document)
            case "Model" where isOutermost: try readModelMembers(&document, isOutermost: false)
            default: try document.skipValue()
            }
        }
    }

    private mutating func readLearner(_ document: inout DocumentReader) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "learner") {
            switch name {
            case "attributes": attributes = try readStrings(&document, of: "learner.attributes")
            case "feature_names": featureNames = try document.readStrings()
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

    /// `{"name":"gbtree","model":{…}}`. Dart up to 3.3 has a whole gbtree inside, named `gbtree`, and the
    /// weights beside it; from 3.4 it is a gbtree with weights in its model.
    private mutating func readBooster(_ document: inout DocumentReader, part: String) throws(FormatError) {
        var names = MemberNames()
        var isDart = false
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "name":
                let found = try document.readString()
                if booster.isEmpty || !isDart { booster = found }
            case "model": try readModel(&document, part: "\(part).model")
            case "gbtree":
                isDart = true
                try readBooster(&document, part: "\(part).gbtree")
                booster = "dart"
            case "weight_drop": try readDropWeights(&document, part: "\(part).weight_drop")
            default: try document.skipValue()
            }
        }
    }

    private mutating func readDropWeights(
        _ document: inout DocumentReader, part: String
    ) throws(FormatError) {
        if !dropWeights.isEmpty { throw .duplicateName(part: part, name: "weight_drop") }
        try document.readFloats(into: &dropWeights)
    }

    private mutating func readModel(_ document: inout DocumentReader, part: String) throws(FormatError) {
        if hasModel { throw .duplicateName(part: part, name: "model") }
        hasModel = true
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "gbtree_model_param": try readTreeCount(&document, part: "\(part).gbtree_model_param")
            case "tree_info": try document.readIndices(into: &groups, part: part, name: name)
            case "trees": try readTrees(&document)
            case "cats": try categories.read(&document, part: "\(part).cats")
            case "weight_drop": try readDropWeights(&document, part: "\(part).weight_drop")
            case "weights":
                var weights: [Float] = []
                try document.readFloats(into: &weights)
                linearWeights = weights
            default: try document.skipValue()
            }
        }
    }

    private mutating func readTreeCount(
        _ document: inout DocumentReader, part: String
    ) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "num_trees": statedTreeCount = try document.readCount(of: "\(part).num_trees")
            case "num_parallel_tree":
                // 0 in files of models that were never trained.
                parallelTreeCount = max(1, try document.readCount(of: "\(part).num_parallel_tree"))
            default: try document.skipValue()
            }
        }
    }

    private mutating func readTrees(_ document: inout DocumentReader) throws(FormatError) {
        var tree = XGBoostTree()
        var imported = ImportedTree()
        try document.beginArray()
        while try document.nextElement() {
            let part = "tree \(builder.treeCount)"
            try tree.read(&document, part: part)
            try tree.convert(into: &imported, part: part)
            try builder.append(imported, group: 0, part: part)
        }
    }
}
