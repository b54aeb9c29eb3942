// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// A tree table in the form of our own forests, which answer the same and several times faster.
///
/// That is so where branches only compare, which all become `x <= t`, and where it does not depend on the row
/// which outputs are voted for. `init` gives nil for other tables; they are walked as they are.
struct FastTreeTable: Sendable {
    /// Columns of the rows that `run` takes.
    let featureCount: Int
    /// The outputs that some tree votes for, whatever the row.
    let isVoted: [Bool]
    private let trees: Trees
    /// Aggregates that are no sums: the leaves are found fast, their votes are compared here.
    private let extremes: Extremes?

    private enum Trees: Sendable {
        case compact(CompiledTrees<CompactNode, Float>)
        case wide(CompiledTrees<WideNode, Float>)
    }

    /// - Parameter bases: one an output, added last to those that are voted for, or empty.
    init?(
        _ table: TreeTable<Float>, outputs: Int, aggregate: TreeAggregate, bases: [Double],
        basesStandAlone: Bool
    ) {
        featureCount = table.featuresMin
        guard featureCount > 0, let votes = FastTreeTable.votes(table, outputs: outputs) else { return nil }
        isVoted = votes.isVoted
        let addends = (0..<outputs).map { output -> Double in
            let hasBase = bases.count == outputs && (votes.isVoted[output] || basesStandAlone)
            return hasBase ? Double(Float(bases[output])) : 0
        }
        let isSum = aggregate == .sum || aggregate == .average
        extremes =
            isSum
            ? nil : Extremes(table: table, isMaximum: aggregate == .maximum, bases: addends.map { Float($0) })
        let rules = TreeRules(
            comparison: .lessOrEqual, aggregation: aggregate == .average ? .average : .scaled(1))
        var builder = EnsembleLayout(
            table, outputs: outputs,
            // An average is over all trees, and not those of an output.
            groups: aggregate == .average && outputs > 1 ? nil : votes.groups)
        guard builder.layOut() else { return nil }
        var ensemble = builder.ensemble
        ensemble.rules = rules
        ensemble.baseMargins = addends
        guard let forest = try? TreeForestBuilder(ensemble, inputCount: featureCount) else { return nil }
        if let compact = CompiledTrees(forest, nodes: CompactNode.self, sums: Float.self) {
            trees = .compact(compact)
        } else if let wide = CompiledTrees(forest, nodes: WideNode.self, sums: Float.self) {
            trees = .wide(wide)
        } else {
            return nil
        }
    }

    /// Which outputs are voted for, when that is the same for every row; and each tree's only output, when
    /// every tree has one.
    private static func votes(
        _ table: TreeTable<Float>, outputs: Int
    ) -> (isVoted: [Bool], groups: [Int32]?)? {
        var isVoted = [Bool](repeating: false, count: outputs)
        var isMentioned = isVoted
        var groups: [Int32]? = []
        for root in table.roots {
            var counts = [Int](repeating: 0, count: outputs)
            var leafCount = 0
            var only: Int32?
            var pending = [root]
            while let place = pending.popLast() {
                let node = table.nodes[Int(place)]
                guard node.mode == .leaf else {
                    pending += [node.whenTrue, node.whenFalse]
                    continue
                }
                leafCount += 1
                let votes = table.votes[Int(node.whenTrue)..<Int(node.whenTrue) + Int(node.whenFalse)]
                // Two votes of a leaf for one output are added one after the other.
                guard Set(votes.map(\.output)).count == votes.count else { return nil }
                for vote in votes { counts[Int(vote.output)] += 1 }
                if votes.count != 1
                    || only ?? votes[votes.startIndex].output != votes[votes.startIndex].output
                {
                    groups = nil
                } else {
                    only = votes[votes.startIndex].output
                }
            }
            for output in 0..<outputs where counts[output] > 0 {
                isMentioned[output] = true
                if counts[output] == leafCount { isVoted[output] = true }
            }
            if let only { groups?.append(only) } else { groups = nil }
        }
        return isVoted == isMentioned ? (isVoted, groups) : nil
    }

    /// The scores of `rowCount` rows of `featureCount` numbers, bases included: shape [rowCount, outputs].
    func run(_ rows: Span<Float>, rowCount: Int) -> [Float] {
        if let extremes {
            return switch trees {
            case .compact(let trees): extremes.run(trees.forest, rows, rowCount: rowCount)
            case .wide(let trees): extremes.run(trees.forest, rows, rowCount: rowCount)
            }
        }
        var scores = [Float](repeating: 0, count: rowCount * isVoted.count)
        var gathered: [Float] = []
        var sums: [Float] = []
        var target = scores.mutableSpan
        switch trees {
        case .compact(let trees):
            trees.run(
                rows, rowCount: rowCount, rowMargins: Span(), into: &target, gathered: &gathered, sums: &sums)
        case .wide(let trees):
            trees.run(
                rows, rowCount: rowCount, rowMargins: Span(), into: &target, gathered: &gathered, sums: &sums)
        }
        return scores
    }
}

