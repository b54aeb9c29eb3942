// SPDX-License-Identifier: Apache-2.0
import Tabular

extension TreeEnsemble {
    func validate(width: Int) throws(FormatError) {
        try validateCounts()
        try validateNumbers()
        try categories?.validate(features: features, rule: rules.categoryRule)
        var hasParent = [Bool](repeating: false, count: nodeCount)
        for tree in 0..<treeCount {
            if groups[tree] < 0 || Int(groups[tree]) >= outputCount || (hasLeafVectors && groups[tree] != 0) {
                throw .invalidValue(
                    part: "estimator.groups[\(tree)]",
                    reason: hasLeafVectors
                        ? "\(groups[tree]) must be 0, for the leaves are vectors"
                        : "\(groups[tree]) is no output of \(outputCount)")
            }
            try validateNodes(nodes(ofTree: tree), width: width, hasParent: &hasParent)
        }
        let leafCount = features.count { $0 == -1 }
        try validateLeaves(leafCount, width: width)
    }

    private func validateCounts() throws(FormatError) {
        let counts = [
            ("estimator.values", values.count), ("estimator.lefts", lefts.count),
            ("estimator.rights", rights.count), ("estimator.defaults_left", defaultsLeft.count),
            ("estimator.zeros_missing", zerosMissing.isEmpty ? nodeCount : zerosMissing.count),
            ("estimator.covers", covers.isEmpty ? nodeCount : covers.count),
        ]
        for (part, count) in counts where count != nodeCount {
            throw .wrongShape(part: part, expected: "[\(nodeCount)]", found: "[\(count)]")
        }
        if groups.count != treeCount {
            throw .wrongShape(
                part: "estimator.groups", expected: "[\(treeCount)]", found: "[\(groups.count)]")
        }
        if nodeCount > Int(Int32.max) {
            throw .invalidValue(
                part: "estimator.features", reason: "\(nodeCount) nodes are more than 2^31 - 1")
        }
        var previous: Int32 = -1
        for (tree, root) in roots.enumerated() {
            let isInPlace = tree == 0 ? root == 0 : root > previous
            if !isInPlace || Int(root) >= nodeCount {
                throw .invalidValue(
                    part: "estimator.roots[\(tree)]",
                    reason: "\(root) is not the next root of \(nodeCount) nodes")
            }
            previous = root
        }
        if roots.isEmpty && nodeCount > 0 {
            throw .invalidValue(part: "estimator.roots", reason: "\(nodeCount) nodes belong to no tree")
        }
    }

    private func validateNumbers() throws(FormatError) {
        if baseMargins.isEmpty {
            throw .invalidValue(part: "estimator.base_margins", reason: "there is no output")
        }
        if !baseMargins.allSatisfy(\.isFinite) {
            throw .invalidValue(part: "estimator.base_margins", reason: "a base margin is not finite")
        }
        if case .scaled(let scale) = rules.aggregation {
            if !scale.isFinite {
                throw .invalidValue(part: "estimator.scale", reason: "it is not finite")
            }
            if rules.sumType == .float32 { try [scale].requireFloat32(part: "estimator.scale") }
        }
        if rules.sumType == .float32 {
            if rules.inputType == .float64 {
                throw .invalidValue(part: "estimator.sum_type", reason: "FP64 inputs need FP64 sums")
            }
            try values.requireFloat32(part: "estimator.values")
            try baseMargins.requireFloat32(part: "estimator.base_margins")
            try leafVectors.requireFloat32(part: "estimator.leaf_vectors")
        }
        for (node, cover) in covers.enumerated() where !(cover >= 0 && cover.isFinite) {
            throw .invalidValue(
                part: "estimator.covers[\(node)]", reason: "\(cover) is not a finite number from 0")
        }
    }

    /// Children lie behind their parent and have one parent each, so there is no cycle and no node is met
    /// twice; every node but the root has one, so none is out of reach.
    private func validateNodes(
        _ nodes: Range<Int>, width: Int, hasParent: inout [Bool]
    ) throws(FormatError) {
        for node in nodes {
            if node > nodes.lowerBound && !hasParent[node] {
                throw .invalidValue(part: "estimator node \(node)", reason: "no path leads to it")
            }
            let feature = features[node]
            if feature == -1 {
                if lefts[node] != -1 || rights[node] != -1 {
                    throw .invalidValue(part: "estimator node \(node)", reason: "a leaf has children")
                }
                if !values[node].isFinite {
                    throw .invalidValue(part: "estimator.values[\(node)]", reason: "a leaf is not finite")
                }
                continue
            }
            if feature < 0 || Int(feature) >= width {
                throw .invalidValue(
                    part: "estimator.features[\(node)]", reason: "\(feature) is no column of \(width)")
            }
            if values[node].isNaN {
                throw .invalidValue(part: "estimator.values[\(node)]", reason: "a threshold is NaN")
            }
            try claim(lefts[node], of: node, nodes, side: "lefts", hasParent: &hasParent)
            try claim(rights[node], of: node, nodes, side: "rights", hasParent: &hasParent)
        }
    }

