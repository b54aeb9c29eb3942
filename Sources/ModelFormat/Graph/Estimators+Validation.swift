// SPDX-License-Identifier: Apache-2.0

extension LinearModel {
    func validate(width: Int) throws(FormatError) {
        if intercepts.isEmpty {
            throw .invalidValue(part: "estimator.intercepts", reason: "there is no output")
        }
        let (expected, overflow) = width.multipliedReportingOverflow(by: intercepts.count)
        if overflow || coefficients.count != expected {
            throw .invalidValue(
                part: "estimator.coefficients",
                reason: "\(coefficients.count) for \(intercepts.count) outputs of \(width) columns")
        }
        if !coefficients.allSatisfy(\.isFinite) {
            throw .invalidValue(part: "estimator.coefficients", reason: "a coefficient is not finite")
        }
        if !intercepts.allSatisfy(\.isFinite) {
            throw .invalidValue(part: "estimator.intercepts", reason: "an intercept is not finite")
        }
    }
}

extension MultilayerPerceptron {
    func validate(width: Int) throws(FormatError) {
        if layers.isEmpty { throw .invalidValue(part: "estimator.layers", reason: "there is no layer") }
        var width = width
        for (index, layer) in layers.enumerated() {
            let part = "estimator.layers[\(index)]"
            if layer.biases.isEmpty { throw .invalidValue(part: part, reason: "it has no output") }
            let (expected, overflow) = width.multipliedReportingOverflow(by: layer.biases.count)
            if overflow || layer.weights.count != expected {
                throw .invalidValue(
                    part: part,
                    reason:
                        "\(layer.weights.count) weights for \(layer.biases.count) outputs of \(width) inputs")
            }
            if !layer.weights.allSatisfy(\.isFinite) || !layer.biases.allSatisfy(\.isFinite) {
                throw .invalidValue(part: part, reason: "a weight or bias is not finite")
            }
            width = layer.outputCount
        }
    }
}

extension TreeEnsemble {
    func validate(width: Int) throws(FormatError) {
        try validateCounts()
        var hasParent = [Bool](repeating: false, count: nodeCount)
        for tree in 0..<treeCount {
            let start = Int(roots[tree])
            let end = tree + 1 < treeCount ? Int(roots[tree + 1]) : nodeCount
            if groups[tree] < 0 || Int(groups[tree]) >= outputCount {
                throw .invalidValue(
                    part: "estimator.groups[\(tree)]",
                    reason: "\(groups[tree]) is no output of \(outputCount)")
            }
            try validateNodes(start..<end, width: width, hasParent: &hasParent)
        }
    }

    private func validateCounts() throws(FormatError) {
        let counts = [
            ("estimator.values", values.count), ("estimator.lefts", lefts.count),
            ("estimator.rights", rights.count), ("estimator.defaults_left", defaultsLeft.count),
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
        if baseMargins.isEmpty {
            throw .invalidValue(part: "estimator.base_margins", reason: "there is no output")
        }
        if !baseMargins.allSatisfy(\.isFinite) {
            throw .invalidValue(part: "estimator.base_margins", reason: "a base margin is not finite")
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
}
