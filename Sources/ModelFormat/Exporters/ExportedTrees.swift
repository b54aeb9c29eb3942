// SPDX-License-Identifier: Apache-2.0
import Tabular

/// The trees of a model, taken apart for a writer of another library's format.
///
/// Where the margins start is a tree of one leaf for each output, in front of the others, so that sums begin
/// with the same number in the same type; leaf vectors become a tree for each output.
struct ExportedTrees {
    struct Tree {
        var group = 0
        /// -1 at a leaf, so `lefts` and `rights`; indices count from the tree's root.
        var features: [Int] = []
        var lefts: [Int] = []
        var rights: [Int] = []
        /// Threshold, or the value of a leaf.
        var values: [Double] = []
        var defaultsLeft: [Bool] = []
        /// The codes that go left at a categorical node, 32 a word; nil elsewhere.
        var sets: [[UInt32]?] = []
        var covers: [Float] = []

        static func leaf(_ value: Double, group: Int) -> Tree {
            Tree(
                group: group, features: [-1], lefts: [-1], rights: [-1], values: [value],
                defaultsLeft: [false], sets: [nil], covers: [0])
        }

        var leafCount: Int { features.count { $0 < 0 } }
    }

    let featureNames: [String]
    /// For each feature whether it is one of codes.
    let isCategorical: [Bool]
    let transform: OutputTransform
    let outputCount: Int
    /// Whether predictions are means over the trees.
    let isAverage: Bool
    private(set) var trees: [Tree] = []
    /// Trees in front that hold where the margins start.
    private(set) var startCount = 0

    /// - Throws: `FormatError.unsupported`, naming what the other formats cannot say.
    ///
    /// - Parameter isBehindStages: the trees' features are the columns that stages leave; their names are not
    ///   known then.
    init(_ graph: ModelGraph, isBehindStages: Bool = false) throws(FormatError) {
        guard case .treeEnsemble(let ensemble) = graph.estimator else {
            throw .unsupported(
                part: "the estimator", advice: "trees can be written for other libraries, nothing else")
        }
        if !isBehindStages { try ExportedTrees.check(graph) }
        try ExportedTrees.check(ensemble, graph.output)
        featureNames = graph.schema.features.map(\.name)
        isCategorical = graph.schema.features.map { $0.kind != .numeric }
        transform = graph.output.transform
        outputCount = ensemble.outputCount
        isAverage = ensemble.rules.aggregation == .average
        if ensemble.baseMargins.contains(where: { $0 != 0 }) {
            trees = ensemble.baseMargins.enumerated().map { Tree.leaf($1, group: $0) }
            startCount = trees.count
        }
        appendTrees(ensemble)
    }

    /// Whether rows reach the trees as something else than they come: numbers as they are, categories as
    /// their code.
    static func needsStages(_ graph: ModelGraph) -> Bool {
        graph.stages.contains { stage in
            guard case .encode(let columns) = stage else { return true }
            return !columns.allSatisfy { $0 == .pass || $0 == .ordinal }
        }
    }

    private static func check(_ graph: ModelGraph) throws(FormatError) {
        if needsStages(graph) {
            throw .unsupported(
                part: "the preprocessing",
                advice: "these formats hold none; write it as ONNX, or train on columns that need none")
        }
    }

    private static func check(
        _ ensemble: TreeEnsemble, _ output: OutputDescription
    ) throws(FormatError) {
        let rules = ensemble.rules
        guard rules.inputType == .float32, rules.comparison == .less, ensemble.zerosMissing.isEmpty,
            ensemble.linearLeaves == nil, rules.categoryRule == .negativeIsNoMember,
            output.divisor == 1, output.slope == 1, output.calibration == nil,
            output.interval?.kind != .quantiles
        else {
            throw .unsupported(
                part: "the trees' rules",
                advice: "models that modeltrain or XGBoost made can be written; for others keep their file")
        }
        switch rules.aggregation {
        case .onBase: break
        case .average where ensemble.baseMargins.allSatisfy { $0 == 0 }: break
        default:
            throw .unsupported(
                part: "the trees' aggregation", advice: "sums and plain means can be written, nothing else")
        }
    }

    private mutating func appendTrees(_ ensemble: TreeEnsemble) {
        var leaf = 0
        for index in 0..<ensemble.treeCount {
            let nodes = ensemble.nodes(ofTree: index)
            var tree = Tree(group: Int(ensemble.groups[index]))
            var leaves: [Int] = []
            for node in nodes {
                let isLeaf = ensemble.features[node] < 0
                leaves.append(isLeaf ? leaf : -1)
                if isLeaf { leaf += 1 }
                tree.features.append(Int(ensemble.features[node]))
                tree.lefts.append(isLeaf ? -1 : Int(ensemble.lefts[node]) - nodes.lowerBound)
                tree.rights.append(isLeaf ? -1 : Int(ensemble.rights[node]) - nodes.lowerBound)
                tree.values.append(ensemble.values[node])
                tree.defaultsLeft.append(ensemble.defaultsLeft[node])
                tree.sets.append(ExportedTrees.set(ensemble, node))
                tree.covers.append(ensemble.covers.isEmpty ? 0 : ensemble.covers[node])
            }
            if ensemble.hasLeafVectors {
                for output in 0..<outputCount {
                    tree.group = output
                    for (node, number) in leaves.enumerated() where number >= 0 {
                        tree.values[node] = ensemble.leafVectors[number * outputCount + output]
                    }
                    trees.append(tree)
                }
            } else {
                trees.append(tree)
            }
        }
    }

    private static func set(_ ensemble: TreeEnsemble, _ node: Int) -> [UInt32]? {
        guard let categories = ensemble.categories, categories.sets[node] >= 0 else { return nil }
        let set = Int(categories.sets[node])
        return Array(categories.words[Int(categories.starts[set])..<Int(categories.starts[set + 1])])
    }
}
