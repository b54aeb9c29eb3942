// SPDX-License-Identifier: Apache-2.0
import Base

/// Writes trees as LightGBM's text, version 4. LightGBM compares and adds in Float64: rows reach the same
/// leaves, and sums differ from ours by the rounding of Float32.
package enum LightGBMExporter {
    /// - Throws: `FormatError.unsupported` for what LightGBM cannot express.
    package static func write(_ graph: ModelGraph) throws(FormatError) -> [UInt8] {
        let trees = try ExportedTrees(graph)
        let groups = trees.outputCount
        guard trees.trees.indices.allSatisfy({ trees.trees[$0].group == $0 % groups }) else {
            throw .unsupported(
                part: "the order of the trees", advice: "LightGBM wants a tree for each output in turn")
        }
        let blocks = try text(of: trees)
        var text = ByteBuffer(capacity: 1 << 16)
        text.append("tree\nversion=v4\nnum_class=\(groups)\nnum_tree_per_iteration=\(groups)\n")
        text.append("label_index=0\nmax_feature_idx=\(trees.featureNames.count - 1)\n")
        if let objective = try objective(trees) { text.append("objective=\(objective)\n") }
        if trees.isAverage { text.append("average_output\n") }
        // Names with spaces would end early.
        let names = trees.featureNames.map { String($0.map { $0.isWhitespace ? "_" : $0 }) }
        text.append("feature_names=\(names.joined(separator: " "))\n")
        let facts = (0..<trees.featureNames.count).map { fact($0, trees) }
        text.append("feature_infos=\(facts.joined(separator: " "))\n")
        text.append("tree_sizes=\(blocks.map { "\($0.utf8.count)" }.joined(separator: " "))\n\n")
        for block in blocks { text.append(block) }
        text.append("end of trees\n\nfeature_importances:\n\nparameters:\n\nend of parameters\n\n")
        text.append("pandas_categorical:null\n")
        return Array(copying: text.bytes)
    }

    /// What LightGBM knows of a feature's values: a range, or the codes.
    private static func fact(_ feature: Int, _ trees: ExportedTrees) -> String {
        guard trees.isCategorical[feature] else { return "[-inf:inf]" }
        var codeCount = 1
        for tree in trees.trees {
            for (node, set) in tree.sets.enumerated() where tree.features[node] == feature {
                codeCount = max(codeCount, 32 * (set?.count ?? 0))
            }
        }
        return (0..<codeCount).map { "\($0)" }.joined(separator: ":")
    }

    private static func objective(_ trees: ExportedTrees) throws(FormatError) -> String? {
        switch trees.transform {
        case .identity: return "regression"
        case .probability: return nil
        case .logistic where trees.outputCount == 1: return "binary sigmoid:1"
        case .exponential where trees.outputCount == 1: return "poisson"
        case .softmax: return "multiclass num_class:\(trees.outputCount)"
        default:
            throw .unsupported(
                part: "the output \(trees.transform.rawValue)",
                advice: "LightGBM has no objective that answers so; write it as ONNX")
        }
    }

    private static func text(of trees: ExportedTrees) throws(FormatError) -> [String] {
        var blocks: [String] = []
        for (index, tree) in trees.trees.enumerated() {
            var text = ByteBuffer()
            try append(tree, index, to: &text)
            blocks.append(String(copying: text.bytes))
        }
        return blocks
    }

    /// What is asked at a tree's inner nodes, in their order.
    private struct Conditions {
        /// The number up to which a row goes left, or the index of a set.
        var thresholds: [Double] = []
        /// Bits: whether it is a set, whether a missing value goes left, and that missing is NaN.
        var decisions: [Int] = []
        /// Where each set begins in `words`, and where the last ends.
        var boundaries = [0]
        var words: [UInt32] = []

        init(_ tree: ExportedTrees.Tree, _ nodes: [Int], _ index: Int) throws(FormatError) {
            for node in nodes {
                guard let set = tree.sets[node] else {
                    // x < t is x <= the number before t.
                    thresholds.append(Double(min(Float(tree.values[node]), .infinity).nextDown))
                    decisions.append((tree.defaultsLeft[node] ? 2 : 0) | 2 << 2)
                    continue
                }
                guard !tree.defaultsLeft[node] else {
                    throw .unsupported(
                        part: "tree \(index): a missing category that goes left",
                        advice: "LightGBM sends it right; write it as XGBoost")
                }
                thresholds.append(Double(boundaries.count - 1))
                words += set
                boundaries.append(words.count)
                decisions.append(1 | 2 << 2)
            }
        }
    }

    private static func append(
        _ tree: ExportedTrees.Tree, _ index: Int, to text: inout ByteBuffer
    ) throws(FormatError) {
        // Inner nodes and leaves are numbered apart; a leaf is the complement of its number.
        var numbers: [Int] = []
        var (inner, leaves) = ([Int](), [Int]())
        for (node, feature) in tree.features.enumerated() {
            numbers.append(feature < 0 ? ~leaves.count : inner.count)
            if feature < 0 { leaves.append(node) } else { inner.append(node) }
        }
        let conditions = try Conditions(tree, inner, index)
        func line(_ name: String, _ values: [String]) {
            text.append("\(name)=\(values.joined(separator: " "))\n")
        }
        let setCount = conditions.boundaries.count - 1
        text.append("Tree=\(index)\nnum_leaves=\(leaves.count)\nnum_cat=\(setCount)\n")
        if !inner.isEmpty {
            line("split_feature", inner.map { "\(tree.features[$0])" })
            line("split_gain", inner.map { _ in "0" })
            line("threshold", conditions.thresholds.map(\.description))
            line("decision_type", conditions.decisions.map { "\($0)" })
            line("left_child", inner.map { "\(numbers[tree.lefts[$0]])" })
            line("right_child", inner.map { "\(numbers[tree.rights[$0]])" })
        }
        line("leaf_value", leaves.map { tree.values[$0].description })
        if !inner.isEmpty {
            line("leaf_weight", leaves.map { tree.covers[$0].description })
            line("leaf_count", leaves.map { "\(max(1, Int(tree.covers[$0].rounded())))" })
            line("internal_value", inner.map { _ in "0" })
            line("internal_weight", inner.map { tree.covers[$0].description })
            line("internal_count", inner.map { "\(max(1, Int(tree.covers[$0].rounded())))" })
        }
        if setCount > 0 {
            line("cat_boundaries", conditions.boundaries.map { "\($0)" })
            line("cat_threshold", conditions.words.map { "\($0)" })
        }
        text.append("is_linear=0\nshrinkage=1\n\n\n")
    }
}
