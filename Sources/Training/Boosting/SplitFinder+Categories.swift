// SPDX-License-Identifier: Apache-2.0

extension SplitFinder {
    /// How the categories of a feature are divided.
    struct CategoryRule: Sendable, Equatable {
        /// Up to so many categories each is tried alone against the rest.
        var aloneMax = 4
        /// Categories on the smaller side at most.
        var smallerSideMax = 32
        /// Added to a category's hessians where categories are sorted: a rare one comes to stand in the
        /// middle.
        var smoothing = 10.0
        /// Added to l2: many ways to divide fit the noise.
        var l2 = 10.0
    }

    /// The best set of categories: by how gradients and hessians of the categories are to each other they are
    /// sorted, and the set is a run from either end (Fisher 1958: one of these is the best of all sets).
    /// A missing value counts as one more category.
    func bestCategories(_ feature: Int, _ own: FeatureSums, _ search: SplitSearch) -> TreeSplit? {
        let bins = own.bins
        let rule = CategoryRule()
        var present: [Int] = []
        // Safe because a feature has a sum, and where rows are counted a count, for each of its bins.
        for bin in 0..<bins.count where unsafe own.sums[bin] != 0 { present.append(bin) }
        guard present.count >= 2 else { return nil }
        // The bin that rare categories share takes the way of those that nobody knows: right.
        let sharedBin = bins.valueCount - 1
        let isAlone = present.count <= rule.aloneMax
        if !isAlone {
            let keys = present.map { bin -> Double in
                let sum = unsafe PackedSum(word: own.sums[bin])
                return units.gradient(sum) / (units.hessian(sum) + rule.smoothing)
            }
            let order = present.indices.sorted {
                (keys[$0], present[$0]) < (keys[$1], present[$1])
            }
            present = order.map { present[$0] }
        }
        var best: (left: PackedSum, set: BinSet, score: Double)?
        var finder = self
        if !isAlone { finder.rule.l2 += rule.l2 }
        let leaf = search.leaf
        let least =
            isAlone
            ? search.parentScore
            : finder.rule.score(
                units.gradient(leaf.total), units.hessian(leaf.total),
                finder.rule.weight(leaf.total, units, leaf.bounds))
        let countsRows = unsafe own.counts != nil
        func consider(_ left: PackedSum, _ leftRows: Int, _ set: BinSet) {
            let right = leaf.total - left
            guard isAllowed(left, right, countsRows ? leftRows : nil, leaf) else { return }
            let (leftWeight, rightWeight) = finder.weights(left, right, leaf.bounds)
            let sum =
                finder.rule.score(units.gradient(left), units.hessian(left), leftWeight)
                + finder.rule.score(units.gradient(right), units.hessian(right), rightWeight)
            if sum > best?.score ?? (least + search.gainMin) { best = (left, set, sum) }
        }
        for order in isAlone ? [present] : [present, present.reversed()] {
            var left = PackedSum.zero
            var leftRows = 0
            var set = BinSet()
            for bin in order.prefix(isAlone ? order.count : min(rule.smallerSideMax, order.count - 1)) {
                if isAlone { (left, leftRows, set) = (.zero, 0, BinSet()) }
                if bin == sharedBin {
                    // What is behind it in the order would have it on the left.
                    if isAlone { continue } else { break }
                }
                // Safe because a feature has a sum, and where rows are counted a count, for each of its bins.
                left = unsafe left + PackedSum(word: own.sums[bin])
                leftRows += own.rows(bin)
                set.insert(bin)
                consider(left, leftRows, set)
            }
        }
        guard let best else { return nil }
        let right = leaf.total - best.left
        let (leftWeight, rightWeight) = weights(best.left, right, leaf.bounds)
        return TreeSplit(
            feature: feature, bin: 0, leftBins: best.set,
            isDefaultLeft: best.set.contains(Int(bins.missingBin)), gain: best.score - least,
            left: best.left, right: right, leftWeight: leftWeight, rightWeight: rightWeight)
    }
}