    private func claim(
        _ child: Int32, of node: Int, _ nodes: Range<Int>, side: String, hasParent: inout [Bool]
    ) throws(FormatError) {
        let index = Int(child)
        if index <= node || index >= nodes.upperBound {
            throw .invalidValue(
                part: "estimator.\(side)[\(node)]",
                reason:
                    "\(child) is not behind its parent inside the tree, which ends at \(nodes.upperBound)"
            )
        }
        if hasParent[index] {
            throw .invalidValue(
                part: "estimator.\(side)[\(node)]",
                reason: "node \(child) is the child of another node already")
        }
        hasParent[index] = true
    }

    private func validateLeaves(_ leafCount: Int, width: Int) throws(FormatError) {
        if !leafNumbers.isEmpty && leafNumbers.count != leafCount {
            throw .wrongShape(
                part: "estimator.leaf_numbers", expected: "[\(leafCount)]", found: "[\(leafNumbers.count)]")
        }
        if hasLeafVectors {
            let (expected, overflow) = leafCount.multipliedReportingOverflow(by: outputCount)
            if overflow || leafVectors.count != expected {
                throw .wrongShape(
                    part: "estimator.leaf_vectors", expected: "[\(leafCount), \(outputCount)]",
                    found: "\(leafVectors.count) numbers")
            }
            if !leafVectors.allSatisfy(\.isFinite) {
                throw .invalidValue(part: "estimator.leaf_vectors", reason: "a number is not finite")
            }
        }
        guard let linearLeaves else { return }
        if hasLeafVectors || rules.sumType != .float64 {
            throw .invalidValue(
                part: "estimator.linear_constants", reason: "linear leaves are one FP64 number each")
        }
        try linearLeaves.validate(leafCount: leafCount, width: width)
    }
}

extension TreeCategories {
    func validate(features: [Int32], rule: TreeRules.CategoryRule) throws(FormatError) {
        if sets.count != features.count {
            throw .wrongShape(
                part: "estimator.category_sets", expected: "[\(features.count)]", found: "[\(sets.count)]")
        }
        try starts.requireStarts(part: "estimator.category_starts", count: nil, end: words.count)
        // Float32 counts integers one by one up to here; Int32 up to there.
        let wordsMax = rule == .truncated ? 1 << 26 : 1 << 19
        for set in 0..<setCount where starts[set + 1] - starts[set] > wordsMax {
            throw .invalidValue(
                part: "estimator.category_starts[\(set)]", reason: "a set has more than \(wordsMax) words")
        }
        for (node, set) in sets.enumerated() where set != -1 {
            if set < 0 || Int(set) >= setCount || features[node] < 0 {
                throw .invalidValue(
                    part: "estimator.category_sets[\(node)]",
                    reason: "\(set) is no set of \(setCount), or the node is a leaf")
            }
        }
    }
}

extension LinearLeaves {
    func validate(leafCount: Int, width: Int) throws(FormatError) {
        if constants.count != leafCount {
            throw .wrongShape(
                part: "estimator.linear_constants", expected: "[\(leafCount)]", found: "[\(constants.count)]")
        }
        if coefficients.count != features.count {
            throw .wrongShape(
                part: "estimator.linear_coefficients", expected: "[\(features.count)]",
                found: "[\(coefficients.count)]")
        }
        try starts.requireStarts(part: "estimator.linear_starts", count: leafCount + 1, end: features.count)
        for (index, feature) in features.enumerated() where feature < 0 || Int(feature) >= width {
            throw .invalidValue(
                part: "estimator.linear_features[\(index)]", reason: "\(feature) is no column of \(width)")
        }
        if !constants.allSatisfy(\.isFinite) || !coefficients.allSatisfy(\.isFinite) {
            throw .invalidValue(part: "estimator.linear_constants", reason: "a number is not finite")
        }
    }
}

extension [Int32] {
    /// From 0, ascending, to `end`: the begins of ranges, and the end of the last.
    fileprivate func requireStarts(part: String, count expected: Int?, end: Int) throws(FormatError) {
        if let expected, count != expected {
            throw .wrongShape(part: part, expected: "[\(expected)]", found: "[\(count)]")
        }
        if first != 0 || Int(last ?? -1) != end {
            throw .invalidValue(part: part, reason: "they do not go from 0 to \(end)")
        }
        for index in 1..<Swift.max(count, 1) where self[index] < self[index - 1] {
            throw .invalidValue(part: "\(part)[\(index)]", reason: "it is below the one before")
        }
    }
}
