// SPDX-License-Identifier: Apache-2.0
import ModelFormat

/// One tree of a forest.
struct ForestTree: Sendable {
    struct Node: Sendable {
        var split: ForestSplit?
        var left = -1
        var right = -1
        /// Sum of the weights of its rows.
        var weight = 0.0
        /// What a leaf says, one number an output.
        var values: [Double] = []
    }

    var nodes: [Node]

    func append(to ensemble: inout TreeEnsemble, _ features: [FeatureBins]) {
        let root = ensemble.nodeCount
        ensemble.roots.append(Int32(root))
        ensemble.groups.append(0)
        for node in nodes {
            let split = node.split
            ensemble.features.append(split.map { Int32($0.feature) } ?? -1)
            ensemble.lefts.append(split == nil ? -1 : Int32(root + node.left))
            ensemble.rights.append(split == nil ? -1 : Int32(root + node.right))
            ensemble.defaultsLeft.append(split?.isDefaultLeft ?? false)
            ensemble.covers.append(Float(node.weight))
            if let split {
                let cuts = features[split.feature].cuts
                let threshold = split.bin < cuts.count ? cuts[split.bin] : .infinity
                ensemble.values.append(split.leftBins == nil ? Double(threshold) : 0)
            } else if ensemble.outputCount == 1 {
                ensemble.values.append(node.values[0])
            } else {
                ensemble.values.append(0)
                ensemble.leafVectors += node.values
            }
            ensemble.appendCategories(split?.leftBins, split.flatMap { features[$0.feature].codes })
        }
    }
}

/// How a node of a forest is divided.
struct ForestSplit: Equatable, Sendable {
    var feature: Int
    /// Rows with at most this bin go left; at a categorical split nothing.
    var bin: Int
    var leftBins: BinSet?
    var isDefaultLeft: Bool
    var score: Double
}
