// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// scikit-learn's trees: one array of nodes a tree, `(left_child, right_child, feature, threshold, …)`, and
/// one of what each node predicts.
struct SkopsTrees: ~Escapable {
    private let archive: SkopsArchive
    private var builder: EnsembleBuilder
    private var tree = ImportedTree()
    /// Numbers a leaf.
    private(set) var width = 0
    private(set) var ensemble = TreeEnsemble()

    @_lifetime(copy archive)
    init(_ archive: SkopsArchive, rules: TreeRules) {
        self.archive = archive
        builder = EnsembleBuilder(rules: rules, hasCovers: true)
    }

    /// Inputs are cast to Float32 and compared with Float64 thresholds; sums are Float64.
    static func rules(_ aggregation: TreeRules.Aggregation) -> TreeRules {
        TreeRules(
            inputType: .float32, sumType: .float64, comparison: .lessOrEqual, aggregation: aggregation)
    }

    /// Adds the tree of `estimator`, whose leaves are multiplied by `scale`.
    mutating func append(
        _ estimator: SkopsNode, group: Int, scale: Double, isClassifier: Bool
    ) throws(FormatError) {
        let node = try estimator.require("tree_")
        let part = node.path
        let nodes = try archive.array(try node.require("nodes"))
        let count = nodes.count
        let lefts = try nodes.integers("left_child", part: part)
        let rights = try nodes.integers("right_child", part: part)
        let features = try nodes.integers("feature", part: part)
        let thresholds = try nodes.doubles("threshold", part: part)
        let weights = try nodes.doubles("weighted_n_node_samples", part: part)
        // Since 1.3; before, a missing value is no number that could be below a threshold.
        let missingLeft =
            nodes.has(field: "missing_go_to_left")
            ? try nodes.integers("missing_go_to_left", part: part) : [Int](repeating: 0, count: count)
        let values = try archive.array(try node.require("values"))
        let numbers = try leafNumbers(values, count, estimator, isClassifier: isClassifier, part: part)
        tree.clear()
        tree.leafWidth = width > 1 ? width : 0
        for index in 0..<count {
            var node = ImportedTree.Node()
            node.cover = Float(weights[index])
            node.leafNumber = Int32(truncatingIfNeeded: index)
            if lefts[index] == -1 {
                node.value = numbers[index * width] * scale
                if width > 1 {
                    node.leafIndex = Int32(truncatingIfNeeded: tree.leafVectors.count / width)
                    for number in numbers[index * width..<(index + 1) * width] {
                        tree.leafVectors.append(number * scale)
                    }
                }
            } else {
                node.feature = try SkopsTrees.index(features[index], part, index)
                node.left = try SkopsTrees.index(lefts[index], part, index)
                node.right = try SkopsTrees.index(rights[index], part, index)
                node.value = thresholds[index]
                node.defaultsLeft = missingLeft[index] != 0
            }
            tree.nodes.append(node)
        }
        try builder.append(tree, group: Int32(truncatingIfNeeded: group), part: part)
    }

    /// What each node predicts, `width` numbers a node. Before 1.3 a classifier's were weights of classes.
    private mutating func leafNumbers(
        _ values: NumpyArray, _ count: Int, _ estimator: SkopsNode, isClassifier: Bool, part: String
    ) throws(FormatError) -> [Double] {
        guard values.shape.count == 3, values.shape[0] == count, values.count > 0 else {
            throw .wrongShape(
                part: "\(part).values", expected: "[\(count), outputs, classes]", found: "\(values.shape)")
        }
        let found = isClassifier ? values.shape[2] : values.shape[1]
        if found * count != values.count || (width != 0 && width != found)
            || found > XGBoostImporter.groupCountMax
        {
            throw .wrongShape(
                part: "\(part).values", expected: "[\(count), \(width == 0 ? 1 : width)]",
                found: "\(values.shape)")
        }
        width = found
        var numbers = try values.doubles(part: "\(part).values")
        let version = estimator.string("_sklearn_version")
        if isClassifier && !SkopsMath.isVersion(version, atLeast: (1, 3)) {
            for node in 0..<count {
                let range = node * width..<(node + 1) * width
                let sum = numbers[range].reduce(0, +)
                if sum != 0 { for index in range { numbers[index] /= sum } }
            }
        }
        return numbers
    }

