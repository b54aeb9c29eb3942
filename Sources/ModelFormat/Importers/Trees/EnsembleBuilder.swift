// SPDX-License-Identifier: Apache-2.0

/// Puts the trees that an importer reads into one ensemble, and checks their shape on the way.
///
/// Nodes are renumbered breadth first: children lie behind their parent and side by side, and what no row can
/// reach is left out. What a row meets on its way stays the same.
struct EnsembleBuilder {
    private(set) var ensemble: TreeEnsemble
    /// Every node has a weight that explanations can use.
    private var hasCovers: Bool
    private var hasZerosMissing = false
    /// The nodes of the tree at hand that a row can reach, in their new order.
    private var order: [Int32] = []
    private var isReached: [Bool] = []

    /// Words in the sets of all categorical nodes: a few bytes can ask for a set of 2^24 codes.
    static let categoryWordsMax = 1 << 24

    init(rules: TreeRules, hasCovers: Bool) {
        ensemble = TreeEnsemble(rules: rules)
        self.hasCovers = hasCovers
    }

    var treeCount: Int { ensemble.treeCount }

    mutating func append(_ tree: borrowing ImportedTree, group: Int32, part: String) throws(FormatError) {
        guard let root = Int32(exactly: ensemble.nodeCount), !tree.nodes.isEmpty else {
            throw .invalidValue(part: part, reason: "there is no node, or more than 2^31 - 1 in all trees")
        }
        ensemble.roots.append(root)
        ensemble.groups.append(group)
        order.removeAll(keepingCapacity: true)
        isReached.removeAll(keepingCapacity: true)
        isReached.append(contentsOf: repeatElement(false, count: tree.nodes.count))
        order.append(0)
        isReached[0] = true
        var next = 0
        while next < order.count {
            let index = Int(order[next])
            next += 1
            let node = tree.nodes[index]
            ensemble.defaultsLeft.append(node.defaultsLeft)
            ensemble.zerosMissing.append(node.zeroIsMissing)
            hasZerosMissing = hasZerosMissing || node.zeroIsMissing
            ensemble.covers.append(node.cover)
            hasCovers = hasCovers && node.cover >= 0 && node.cover.isFinite
            if node.feature == -1 {
                try appendLeaf(node, of: tree, part: part)
            } else {
                try appendInner(node, at: index, of: tree, root: Int(root), part: part)
            }
        }
    }

    private mutating func appendLeaf(
        _ node: ImportedTree.Node, of tree: borrowing ImportedTree, part: String
    ) throws(FormatError) {
        ensemble.features.append(-1)
        ensemble.lefts.append(-1)
        ensemble.rights.append(-1)
        ensemble.categories?.sets.append(-1)
        ensemble.leafNumbers.append(node.leafNumber)
        ensemble.values.append(tree.leafWidth == 0 ? node.value : 0)
        if tree.leafWidth > 0 { try appendVector(node, of: tree, part: part) }
        if tree.linearLeaves != nil || ensemble.linearLeaves != nil {
            try appendLinear(node, tree.linearLeaves, part: part)
        }
    }

    private mutating func appendVector(
        _ node: ImportedTree.Node, of tree: borrowing ImportedTree, part: String
    ) throws(FormatError) {
        let start = Int(node.leafIndex) * tree.leafWidth
        if node.leafIndex < 0 || start + tree.leafWidth > tree.leafVectors.count {
            throw .invalidValue(
                part: part, reason: "a leaf has the vector \(node.leafIndex), which is not there")
        }
        ensemble.leafVectors.append(contentsOf: tree.leafVectors[start..<start + tree.leafWidth])
    }

    /// `leaves` is nil in a tree of constants among trees of linear leaves; then a leaf is a function without
    /// terms.
    private mutating func appendLinear(
        _ node: ImportedTree.Node, _ leaves: LinearLeaves?, part: String
    ) throws(FormatError) {
        var all = ensemble.linearLeaves ?? constantLeaves()
        ensemble.linearLeaves = nil
        if let leaves {
            let index = Int(node.leafIndex)
            let terms = Int(leaves.starts[index])..<Int(leaves.starts[index + 1])
            all.constants.append(leaves.constants[index])
            all.features.append(contentsOf: leaves.features[terms])
            all.coefficients.append(contentsOf: leaves.coefficients[terms])
        } else {
            all.constants.append(node.value)
        }
        guard let end = Int32(exactly: all.features.count) else {
            throw .invalidValue(part: part, reason: "the leaves have more than 2^31 - 1 terms")
        }
        all.starts.append(end)
        ensemble.linearLeaves = all
    }

