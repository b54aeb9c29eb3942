// SPDX-License-Identifier: Apache-2.0

/// A way to divide a leaf.
struct TreeSplit: Equatable {
    var feature: Int
    /// Rows with at most this bin go left.
    var bin: UInt8
    /// Rows with less than this go left.
    var threshold: Float
    var isDefaultLeft: Bool
    /// How much of the loss it saves, times two.
    var gain: Double
    var left: GradientSum
    var right: GradientSum

    /// The larger gain wins; the lower feature among equals, so that the order of the work does not matter.
    func isBetter(than other: TreeSplit?) -> Bool {
        guard let other else { return true }
        return gain > other.gain || (gain == other.gain && feature < other.feature)
    }
}

/// Finds the best split of a leaf from its histogram.
struct SplitFinder {
    let settings: BoostingSettings
    let matrix: BinnedMatrix

    func best(in histogram: Histogram, _ run: FeatureRun, total: GradientSum) -> TreeSplit? {
        guard total.count >= 2 * settings.leafRowsMin else { return nil }
        var best: TreeSplit?
        for (position, feature) in run.features.enumerated() {
            let bins = matrix.features[feature]
            let offset = run.offsets[position]
            let missing = histogram.sums[offset + Int(bins.missingBin)]
            scan(histogram, offset, feature, bins, total, missing: missing, goesLeft: false, &best)
            if missing.count > 0 {
                scan(histogram, offset, feature, bins, total, missing: missing, goesLeft: true, &best)
            }
        }
        return best
    }

    private func scan(
        _ histogram: Histogram, _ offset: Int, _ feature: Int, _ bins: FeatureBins, _ total: GradientSum,
        missing: GradientSum, goesLeft: Bool, _ best: inout TreeSplit?
    ) {
        let sums = histogram.sums.span
        let parentScore = total.score(settings.l2)
        // Gains within rounding of nothing are none.
        let gainMin = max(settings.splitGainMin, 1e-10 * abs(parentScore), 1e-300)
        var left = goesLeft ? missing : GradientSum()
        // After the last bin only missing values are left to the right.
        let splitCount = bins.cuts.count + (missing.count > 0 && !goesLeft ? 1 : 0)
        for bin in 0..<splitCount {
            let sum = sums[offset + bin]
            // The same rows left and right as at the bin before.
            if sum.count == 0 { continue }
            left = left + sum
            guard left.count >= settings.leafRowsMin, left.hessian >= settings.childWeightMin else {
                continue
            }
            let right = total - left
            guard right.count >= settings.leafRowsMin, right.hessian >= settings.childWeightMin else { break }
            let gain = left.score(settings.l2) + right.score(settings.l2) - parentScore
            guard gain > gainMin, gain > (best?.gain ?? 0) else { continue }
            best = TreeSplit(
                feature: feature, bin: UInt8(bin),
                threshold: threshold(after: bin, sums, offset, bins),
                // Without missing values in the leaf, a later one takes the way that most rows take.
                isDefaultLeft: missing.count > 0 ? goesLeft : left.count >= right.count,
                gain: gain, left: left, right: right)
        }
    }

    /// The middle of the gap behind `bin`. The bins that follow may be empty in this leaf: any number from
    /// the first cut to the last one before a row divides the rows alike, and the middle is the fairest to
    /// rows to come.
    private func threshold(
        after bin: Int, _ sums: Span<GradientSum>, _ offset: Int, _ bins: FeatureBins
    ) -> Float {
        guard bin < bins.cuts.count else { return .infinity }
        var last = bin
        while last + 1 < bins.cuts.count, sums[offset + last + 1].count == 0 { last += 1 }
        let middle = bins.cuts[bin] / 2 + bins.cuts[last] / 2
        return min(max(middle, bins.cuts[bin]), bins.cuts[last])
    }
}
