// SPDX-License-Identifier: Apache-2.0

/// Takes further Newton steps to the values of a tree's leaves, each at the margins that the step before
/// leads to.
///
/// The sums that a tree is grown from give each leaf one step from where its rows are. For the logistic loss
/// that is too short where the rows agree: half of them in either class, a step to all in one is 2, the
/// optimum without end. A second step costs a pass over the rows and is worth some rounds (CatBoost calls
/// them iterations of leaf estimation). Sums are Float64 over a leaf's rows in their order, so that they are
/// the same on any number of threads.
struct LeafRefiner: Sendable {
    private let steps: Int
    private let rate: Double
    private let rule: LeafRule

    /// Nil where the first step is the last: other losses; constraints that hold values to bounds; rows that
    /// stand for others with a weight of the round.
    init?(_ settings: BoostingSettings, _ loss: BoostingLoss, _ constraints: FeatureConstraints) {
        if case .goss = settings.sampling { return nil }
        guard loss == .logistic, settings.leafSteps > 1, constraints.monotone.allSatisfy({ $0 == 0 }) else {
            return nil
        }
        steps = settings.leafSteps - 1
        rate = settings.learningRate
        rule = LeafRule(settings)
    }

    /// - Parameter rows: the numbers of the tree's rows, by leaf.
    func refine(
        _ tree: inout GrownTree, rows: NumberMemory<UInt32>, _ train: LossRows, _ pool: WorkerPool
    ) {
        let found = NumberMemory<Float>(count: tree.leafRows.count, repeating: 0)
        let (nodes, leaves) = (tree.nodes, tree.leafRows)
        pool.run(leaves.count) { _, index in
            let first = Double(nodes[leaves[index].node].value) / rate
            found[index] = Float(rate * value(from: first, leaves[index].rows, rows, train))
        }
        for (index, leaf) in leaves.enumerated() { tree.nodes[leaf.node].value = found[index] }
    }

    /// The loss is convex in the value, so its minimum lies on the first step's side of 0, and Newton's step
    /// tells on which side of the value. It goes to twice the value at most. Back it goes half of the way to
    /// the last value that was too small at most: beyond the minimum the loss may be all but straight, and
    /// the step wild.
    private func value(
        from first: Double, _ range: Range<Int>, _ rows: NumberMemory<UInt32>, _ train: LossRows
    ) -> Double {
        guard first != 0 else { return 0 }
        let sign: Double = first > 0 ? 1 : -1
        var value = first
        var (short, long) = (0.0, Double.infinity)
        for _ in 0..<steps {
            let (gradient, hessian) = sums(at: value, range, rows, train)
            // The rule's loss is one around 0: there the gradient is what it would be with this curvature.
            let newton = sign * rule.weight(gradient - hessian * value, hessian, LeafBounds())
            if newton > abs(value) {
                short = abs(value)
                value = sign * (newton < long ? min(newton, 2 * short) : (short + long) / 2)
            } else {
                long = abs(value)
                value = sign * max(newton, (short + long) / 2)
            }
        }
        return value
    }

    /// The derivatives where the rows' margins are `value` larger.
    private func sums(
        at value: Double, _ range: Range<Int>, _ rows: NumberMemory<UInt32>, _ train: LossRows
    ) -> (gradient: Double, hessian: Double) {
        let targets = train.targets.span
        var gradients = SIMD8<Double>.zero
        var hessians = SIMD8<Double>.zero
        var place = range.lowerBound
        while place < range.upperBound {
            let count = min(8, range.upperBound - place)
            var margins = SIMD8<Float>.zero
            var labels = SIMD8<Float>.zero
            var weights = SIMD8<Float>.zero
            for lane in 0..<count {
                let row = Int(rows[place + lane])
                margins[lane] = train.margin(row) + Float(value)
                labels[lane] = Float(targets[row])
                weights[lane] = train.weight(row)
            }
            let probabilities = FastExponential.logistic(margins)
            gradients += SIMD8<Double>((probabilities - labels) * weights)
            hessians += SIMD8<Double>(probabilities * (1 - probabilities) * weights)
            place += count
        }
        return (gradients.sum(), hessians.sum())
    }
}
