// SPDX-License-Identifier: Apache-2.0
internal import Base
import Glibc
import ModelFormat
import Tabular

/// Fits isolation forests (Liu, Ting and Zhou 2008): trees that cut drawn rows at drawn places until each
/// stands alone. A row that comes to stand alone early is unusual.
///
/// The model's prediction is 2^(-E(h) / c(ψ)), E(h) the mean depth of the row's leaves, each deeper by c(n)
/// for the n rows that it still has, and c(n) the mean depth of an unsuccessful search in a binary tree:
/// above 0.5 for the unusual, at most 1. It is the negative of scikit-learn's `score_samples`.
package struct IsolationForest: Sendable {
    package struct Settings: Sendable, Equatable {
        package var treeCount = 100
        /// Rows that each tree is grown on.
        package var sampleRows = 256
        package var seed: UInt64 = 0

        package init() {}
    }

    package var settings: Settings
    package var threadCount: Int

    package init(_ settings: Settings = Settings(), threadCount: Int? = nil) {
        self.settings = settings
        self.threadCount = threadCount ?? Processors.count
    }

    /// The mean depth of an unsuccessful search among `count` keys.
    static func meanDepth(_ count: Int) -> Double {
        if count <= 1 { return 0 }
        if count == 2 { return 1 }
        let n = Double(count)
        return 2 * (log(n - 1) + 0.577_215_664_901_532_9) - 2 * (n - 1) / n
    }

    /// `columns` is [features, rows]; a missing value goes to the side of most rows. The trees are read with
    /// the transform `exponential`.
    ///
    /// - Parameter weights: what the chance of a row to be drawn for a tree, none twice, goes by; nil: all
    ///   the same. Rows of weight 0 are in no tree.
    package func fit(
        columns: [Float], weights: [Double]? = nil, rowCount: Int, featureCount: Int
    ) throws(TrainingError) -> TreeEnsemble {
        guard settings.treeCount >= 1 else {
            throw .setting(name: "--trees", value: "\(settings.treeCount)", allowed: "1 or more")
        }
        guard settings.sampleRows >= 2 else {
            throw .setting(name: "--sample-rows", value: "\(settings.sampleRows)", allowed: "2 or more")
        }
        let sampleRows = min(settings.sampleRows, weights?.count { $0 > 0 } ?? rowCount)
        let depthMax = Int(log2(Double(max(sampleRows, 2))).rounded(.up))
        let scale =
            -log(2.0) / (Double(settings.treeCount) * max(IsolationForest.meanDepth(sampleRows), 1e-300))
        var ensemble = TreeEnsemble(
            rules: TreeRules(sumType: .float64, aggregation: .scaled(scale)), baseMargins: [0])
        let grown = Slots<[Node]>(settings.treeCount)
        WorkerPool(threadCount: threadCount).run(settings.treeCount) { _, tree in
            var random = RandomSource(seed: RandomSource.mixed(settings.seed, UInt64(tree)))
            let rows =
                weights.map { IsolationForest.draw(sampleRows, of: $0, &random) }
                ?? IsolationForest.draw(sampleRows, of: rowCount, &random)
            var growth = Growth(
                columns: columns, rowCount: rowCount, featureCount: featureCount, depthMax: depthMax,
                random: random)
            growth.grow(rows, depth: 0)
            grown.store(tree, growth.nodes)
        }
        for nodes in grown.take() { IsolationForest.append(nodes, to: &ensemble) }
        return ensemble
    }

    private static func draw(_ count: Int, of rowCount: Int, _ random: inout RandomSource) -> [Int] {
        var rows = Array(0..<rowCount)
        for place in 0..<count { rows.swapAt(place, place + random.index(below: rowCount - place)) }
        return Array(rows.prefix(count))
    }

    /// One row after the other, each by its weight among those that are left: the rows with the least of
    /// exponential times whose rates are the weights (Efraimidis and Spirakis 2006).
    private static func draw(
        _ count: Int, of weights: [Double], _ random: inout RandomSource
    ) -> [Int] {
        var times: [(time: Double, row: Int)] = []
        for (row, weight) in weights.enumerated() {
            let time = -log(1 - random.unit())
            if weight > 0 { times.append((time / weight, row)) }
        }
        times.sort { ($0.time, $0.row) < ($1.time, $1.row) }
        return times.prefix(count).map(\.row)
    }

    struct Node: Sendable {
        var feature = -1
        /// The threshold, or the depth that a leaf stands for.
        var value: Double
        var left = -1
        var right = -1
        var isDefaultLeft = false
        var rowCount: Int
    }

    private struct Growth {
        let columns: [Float]
        let rowCount: Int
        let featureCount: Int
        let depthMax: Int
        var random: RandomSource
        var nodes: [Node] = []

        private func value(_ row: Int, _ feature: Int) -> Float { columns[feature * rowCount + row] }

        /// Appends the tree of `rows` and returns its root.
        @discardableResult mutating func grow(_ rows: [Int], depth: Int) -> Int {
            let root = nodes.count
            nodes.append(
                Node(value: Double(depth) + IsolationForest.meanDepth(rows.count), rowCount: rows.count))
            guard depth < depthMax, rows.count > 1, let (feature, cut) = drawCut(rows) else { return root }
            let left = rows.filter { value($0, feature) < cut }
            let right = rows.filter { value($0, feature) >= cut }
            let missing = rows.filter { value($0, feature).isNaN }
            let isDefaultLeft = left.count >= right.count
            nodes[root].feature = feature
            nodes[root].value = Double(cut)
            nodes[root].isDefaultLeft = isDefaultLeft
            let first = grow(isDefaultLeft ? left + missing : left, depth: depth + 1)
            let second = grow(isDefaultLeft ? right : right + missing, depth: depth + 1)
            nodes[root].left = first
            nodes[root].right = second
            return root
        }

        /// A feature that differs among the rows, and a place between its least and its largest value.
        private mutating func drawCut(_ rows: [Int]) -> (feature: Int, cut: Float)? {
            var features = Array(0..<featureCount)
            while !features.isEmpty {
                let feature = features.remove(at: random.index(below: features.count))
                let values = rows.map { value($0, feature) }.filter { !$0.isNaN }
                guard let least = values.min(), let most = values.max(), least < most else { continue }
                let cut = Float(Double(least) + random.unit() * (Double(most) - Double(least)))
                return (feature, max(cut, least.nextUp))
            }
            return nil
        }
    }

    private static func append(_ nodes: [Node], to ensemble: inout TreeEnsemble) {
        let root = Int32(ensemble.nodeCount)
        ensemble.roots.append(root)
        ensemble.groups.append(0)
        for node in nodes {
            ensemble.features.append(Int32(node.feature))
            ensemble.values.append(node.value)
            ensemble.lefts.append(node.feature < 0 ? -1 : root + Int32(node.left))
            ensemble.rights.append(node.feature < 0 ? -1 : root + Int32(node.right))
            ensemble.defaultsLeft.append(node.isDefaultLeft)
            ensemble.covers.append(Float(node.rowCount))
        }
    }
}
