// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// Minimal cost-complexity pruning (Breiman et al. 1984) of trees that are grown: splits go whose subtree
/// saves less than `alpha` for each leaf that it has more than one.
///
/// What a split saves is told by the covers, as the growing counted it: with weights a, b and leaf values
/// v, w of its two sides, a·b / (a + b) · (v − w)².
struct TreePruning {
    private let ensemble: TreeEnsemble
    private let width: Int
    /// Shape [nodes, width]: the mean of a node's leaves, which it answers when it becomes a leaf.
    private var means: [Double]
    /// What each node's own split saves.
    private var savings: [Double]

    /// Nil for trees without covers, and for leaves that are linear.
    init?(_ ensemble: TreeEnsemble) {
        guard ensemble.covers.count == ensemble.nodeCount, ensemble.linearLeaves == nil else { return nil }
        self.ensemble = ensemble
        width = ensemble.hasLeafVectors ? ensemble.outputCount : 1
        means = [Double](repeating: 0, count: ensemble.nodeCount * width)
        savings = [Double](repeating: 0, count: ensemble.nodeCount)
        var leaf = ensemble.features.count { $0 < 0 }
        // Children stand behind their parents.
        for node in (0..<ensemble.nodeCount).reversed() {
            if ensemble.features[node] < 0 {
                leaf -= 1
                for output in 0..<width {
                    means[node * width + output] =
                        ensemble.hasLeafVectors
                        ? ensemble.leafVectors[leaf * width + output] : ensemble.values[node]
                }
            } else {
                combine(node)
            }
        }
    }

    private mutating func combine(_ node: Int) {
        let (left, right) = (Int(ensemble.lefts[node]), Int(ensemble.rights[node]))
        let (a, b) = (Double(ensemble.covers[left]), Double(ensemble.covers[right]))
        let share = a + b > 0 ? a / (a + b) : 0.5
        for output in 0..<width {
            let (v, w) = (means[left * width + output], means[right * width + output])
            means[node * width + output] = share * v + (1 - share) * w
            savings[node] += share * b * (v - w) * (v - w)
        }
    }

    /// The alphas from which on a node's split may go, ascending.
    var alphas: [Double] {
        var saved = savings
        var leaves = [Int](repeating: 1, count: ensemble.nodeCount)
        var found: [Double] = []
        for node in (0..<ensemble.nodeCount).reversed() where ensemble.features[node] >= 0 {
            let (left, right) = (Int(ensemble.lefts[node]), Int(ensemble.rights[node]))
            saved[node] += saved[left] + saved[right]
            leaves[node] = leaves[left] + leaves[right]
            found.append(saved[node] / Double(leaves[node] - 1))
        }
        return found.sorted()
    }

    /// The trees without the splits that are not worth `alpha`.
    func pruned(_ alpha: Double) -> TreeEnsemble {
        var saved = savings
        var leaves = [Int](repeating: 1, count: ensemble.nodeCount)
        var isLeaf = ensemble.features.map { $0 < 0 }
        for node in (0..<ensemble.nodeCount).reversed() where !isLeaf[node] {
            let (left, right) = (Int(ensemble.lefts[node]), Int(ensemble.rights[node]))
            saved[node] += saved[left] + saved[right]
            leaves[node] = leaves[left] + leaves[right]
            if saved[node] <= alpha * Double(leaves[node] - 1) {
                isLeaf[node] = true
                (saved[node], leaves[node]) = (0, 1)
            }
        }
        return rebuilt(isLeaf)
    }

    private func rebuilt(_ isLeaf: [Bool]) -> TreeEnsemble {
        var isKept = [Bool](repeating: false, count: ensemble.nodeCount)
        for root in ensemble.roots { isKept[Int(root)] = true }
        var places = [Int32](repeating: -1, count: ensemble.nodeCount)
        var kept: [Int] = []
        for node in 0..<ensemble.nodeCount where isKept[node] {
            places[node] = Int32(kept.count)
            kept.append(node)
            if isLeaf[node] { continue }
            isKept[Int(ensemble.lefts[node])] = true
            isKept[Int(ensemble.rights[node])] = true
        }
        var result = ensemble
        let isSingle = ensemble.rules.sumType == .float32
        func mean(_ node: Int, _ output: Int) -> Double {
            let value = means[node * width + output]
            return isSingle ? Double(Float(value)) : value
        }
        result.roots = ensemble.roots.map { places[Int($0)] }
        result.features = kept.map { isLeaf[$0] ? -1 : ensemble.features[$0] }
        result.values = kept.map { node in
            isLeaf[node] ? (ensemble.hasLeafVectors ? 0 : mean(node, 0)) : ensemble.values[node]
        }
        result.lefts = kept.map { isLeaf[$0] ? -1 : places[Int(ensemble.lefts[$0])] }
        result.rights = kept.map { isLeaf[$0] ? -1 : places[Int(ensemble.rights[$0])] }
        result.defaultsLeft = kept.map { !isLeaf[$0] && ensemble.defaultsLeft[$0] }
        result.covers = kept.map { ensemble.covers[$0] }
        if !ensemble.zerosMissing.isEmpty {
            result.zerosMissing = kept.map { !isLeaf[$0] && ensemble.zerosMissing[$0] }
        }
        if let categories = ensemble.categories {
            result.categories?.sets = kept.map { isLeaf[$0] ? -1 : categories.sets[$0] }
        }
        if ensemble.hasLeafVectors {
            result.leafVectors = kept.filter { isLeaf[$0] }.flatMap { node in
                (0..<width).map { mean(node, $0) }
            }
        }
        // Leaves have other numbers now.
        result.leafNumbers = []
        return result
    }
}