    /// The leaves so far, but for the last, as functions without terms.
    private func constantLeaves() -> LinearLeaves {
        var constants: [Double] = []
        for (node, feature) in ensemble.features.enumerated() where feature == -1 {
            constants.append(ensemble.values[node])
        }
        constants.removeLast()
        let starts = [Int32](repeating: 0, count: constants.count + 1)
        return LinearLeaves(constants: constants, starts: starts)
    }

    private mutating func appendInner(
        _ node: ImportedTree.Node, at index: Int, of tree: borrowing ImportedTree, root: Int, part: String
    ) throws(FormatError) {
        if node.feature < 0 {
            throw .invalidValue(
                part: "\(part), node \(index)", reason: "its feature \(node.feature) is negative")
        }
        // XGBoost leaves a NaN where a categorical node has no use for a threshold.
        if node.set < 0 && node.value.isNaN {
            throw .invalidValue(part: "\(part), node \(index)", reason: "its threshold is NaN")
        }
        ensemble.features.append(node.feature)
        // Safe from overflow: a node is some bytes of input at least, and 2^31 of them are refused here.
        let left = root + order.count
        guard let leftIndex = Int32(exactly: left), let rightIndex = Int32(exactly: left + 1) else {
            throw .invalidValue(part: part, reason: "the trees have more than 2^31 - 1 nodes")
        }
        ensemble.lefts.append(leftIndex)
        ensemble.rights.append(rightIndex)
        if node.set >= 0 {
            ensemble.values.append(0)
            try appendSet(node, of: tree, part: part)
        } else {
            ensemble.values.append(node.value)
            ensemble.categories?.sets.append(-1)
        }
        try reach(node.left, from: index, count: tree.nodes.count, part: part, side: "left")
        try reach(node.right, from: index, count: tree.nodes.count, part: part, side: "right")
    }

    private mutating func appendSet(
        _ node: ImportedTree.Node, of tree: borrowing ImportedTree, part: String
    ) throws(FormatError) {
        // `features` has this node already, `sets` none of the nodes before the first categorical one.
        var all =
            ensemble.categories
            ?? TreeCategories(sets: [Int32](repeating: -1, count: ensemble.features.count - 1))
        ensemble.categories = nil
        let words = tree.setStarts[Int(node.set)]..<tree.setStarts[Int(node.set) + 1]
        if all.words.count + words.count > EnsembleBuilder.categoryWordsMax {
            throw EnsembleBuilder.tooManyCategories(part)
        }
        all.sets.append(Int32(all.setCount))
        all.words.append(contentsOf: tree.words[words])
        all.starts.append(Int32(all.words.count))
        ensemble.categories = all
    }

    static func tooManyCategories(_ part: String) -> FormatError {
        .unsupported(
            part: "\(part): sets of more than \(categoryWordsMax * 32) categories in all",
            advice: "number the categories from 0 without gaps")
    }

    private mutating func reach(
        _ child: Int32, from node: Int, count: Int, part: String, side: StaticString
    ) throws(FormatError) {
        let index = Int(child)
        if index < 1 || index >= count {
            throw .invalidValue(
                part: "\(part), node \(node)", reason: "its \(side) child \(child) is no node of \(count)")
        }
        if isReached[index] {
            throw .invalidValue(
                part: "\(part), node \(node)", reason: "its \(side) child \(child) is reached twice: no tree")
        }
        isReached[index] = true
        order.append(child)
    }

    /// Where the margins of the outputs start.
    mutating func setMargins(_ margins: [Double]) { ensemble.baseMargins = margins }

    /// Replaces the leaves of tree `tree` by their product with `factor`, in Float32.
    mutating func scaleLeaves(ofTree tree: Int, by factor: Float) {
        for node in ensemble.nodes(ofTree: tree) where ensemble.features[node] == -1 {
            ensemble.values[node] = Double(Float(ensemble.values[node]) * factor)
        }
    }

    /// How leaves become margins, for files that say so behind the trees.
    mutating func setAggregation(_ aggregation: TreeRules.Aggregation) {
        ensemble.rules.aggregation = aggregation
    }

    /// Gives each tree its group, for files that say so behind the trees.
    mutating func setGroups(_ groups: [Int32]) { ensemble.groups = groups }

    /// The ensemble of all trees, without the arrays that it does not need.
    consuming func finish() -> TreeEnsemble {
        var ensemble = ensemble
        if !hasZerosMissing { ensemble.zerosMissing = [] }
        if !hasCovers { ensemble.covers = [] }
        return ensemble
    }
}
