// SPDX-License-Identifier: Apache-2.0

/// The tree in our words.
extension LightGBMTree {
    /// Bits of `decision_type`; two more say what counts as missing.
    private enum Decision {
        static let categorical: Int32 = 1
        static let defaultLeft: Int32 = 2
        static func missing(_ decision: Int32) -> Int32 { decision >> 2 & 3 }
        static let missingIsZero: Int32 = 1
        static let missingIsNaN: Int32 = 2
    }

    /// Fills `tree`: inner nodes in their order, then the leaves.
    func convert(into tree: inout ImportedTree, part: String) throws(FormatError) {
        tree.clear()
        let innerCount = leafCount - 1
        tree.nodes.reserveCapacity(innerCount + leafCount)
        for index in 0..<innerCount { try appendInner(index, to: &tree, part: part) }
        let hasCounts =
            leafCounts.count == leafCount && (innerCount == 0 || internalCounts.count == innerCount)
        for leaf in 0..<leafCount {
            var node = ImportedTree.Node()
            node.value = leafValues[leaf]
            node.leafNumber = Int32(truncatingIfNeeded: leaf)
            node.leafIndex = node.leafNumber
            node.cover = hasCounts ? Float(leafCounts[leaf]) : -1
            tree.nodes.append(node)
        }
        if hasCounts {
            for index in 0..<innerCount { tree.nodes[index].cover = Float(internalCounts[index]) }
        }
        if isLinear { tree.linearLeaves = linearLeaves() }
    }

    private func appendInner(
        _ index: Int, to tree: inout ImportedTree, part: String
    ) throws(FormatError) {
        var node = ImportedTree.Node()
        let decision = decisions[index]
        if features[index] < 0 {
            throw .invalidValue(part: "\(part): split_feature[\(index)]", reason: "it is negative")
        }
        node.feature = features[index]
        node.left = try child(lefts[index], name: "left_child", index, part: part)
        node.right = try child(rights[index], name: "right_child", index, part: part)
        node.cover = -1
        if decision & Decision.categorical != 0 {
            let words = try categorySet(of: index, part: part)
            node.set = tree.appendSet(words: categoryWords[words])
            // A missing category is in no set, so it goes right, whatever the bits say.
        } else {
            node.value = LightGBMTree.threshold(thresholds[index])
            switch Decision.missing(decision) {
            case Decision.missingIsZero:
                node.zeroIsMissing = true
                node.defaultsLeft = decision & Decision.defaultLeft != 0
            case Decision.missingIsNaN:
                node.defaultsLeft = decision & Decision.defaultLeft != 0
            default:
                // Nothing counts as missing: NaN is taken for zero.
                node.defaultsLeft = 0 <= node.value
            }
        }
        tree.nodes.append(node)
    }

    /// Inner nodes keep their numbers; leaf l becomes node `leafCount - 1 + l`.
    private func child(_ child: Int32, name: String, _ index: Int, part: String) throws(FormatError) -> Int32
    {
        let leaf = Int(~child)
        if child >= 0 ? Int(child) >= leafCount - 1 : leaf >= leafCount {
            throw .invalidValue(part: "\(part): \(name)[\(index)]", reason: "\(child) is no node of the tree")
        }
        return child >= 0 ? child : Int32(truncatingIfNeeded: leafCount - 1 + leaf)
    }

    /// LightGBM takes inputs up to `TreeRules.zeroLimit` from zero for zero before it compares them. Moving
    /// a threshold within that range to its edge decides the same for every input, without touching inputs.
    private static func threshold(_ threshold: Double) -> Double {
        let limit = TreeRules.zeroLimit
        if threshold >= 0 && threshold <= limit { return limit }
        if threshold < 0 && threshold >= -limit { return (-limit).nextDown }
        return threshold
    }

    private func linearLeaves() -> LinearLeaves {
        var starts: [Int32] = [0]
        for count in leafFeatureCounts { starts.append((starts.last ?? 0) + count) }
        return LinearLeaves(
            constants: leafConstants, starts: starts, features: leafFeatures,
            coefficients: leafCoefficients)
    }
}
