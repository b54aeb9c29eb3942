// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// What a forest needs beyond its nodes to say how much each feature contributed: exact TreeSHAP, over the
/// training rows that the covers count.
///
/// For a row and a leaf, let a path feature be *on* when the row goes the leaf's way at all its splits (o =
/// 1, else 0), and let z be the fraction of the cover that does. The Shapley value of feature i is the
/// integral over t from 0 to 1 of the sum over leaves of
///
///     value * (o_i - z_i) * product over the other path features j of (o_j * t + z_j * (1 - t))
///
/// because s!(d-1-s)!/d! is the integral of t^s (1-t)^(d-1-s). The integrand is a polynomial below degree d,
/// so d/2 Gauss-Legendre points give it exactly; all factors are positive at them, so dividing one out is
/// safe. Products go down the tree and sums of leaves come up again: each node is met twice, whatever the
/// depth, instead of once for each pair of features of a path.
struct TreeExplanation: Sendable {
    /// Parallel to the forest's nodes, about the edge that leads to each: the fraction z of its feature down
    /// to here; 1 at a root.
    let fractions: [Double]
    /// The node above whose edge asks the same feature, or -1.
    let previous: [Int32]
    /// What an inner node's feature is called outside: the input feature that its column came from.
    let features: [Int32]
    /// Shape [nodes, valuesPerNode]: what leaves add in the end, scaled; 0 at inner nodes.
    let values: [Double]
    let valuesPerNode: Int
    /// For each tree the groups of four points that make the integral exact.
    let groupCounts: [Int]
    /// Indexed by groups less one; nil for a number that no tree has.
    let quadratures: [Quadrature?]
    /// The mean of each margin over the training rows: the last of its contributions.
    let expected: [Double]
    /// Nodes times groups of points, which the time goes with.
    let work: Int
}

extension TreeForestBuilder {
    /// The look up a path is quadratic in its length; no real tree is so deep.
    private static let explainedDepthMax = 512

    /// Nil when the trees have no covers, leaves that are functions, or extreme depth. `sources` says which
    /// input feature each column comes from.
    func explanation(sources: [Int32]) -> TreeExplanation? {
        // Without trees there are no covers to miss: the base margins are all there is to explain.
        guard ensemble.covers.count == ensemble.nodeCount, ensemble.linearLeaves == nil,
            trees.allSatisfy({ $0.depth <= Self.explainedDepthMax })
        else { return nil }
        var plan = ExplanationPlan(nodeCount: nodes.count)
        for tree in trees.indices { follow(tree, sources, &plan) }
        let outputs = ensemble.outputCount
        let width = ensemble.hasLeafVectors ? outputs : 1
        let total = TreeTotal<Double>(ensemble)
        var values = Array(repeating: 0.0, count: nodes.count * width)
        var expected = ensemble.baseMargins
        for tree in trees.indices {
            for place in places(ofTree: tree) where nodes[place].slot == nil && nodes[place].source >= 0 {
                for offset in 0..<width {
                    let output = ensemble.hasLeafVectors ? offset : trees[tree].group
                    let value = leafValue(place, offset) * total.factor(output)
                    values[place * width + offset] = value
                    expected[output] += value * plan.probabilities[place]
                }
            }
        }
        let quadratures = (1...max(plan.groupCounts.max() ?? 1, 1)).map { groups in
            plan.groupCounts.contains(groups) ? Quadrature(groups: groups) : nil
        }
        return TreeExplanation(
            fractions: plan.fractions, previous: plan.previous,
            features: nodes.map { node in node.slot.map { sources[Int($0.feature)] } ?? -1 },
            values: values, valuesPerNode: width, groupCounts: plan.groupCounts, quadratures: quadratures,
            expected: expected,
            work: trees.indices.reduce(0) { $0 + places(ofTree: $1).count * plan.groupCounts[$1] })
    }

    private func leafValue(_ place: Int, _ offset: Int) -> Double {
        let source = nodes[place].source
        guard ensemble.hasLeafVectors else { return ensemble.values[source] }
        return ensemble.leafVectors[Int(leafIndices[source]) * ensemble.outputCount + offset]
    }

    private func places(ofTree tree: Int) -> Range<Int> {
        trees[tree].start..<(tree + 1 < trees.count ? trees[tree + 1].start : nodes.count)
    }

    /// The fractions of a tree's edges, top down: children lie behind their parents. Columns of one input
    /// feature are one player: they are known, or not, together.
    private func follow(_ tree: Int, _ sources: [Int32], _ plan: inout ExplanationPlan) {
        var distinctMax = 0
        plan.probabilities[trees[tree].start] = 1
        for place in places(ofTree: tree) {
            guard let slot = nodes[place].slot else { continue }
            let feature = sources[Int(slot.feature)]
            let cover = Double(ensemble.covers[nodes[place].source])
            var previous = Int32(place)
            // The edge to `place` belongs to its parent's feature; look up the path for this node's own.
            while previous >= 0, plan.edgeFeatures[Int(previous)] != feature {
                previous = plan.parents[Int(previous)]
            }
            for child in [place + nodes[place].offset, place + nodes[place].offset + 1] {
                let childCover = Double(ensemble.covers[nodes[child].source])
                let fraction = cover > 0 ? childCover / cover : 0
                plan.parents[child] = Int32(place)
                plan.edgeFeatures[child] = feature
                plan.previous[child] = previous
                plan.fractions[child] = fraction * (previous < 0 ? 1 : plan.fractions[Int(previous)])
                plan.probabilities[child] = fraction * plan.probabilities[place]
                plan.distinct[child] = plan.distinct[place] + (previous < 0 ? 1 : 0)
                distinctMax = max(distinctMax, Int(plan.distinct[child]))
            }
        }
        plan.groupCounts.append(max(1, (distinctMax + 7) / 8))
    }
}

/// What is found out about the edges on the way down; parallel to the nodes.
private struct ExplanationPlan {
    var fractions: [Double]
    var probabilities: [Double]
    var previous: [Int32]
    var parents: [Int32]
    var edgeFeatures: [Int32]
    var distinct: [Int32]
    var groupCounts: [Int] = []

    init(nodeCount: Int) {
        fractions = Array(repeating: 1, count: nodeCount)
        probabilities = Array(repeating: 0, count: nodeCount)
        previous = Array(repeating: -1, count: nodeCount)
        parents = previous
        edgeFeatures = previous
        distinct = Array(repeating: 0, count: nodeCount)
    }
}
