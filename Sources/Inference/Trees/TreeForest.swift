// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// A tree ensemble compiled for the walk: flat nodes, both children of a node side by side, no branch in a
/// step.
///
/// **Missing values cost nothing.** A comparison with NaN is false, and false leads to the first child. A
/// node whose missing values go right has its right child there and asks `x <= t`, with t the threshold or
/// the number below it. A node whose missing values go left has its *left* child there and asks the opposite,
/// `-x <= t`. So there is one kernel, without a test for NaN; the negated numbers stand in slots of their
/// own. A *slot* is a number as some node reads it: a feature, its negative, or the answer of a set of
/// categories.
///
/// **Gathering.** Before the walk the slots of the rows are copied out of the request's block, eight rows
/// interleaved: rows of many features of which the trees read few become short, a feature index of any size
/// becomes a small one, and eight walks need one pointer to their rows.
///
/// Nodes lie breadth first; a tree starts on an even index, so that a pair of children shares a cache line.
struct TreeForest<Node: TreeNode, Sum: MarginNumber>: Sendable {
    /// All trees' nodes; index 1 of each tree is unused.
    let nodes: [Node]
    let leaves: TreeLeaves<Sum>
    let trees: [CompiledTree]
    let slots: TreeSlots
    let total: TreeTotal<Sum>
    let inputCount: Int
}

/// Where a tree lies in the nodes of its forest.
struct CompiledTree: Sendable {
    /// Index of the root.
    var start: Int
    /// Steps from the root to the deepest leaf.
    var depth: Int
    /// The output that its leaves are added to.
    var group: Int
}

/// What leaves add.
struct TreeLeaves<Sum: MarginNumber>: Sendable {
    /// Parallel to the nodes; 0 at inner nodes.
    let values: [Sum]
    /// Parallel to the nodes: the index of a leaf in the two below; empty when both are.
    let indices: [Int32]
    /// Parallel to the nodes: what a leaf is called.
    let numbers: [Int32]
    /// Shape [leaves, outputs], or empty.
    let vectors: [Sum]
    let linear: LinearLeaves?
}

/// Where sums start and how they end.
struct TreeTotal<Sum: MarginNumber>: Sendable {
    let baseMargins: [Sum]
    let aggregation: TreeRules.Aggregation
    /// Margins of a request stand in the place of the base margins; else they are added at the end.
    let rowMarginsReplaceBase: Bool
    /// For each output how many trees add to it.
    let treeCounts: [Int]

    init(_ ensemble: TreeEnsemble) {
        baseMargins = ensemble.baseMargins.map { Sum($0) }
        aggregation = ensemble.rules.aggregation
        rowMarginsReplaceBase = ensemble.rules.rowMargins != .baseline
        var counts = ensemble.baseMargins.map { _ in ensemble.hasLeafVectors ? ensemble.treeCount : 0 }
        if !ensemble.hasLeafVectors { for group in ensemble.groups { counts[Int(group)] += 1 } }
        treeCounts = counts
    }

    /// What a leaf's value counts for in the end.
    func factor(_ output: Int) -> Double {
        switch aggregation {
        case .onBase: 1
        case .scaled(let scale): scale
        case .average: 1 / Double(max(treeCounts[output], 1))
        }
    }

    /// Puts what sums start from into `sums`, of shape [outputs, blockRows].
    ///
    /// - Parameters:
    ///   - rowMargins: shape [all rows, outputs], or empty.
    ///   - rows: those of the block.
    func begin(_ sums: inout [Sum], blockRows: Int, rowMargins: Span<Sum>, rows: Range<Int>) {
        if !rowMargins.isEmpty && rowMarginsReplaceBase && aggregation == .onBase {
            let outputs = baseMargins.count
            for row in 0..<rows.count {
                for output in 0..<outputs {
                    sums[output * blockRows + row] = rowMargins[(rows.lowerBound + row) * outputs + output]
                }
            }
            return
        }
        for output in baseMargins.indices {
            let start = aggregation == .onBase ? baseMargins[output] : 0
            for row in 0..<blockRows { sums[output * blockRows + row] = start }
        }
    }

    /// Puts the sums of a block into the margins of its rows.
    func finish(
        _ sums: [Sum], blockRows: Int, rowMargins: Span<Sum>, rows: Range<Int>,
        into margins: inout MutableSpan<Sum>
    ) {
        let outputs = baseMargins.count
        guard rowMargins.isEmpty else {
            for row in 0..<rows.count {
                for output in 0..<outputs {
                    let place = (rows.lowerBound + row) * outputs + output
                    margins[place] = end(
                        sums[output * blockRows + row], output, rowMargin: rowMargins[place])
                }
            }
            return
        }
        for row in 0..<rows.count {
            for output in 0..<outputs {
                margins[(rows.lowerBound + row) * outputs + output] = end(
                    sums[output * blockRows + row], output)
            }
        }
    }

    private func end(_ sum: Sum, _ output: Int, rowMargin: Sum) -> Sum {
        // CatBoost keeps them as Float32.
        guard rowMarginsReplaceBase else { return end(sum, output) + Sum(Float(rowMargin)) }
        return switch aggregation {
        case .onBase: sum
        case .scaled(let scale): Sum(scale) * sum + rowMargin
        case .average: sum / Sum(max(treeCounts[output], 1)) + rowMargin
        }
    }

    @inline(__always) private func end(_ sum: Sum, _ output: Int) -> Sum {
        switch aggregation {
        case .onBase: sum
        case .scaled(let scale): Sum(scale) * sum + baseMargins[output]
        case .average: sum / Sum(max(treeCounts[output], 1)) + baseMargins[output]
        }
    }
}