/// The least or the greatest vote for each output.
private struct Extremes: Sendable {
    let table: TreeTable<Float>
    let isMaximum: Bool
    /// One an output, added last.
    let bases: [Float]

    func run<Node: TreeNode>(
        _ forest: TreeForest<Node, Float>, _ rows: Span<Float>, rowCount: Int
    ) -> [Float] where Node.Value == Float {
        let (treeCount, width) = (table.roots.count, forest.inputCount)
        var scores: [Float] = []
        scores.reserveCapacity(rowCount * bases.count)
        var gathered: [Float] = []
        var leaves: [Double] = []
        var isVoted = [Bool](repeating: false, count: bases.count)
        var first = 0
        while first < rowCount {
            let count = min(TreeSlots.blockRows, rowCount - first)
            if leaves.count != count * treeCount { leaves = Array(repeating: 0, count: count * treeCount) }
            var target = leaves.mutableSpan
            forest.findLeaves(
                rows.extracting(first * width..<(first + count) * width), rowCount: count, into: &target,
                gathered: &gathered)
            for row in 0..<count {
                append(
                    leaves.span.extracting(row * treeCount..<(row + 1) * treeCount), to: &scores, &isVoted)
            }
            first += count
        }
        return scores
    }

    /// - Parameters:
    ///   - leaves: the node of each tree that a row ends at.
    ///   - isVoted: memory to work in, one an output.
    private func append(_ leaves: Span<Double>, to scores: inout [Float], _ isVoted: inout [Bool]) {
        let start = scores.count
        for output in bases.indices {
            scores.append(0)
            isVoted[output] = false
        }
        for tree in leaves.indices {
            let leaf = table.nodes[Int(leaves[tree])]
            for index in Int(leaf.whenTrue)..<Int(leaf.whenTrue) + Int(leaf.whenFalse) {
                let vote = table.votes[index]
                let (output, place) = (Int(vote.output), start + Int(vote.output))
                let best = isMaximum ? max(scores[place], vote.weight) : min(scores[place], vote.weight)
                scores[place] = isVoted[output] ? best : vote.weight
                isVoted[output] = true
            }
        }
        for output in bases.indices { scores[start + output] += bases[output] }
    }
}

/// Lays the nodes of a table out as an ensemble has them: tree by tree, children behind their parents. Leaves
/// are called what their place in the table is.
private struct EnsembleLayout {
    private let table: TreeTable<Float>
    private let outputs: Int
    private let groups: [Int32]?
    private(set) var ensemble = TreeEnsemble()

    /// - Parameter groups: each tree's output; nil: leaves are vectors.
    init(_ table: TreeTable<Float>, outputs: Int, groups: [Int32]?) {
        (self.table, self.outputs, self.groups) = (table, outputs, groups)
    }

    /// False where a node compares otherwise than forests do.
    mutating func layOut() -> Bool {
        for (tree, root) in table.roots.enumerated() {
            let start = ensemble.nodeCount
            ensemble.roots.append(Int32(start))
            ensemble.groups.append(groups?[tree] ?? 0)
            var order = [root]
            var next = 0
            while next < order.count {
                let node = table.nodes[Int(order[next])]
                next += 1
                guard node.mode != .leaf else {
                    ensemble.leafNumbers.append(order[next - 1])
                    append(leaf: node)
                    continue
                }
                guard let branch = Self.branch(node) else { return false }
                ensemble.features.append(node.feature)
                ensemble.values.append(Double(branch.threshold))
                ensemble.lefts.append(Int32(start + order.count))
                ensemble.rights.append(Int32(start + order.count + 1))
                ensemble.defaultsLeft.append(node.missingIsTrue == branch.trueIsLeft)
                order +=
                    branch.trueIsLeft ? [node.whenTrue, node.whenFalse] : [node.whenFalse, node.whenTrue]
            }
        }
        return true
    }

    private mutating func append(leaf node: TreeTable<Float>.Node) {
        let votes = table.votes[Int(node.whenTrue)..<Int(node.whenTrue) + Int(node.whenFalse)]
        ensemble.features.append(-1)
        ensemble.lefts.append(-1)
        ensemble.rights.append(-1)
        ensemble.defaultsLeft.append(false)
        guard groups == nil else { return ensemble.values.append(Double(votes.first?.weight ?? 0)) }
        ensemble.values.append(0)
        var vector = [Double](repeating: 0, count: outputs)
        for vote in votes { vector[Int(vote.output)] = Double(vote.weight) }
        ensemble.leafVectors += vector
    }

    /// The comparison as `x <= threshold`, and whether what is true for it goes left. x < t is
    /// x <= the number below t; nil where there is none, or for other comparisons.
    private static func branch(_ node: TreeTable<Float>.Node) -> (threshold: Float, trueIsLeft: Bool)? {
        guard node.threshold.isFinite, node.threshold.nextDown.isFinite else { return nil }
        return switch node.mode {
        case .lessOrEqual: (node.threshold, true)
        case .less: (node.threshold.nextDown, true)
        case .greater: (node.threshold, false)
        case .greaterOrEqual: (node.threshold.nextDown, false)
        case .equal, .notEqual, .member, .leaf: nil
        }
    }
}
