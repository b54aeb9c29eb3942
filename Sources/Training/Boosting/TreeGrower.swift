// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Synchronization

/// One tree, its nodes in the order in which they were made: children come after their parent.
struct GrownTree {
    /// A node; a leaf when it has no split.
    struct Node {
        var split: TreeSplit?
        var left: Int32 = -1
        var right: Int32 = -1
        var value: Float = 0
    }

    var nodes: [Node]
    /// The leaf that each training row fell into.
    var leafRows: [(node: Int, rows: Range<Int>)]
}

/// Grows a tree leaf by leaf, the most gainful split first. The result does not depend on the number of
/// threads.
struct TreeGrower {
    private let matrix: BinnedMatrix
    private let settings: BoostingSettings
    private let finder: SplitFinder
    private let runs: [FeatureRun]
    /// Below this many cells a leaf is done faster than a thread wakes up.
    private static let parallelCellsMin = 1 << 16

    /// Rows grouped by leaf.
    private(set) var rows: [Int32]

    /// A leaf that may be split.
    private struct Leaf {
        var node: Int
        var range: Range<Int>
        var depth: Int
        var total: GradientSum
        var histograms: [Histogram]
        var split: TreeSplit?
    }

    init(_ matrix: BinnedMatrix, _ settings: BoostingSettings, threadCount: Int) {
        self.matrix = matrix
        self.settings = settings
        finder = SplitFinder(settings: settings, matrix: matrix)
        let featureCount = matrix.features.count
        let runCount = max(1, min(threadCount, featureCount))
        runs = (0..<runCount).map {
            FeatureRun($0 * featureCount / runCount..<($0 + 1) * featureCount / runCount, of: matrix)
        }
        rows = []
    }

    /// Grows a tree for the derivatives `pairs`, one a row.
    mutating func grow(_ pairs: [GradientPair]) -> GrownTree {
        rows = (0..<Int32(matrix.rowCount)).map { $0 }
        var total = GradientSum()
        for pair in pairs {
            total =
                total + GradientSum(gradient: Double(pair.gradient), hessian: Double(pair.hessian), count: 1)
        }
        var nodes = [GrownTree.Node(value: value(total))]
        var leaves = [Leaf(node: 0, range: 0..<rows.count, depth: 0, total: total, histograms: [])]
        (leaves[0].histograms, leaves[0].split) = examine(leaves[0], pairs, minus: nil)
        while leaves.count < settings.leavesMax, let chosen = mostGainful(leaves) {
            guard let split = leaves[chosen].split else { break }
            let parent = leaves[chosen]
            let middle = partition(parent.range, split)
            nodes[parent.node].split = split
            nodes[parent.node].left = Int32(nodes.count)
            nodes[parent.node].right = Int32(nodes.count + 1)
            let children = [
                Leaf(
                    node: nodes.count, range: parent.range.lowerBound..<middle, depth: parent.depth + 1,
                    total: split.left, histograms: []),
                Leaf(
                    node: nodes.count + 1, range: middle..<parent.range.upperBound, depth: parent.depth + 1,
                    total: split.right, histograms: []),
            ]
            nodes.append(GrownTree.Node(value: value(split.left)))
            nodes.append(GrownTree.Node(value: value(split.right)))
            leaves[chosen].histograms = []
            let examined = examine(children, parentHistograms: parent.histograms, pairs)
            leaves[chosen] = examined[0]
            leaves.append(examined[1])
        }
        return GrownTree(nodes: nodes, leafRows: leaves.map { ($0.node, $0.range) })
    }

    private func value(_ total: GradientSum) -> Float {
        let weight = total.hessian + settings.l2
        return weight > 0 ? Float(-settings.learningRate * total.gradient / weight) : 0
    }

    /// The first among equals.
    private func mostGainful(_ leaves: [Leaf]) -> Int? {
        var best: Int?
        for index in leaves.indices {
            guard let gain = leaves[index].split?.gain else { continue }
            if let other = best, let otherGain = leaves[other].split?.gain, otherGain >= gain { continue }
            best = index
        }
        return best
    }

    /// Builds the histogram of the smaller child and gets the larger one's by subtraction.
    private func examine(
        _ children: [Leaf], parentHistograms: [Histogram], _ pairs: [GradientPair]
    ) -> [Leaf] {
        var children = children
        if children[0].depth >= settings.depthMax { return children }
        let smaller = children[0].range.count <= children[1].range.count ? 0 : 1
        let larger = 1 - smaller
        let built = examine(children[smaller], pairs, minus: nil)
        let derived = examine(children[larger], pairs, minus: (parentHistograms, built.0))
        (children[smaller].histograms, children[smaller].split) = built
        (children[larger].histograms, children[larger].split) = derived
        return children
    }

    /// The leaf's histograms, one a run of features, and its best split.
    private func examine(
        _ leaf: Leaf, _ pairs: [GradientPair], minus parent: (all: [Histogram], taken: [Histogram])?
    ) -> ([Histogram], TreeSplit?) {
        let rows = rows[leaf.range]
        let gathered = parent == nil ? rows.map { pairs[Int($0)] } : []
        let isLarge = rows.count * matrix.features.count >= TreeGrower.parallelCellsMin
        let results = Results(runs.count)
        forEach(runs.count, inParallel: isLarge) { index in
            let run = runs[index]
            var histogram: Histogram
            if let parent {
                histogram = parent.all[index]
                histogram.subtract(parent.taken[index])
            } else {
                histogram = Histogram(run, matrix, rows: rows, pairs: gathered)
            }
            results.store(index, histogram, finder.best(in: histogram, run, total: leaf.total))
        }
        return results.take()
    }

    private func forEach(_ count: Int, inParallel: Bool, _ body: @Sendable (Int) -> Void) {
        if inParallel && count > 1 {
            DispatchQueue.concurrentPerform(iterations: count, execute: body)
        } else {
            for index in 0..<count { body(index) }
        }
    }

    /// Moves the rows that go left to the front of `range`, each side in its old order; returns where right
    /// starts.
    private mutating func partition(_ range: Range<Int>, _ split: TreeSplit) -> Int {
        let matrix = matrix
        let column = matrix.bins.span.extracting(
            split.feature * matrix.rowCount..<(split.feature + 1) * matrix.rowCount)
        let missing = matrix.features[split.feature].missingBin
        var target = rows.mutableSpan
        var right: [Int32] = []
        right.reserveCapacity(split.right.count)
        var next = range.lowerBound
        for index in range {
            let row = target[index]
            let bin = column[Int(row)]
            if bin == missing ? split.isDefaultLeft : bin <= split.bin {
                target[next] = row
                next += 1
            } else {
                right.append(row)
            }
        }
        for (index, row) in right.enumerated() { target[next + index] = row }
        return next
    }

    /// What the threads found. State: small and shared, guarded by a lock.
    private final class Results: Sendable {
        private let slots: Mutex<[(Histogram, TreeSplit?)?]>

        init(_ count: Int) { slots = Mutex([(Histogram, TreeSplit?)?](repeating: nil, count: count)) }

        func store(_ index: Int, _ histogram: Histogram, _ split: TreeSplit?) {
            slots.withLock { $0[index] = (histogram, split) }
        }

        func take() -> ([Histogram], TreeSplit?) {
            let found = slots.withLock { $0.compactMap { $0 } }
            var best: TreeSplit?
            for (_, split) in found {
                if let split, split.isBetter(than: best) { best = split }
            }
            return (found.map { $0.0 }, best)
        }
    }
}