    /// Adds a tree of an isolation forest: a leaf's number is how far it is from the root, and how much
    /// further its samples would have gone. `features`: what the tree's columns are; nil when all.
    mutating func appendPaths(_ estimator: SkopsNode, features list: [Int]?) throws(FormatError) {
        let node = try estimator.require("tree_")
        let part = node.path
        let nodes = try archive.array(try node.require("nodes"))
        let lefts = try nodes.integers("left_child", part: part)
        let rights = try nodes.integers("right_child", part: part)
        let features = try nodes.integers("feature", part: part)
        let thresholds = try nodes.doubles("threshold", part: part)
        let counts = try nodes.doubles("n_node_samples", part: part)
        width = 1
        tree.clear()
        var depths = [Int](repeating: 0, count: nodes.count)
        for index in 0..<nodes.count {
            var node = ImportedTree.Node()
            node.cover = Float(counts[index])
            node.leafNumber = Int32(truncatingIfNeeded: index)
            if lefts[index] == -1 {
                node.value = Double(depths[index]) + SkopsMath.averagePathLength(counts[index])
            } else {
                var feature = features[index]
                if let list {
                    guard list.indices.contains(feature) else {
                        throw .invalidValue(part: "\(part), node \(index)", reason: "\(feature) is no column")
                    }
                    feature = list[feature]
                }
                node.feature = try SkopsTrees.index(feature, part, index)
                node.left = try SkopsTrees.index(lefts[index], part, index)
                node.right = try SkopsTrees.index(rights[index], part, index)
                node.value = thresholds[index]
                // Children come behind their parents.
                for child in [lefts[index], rights[index]] where child > index && child < nodes.count {
                    depths[child] = depths[index] + 1
                }
            }
            tree.nodes.append(node)
        }
        try builder.append(tree, group: 0, part: part)
    }

    /// Adds a tree of histogram boosting, whose leaves are marked and already shrunk.
    mutating func appendPredictor(_ predictor: SkopsNode, group: Int) throws(FormatError) {
        let part = predictor.path
        let nodes = try archive.array(try predictor.require("nodes"))
        let lefts = try nodes.integers("left", part: part)
        let rights = try nodes.integers("right", part: part)
        let features = try nodes.integers("feature_idx", part: part)
        let thresholds = try nodes.doubles("num_threshold", part: part)
        let values = try nodes.doubles("value", part: part)
        let counts = try nodes.doubles("count", part: part)
        let missingLeft = try nodes.integers("missing_go_to_left", part: part)
        let isLeaf = try nodes.integers("is_leaf", part: part)
        let sets = try categorySets(predictor, nodes)
        tree.clear()
        for index in 0..<nodes.count {
            var node = ImportedTree.Node()
            node.cover = Float(counts[index])
            node.leafNumber = Int32(truncatingIfNeeded: index)
            if isLeaf[index] != 0 {
                node.value = values[index]
            } else {
                node.feature = try SkopsTrees.index(features[index], part, index)
                node.left = try SkopsTrees.index(lefts[index], part, index)
                node.right = try SkopsTrees.index(rights[index], part, index)
                node.defaultsLeft = missingLeft[index] != 0
                if let words = sets[index] {
                    node.set = tree.appendSet(words: words)
                } else {
                    node.value = thresholds[index]
                }
            }
            tree.nodes.append(node)
        }
        try builder.append(tree, group: Int32(truncatingIfNeeded: group), part: part)
    }

    /// For each node the codes that go left, 256 bits, or nil at a numeric one.
    private func categorySets(
        _ predictor: SkopsNode, _ nodes: NumpyArray
    ) throws(FormatError) -> [[UInt32]?] {
        var sets = [[UInt32]?](repeating: nil, count: nodes.count)
        guard nodes.has(field: "is_categorical") else { return sets }
        let isCategorical = try nodes.integers("is_categorical", part: predictor.path)
        if !isCategorical.contains(where: { $0 != 0 }) { return sets }
        let places = try nodes.integers("bitset_idx", part: predictor.path)
        let node = try predictor.require("raw_left_cat_bitsets")
        let words = try archive.array(node).integers(part: node.path)
        for index in 0..<nodes.count where isCategorical[index] != 0 {
            let (start, overflow) = places[index].multipliedReportingOverflow(by: 8)
            guard !overflow, start >= 0, start <= words.count - 8 else {
                throw .invalidValue(
                    part: "\(predictor.path), node \(index)", reason: "its set \(places[index]) is not there")
            }
            sets[index] = words[start..<start + 8].map { UInt32(truncatingIfNeeded: $0) }
        }
        return sets
    }

    /// Ends the ensemble.
    mutating func finish(margins: [Double]) throws(FormatError) {
        builder.setMargins(margins)
        ensemble = builder.finish()
    }

    private static func index(_ number: Int, _ part: String, _ node: Int) throws(FormatError) -> Int32 {
        guard number >= 0, let index = Int32(exactly: number) else {
            throw .invalidValue(part: "\(part), node \(node)", reason: "\(number) is no feature or node")
        }
        return index
    }
}
