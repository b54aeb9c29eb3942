// SPDX-License-Identifier: Apache-2.0
import ModelFormat

/// Puts grown trees into the flat arrays of a model.
struct EnsembleBuilder {
    private(set) var ensemble: TreeEnsemble

    init(baseMargins: [Float]) {
        ensemble = TreeEnsemble(baseMargins: baseMargins.map(Double.init))
    }

    /// Goes on with trees that were grown before.
    init(_ ensemble: TreeEnsemble) { self.ensemble = ensemble }

    mutating func append(_ tree: GrownTree, group: Int, _ features: [FeatureBins]) {
        let root = Int32(ensemble.nodeCount)
        if ensemble.covers.isEmpty { ensemble.covers = [Float](repeating: 0, count: ensemble.nodeCount) }
        ensemble.roots.append(root)
        ensemble.groups.append(Int32(group))
        for node in tree.nodes {
            let split = node.split
            ensemble.features.append(split.map { Int32($0.feature) } ?? -1)
            ensemble.values.append(Double(split == nil ? node.value : node.threshold))
            ensemble.lefts.append(split == nil ? -1 : root + node.left)
            ensemble.rights.append(split == nil ? -1 : root + node.right)
            ensemble.defaultsLeft.append(split?.isDefaultLeft ?? false)
            ensemble.covers.append(Float(node.hessian))
            ensemble.appendCategories(split?.leftBins, split.flatMap { features[$0.feature].codes })
        }
    }

    /// Multiplies the leaves of a tree.
    mutating func scale(tree: Int, by factor: Float) {
        for node in ensemble.nodes(ofTree: tree) where ensemble.features[node] < 0 {
            ensemble.values[node] = Double(Float(ensemble.values[node]) * factor)
        }
    }

    /// Drops all trees after the first `count`.
    mutating func keepTrees(_ count: Int) {
        guard count < ensemble.treeCount else { return }
        let nodeCount = Int(ensemble.roots[count])
        ensemble.roots.removeLast(ensemble.treeCount - count)
        ensemble.groups.removeLast(ensemble.groups.count - count)
        ensemble.features.removeLast(ensemble.features.count - nodeCount)
        ensemble.values.removeLast(ensemble.values.count - nodeCount)
        ensemble.lefts.removeLast(ensemble.lefts.count - nodeCount)
        ensemble.rights.removeLast(ensemble.rights.count - nodeCount)
        ensemble.defaultsLeft.removeLast(ensemble.defaultsLeft.count - nodeCount)
        ensemble.covers.removeLast(ensemble.covers.count - nodeCount)
        guard var categories = ensemble.categories else { return }
        categories.sets.removeLast(categories.sets.count - nodeCount)
        let setCount = Int((categories.sets.max() ?? -1) + 1)
        categories.starts.removeLast(categories.setCount - setCount)
        categories.words.removeLast(categories.words.count - Int(categories.starts[setCount]))
        ensemble.categories = setCount == 0 ? nil : categories
    }
}

extension TreeEnsemble {
    /// Says of the newest node which codes go left: those of the bins of `set`, or that it has no set.
    mutating func appendCategories(_ set: BinSet?, _ codes: [Int32]?) {
        guard let set, let codes else {
            categories?.sets.append(-1)
            return
        }
        var all = categories ?? TreeCategories(sets: [Int32](repeating: -1, count: nodeCount - 1))
        var words: [UInt32] = []
        for (bin, code) in codes.enumerated() where set.contains(bin) {
            let word = Int(code) / 32
            while words.count <= word { words.append(0) }
            words[word] |= 1 << UInt32(Int(code) % 32)
        }
        all.sets.append(Int32(all.setCount))
        all.words += words
        all.starts.append(Int32(all.words.count))
        categories = all
    }

    /// Adds the trees' leaves to `margins` [outputs, rows] for rows of column-major numbers: the slow and
    /// obvious way, for trees that were grown before.
    func add(to margins: NumberMemory<Float>, columns: [Float], rowCount: Int, _ pool: WorkerPool) {
        pool.run(GradientBlocks.blockCount(rowCount)) { _, block in
            for tree in 0..<treeCount {
                let output = Int(groups[tree])
                for row in GradientBlocks.rows(block, of: rowCount) {
                    var node = Int(roots[tree])
                    while features[node] >= 0 {
                        let value = columns[Int(features[node]) * rowCount + row]
                        node = Int(goesLeft(node, value) ? lefts[node] : rights[node])
                    }
                    margins[output * rowCount + row] += Float(values[node])
                }
            }
        }
    }

    private func goesLeft(_ node: Int, _ value: Float) -> Bool {
        if value.isNaN { return defaultsLeft[node] }
        if let categories, categories.sets[node] >= 0 {
            return categories.contains(
                Double(value), set: Int(categories.sets[node]), rule: rules.categoryRule)
        }
        return value < Float(values[node])
    }
}
