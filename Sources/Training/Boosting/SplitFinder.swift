// SPDX-License-Identifier: Apache-2.0

/// What the search for a leaf's split has to know of the leaf.
struct LeafFacts {
    var total: PackedSum
    var rowCount: Int
    var bounds = LeafBounds()
    /// What chance starts from at this node.
    var seed: UInt64 = 0
}

/// Finds the best split of a leaf from its histogram, feature by feature.
struct SplitFinder: Sendable {
    let settings: BoostingSettings
    let matrix: BinnedMatrix
    var units = GradientUnits(gradient: 1, hessian: 1)
    var rule = LeafRule()
    /// For each feature 1 or -1 where predictions must not fall or rise with it; empty without such features.
    var monotone: [Int8] = []
    /// Whether each feature is cut at one place by chance instead of the best.
    var cutsByChance = false

    init(_ settings: BoostingSettings, _ matrix: BinnedMatrix) {
        self.settings = settings
        self.matrix = matrix
        rule = LeafRule(settings)
    }

    /// The sums of one feature's bins, the missing ones' last: memory that outlives the search.
    @safe struct FeatureSums {
        let bins: FeatureBins
        let sums: UnsafePointer<Int>
        /// Rows by bin; nil when the hessians are counts or nobody asks.
        let counts: UnsafePointer<Int>?

        /// Rows in a bin, where they are counted; else 0.
        // Safe because a feature has a sum, and where rows are counted a count, for each of its bins.
        func rows(_ bin: Int) -> Int { unsafe counts.map { unsafe $0[bin] } ?? 0 }
    }

    /// Whether a leaf of these rows may have children at all.
    func canSplit(_ total: PackedSum, _ rowCount: Int) -> Bool {
        rowCount >= max(2, 2 * settings.leafRowsMin)
            && units.hessian(total) >= 2 * settings.childWeightMin
    }

    func best(_ feature: Int, _ own: FeatureSums, _ leaf: LeafFacts) -> TreeSplit? {
        let parent = score(leaf.total, rule.weight(leaf.total, units, leaf.bounds))
        // Gains within rounding of nothing are none.
        let gainMin = max(settings.splitGainMin, 1e-10 * abs(parent), 1e-300)
        var search = SplitSearch(leaf: leaf, parentScore: parent, gainMin: gainMin)
        if own.bins.isCategorical {
            return bestCategories(feature, own, search)
        }
        // Safe because a feature has a sum, and where rows are counted a count, for each of its bins.
        let missing = unsafe PackedSum(word: own.sums[Int(own.bins.missingBin)])
        let isMonotone = !monotone.isEmpty && monotone[feature] != 0
        let countsRows = unsafe own.counts != nil
        if rule.isPlain && !isMonotone && leaf.bounds == LeafBounds() && !countsRows && !cutsByChance {
            scan(own, missing, goesLeft: false, &search)
            if missing != .zero { scan(own, missing, goesLeft: true, &search) }
        } else {
            scanSlowly(feature, own, missing, goesLeft: false, &search)
            if missing != .zero { scanSlowly(feature, own, missing, goesLeft: true, &search) }
        }
        guard let found = search.found else { return nil }
        return split(feature, own, found, missing, leaf)
    }

    private func score(_ sum: PackedSum, _ weight: Double) -> Double {
        rule.score(units.gradient(sum), units.hessian(sum), weight)
    }

    /// For features without constraints: compares fractions by cross-multiplying, without a division a bin.
    private func scan(
        _ own: FeatureSums, _ missing: PackedSum, goesLeft: Bool, _ search: inout SplitSearch
    ) {
        let total = search.leaf.total
        let l2 = rule.l2
        let unit = units.hessian
        let gradientUnit = units.gradient * units.gradient
        // Rows are not counted apart where the hessians are their counts.
        let rowsMin = settings.leafRowsMin > 1 ? Double(settings.leafRowsMin) : 0
        let weightMin = max(settings.childWeightMin, rowsMin) + l2
        var left = goesLeft ? missing : .zero
        // Scores in units of the packed gradients. The first split has to beat the parent.
        let least = search.found?.score ?? (search.parentScore + search.gainMin)
        var bestNumerator = least / gradientUnit
        var bestDivisor = 1.0
        var bestBin = -1
        var bestLeft = PackedSum.zero
        let gradientTotal = Double(total.gradient)
        // After the last bin only missing values are left to the right.
        let binCount = own.bins.valueCount - (missing != .zero && !goesLeft ? 0 : 1)
        for bin in 0..<binCount {
            // Safe because the feature has a sum for each of its bins.
            let word = unsafe own.sums[bin]
            // The same rows left and right as at the bin before.
            if word == 0 { continue }
            left.word &+= word
            let right = total - left
            let leftDivisor = Double(left.hessian) * unit + l2
            let rightDivisor = Double(right.hessian) * unit + l2
            if leftDivisor < weightMin { continue }
            if rightDivisor < weightMin || right == .zero { break }
            let leftGradient = Double(left.gradient)
            let rightGradient = gradientTotal - leftGradient
            let numerator =
                leftGradient * leftGradient * rightDivisor + rightGradient * rightGradient * leftDivisor
            let divisor = leftDivisor * rightDivisor
            if numerator * bestDivisor > bestNumerator * divisor {
                bestNumerator = numerator
                bestDivisor = divisor
                bestBin = bin
                bestLeft = left
            }
        }
        guard bestBin >= 0 else { return }
        search.found = SplitSearch.Found(
            bin: bestBin, left: bestLeft, missingGoesLeft: goesLeft,
            score: bestNumerator / bestDivisor * gradientUnit)
    }

    /// With everything that a split may have to obey.
    private func scanSlowly(
        _ feature: Int, _ own: FeatureSums, _ missing: PackedSum, goesLeft: Bool, _ search: inout SplitSearch
    ) {
        let leaf = search.leaf
        var left = goesLeft ? missing : .zero
        var leftRows = goesLeft ? own.rows(Int(own.bins.missingBin)) : 0
        let binCount = own.bins.valueCount - (missing != .zero && !goesLeft ? 0 : 1)
        let chosen = cutsByChance ? chanceBin(own, binCount, feature, leaf.seed) : -1
        if cutsByChance && chosen < 0 { return }
        let direction = monotone.isEmpty ? 0 : monotone[feature]
        // Safe because a feature has a sum, and where rows are counted a count, for each of its bins.
        let countsRows = unsafe own.counts != nil
        for bin in 0..<binCount {
            let word = unsafe own.sums[bin]
            if word == 0 && !cutsByChance { continue }
            left.word &+= word
            leftRows += own.rows(bin)
            if cutsByChance && bin < chosen { continue }
            let right = leaf.total - left
            if right == .zero { break }
            if isAllowed(left, right, countsRows ? leftRows : nil, leaf) {
                let (leftWeight, rightWeight) = weights(left, right, leaf.bounds)
                let isInOrder =
                    direction == 0
                    || (direction > 0 ? leftWeight <= rightWeight : leftWeight >= rightWeight)
                let sum = score(left, leftWeight) + score(right, rightWeight)
                if isInOrder, sum > search.found?.score ?? (search.parentScore + search.gainMin) {
                    search.found = SplitSearch.Found(
                        bin: bin, left: left, missingGoesLeft: goesLeft, score: sum)
                }
            }
            if cutsByChance { break }
        }
    }

    func weights(_ left: PackedSum, _ right: PackedSum, _ bounds: LeafBounds) -> (Double, Double) {
        (rule.weight(left, units, bounds), rule.weight(right, units, bounds))
    }

    /// Whether both sides have the rows and the weight that a leaf needs. `leftRows` is nil when rows need
    /// not be counted, or the hessians are counts.
    func isAllowed(_ left: PackedSum, _ right: PackedSum, _ leftRows: Int?, _ leaf: LeafFacts) -> Bool {
        if left == .zero || right == .zero { return false }
        if units.hessian(left) < settings.childWeightMin { return false }
        if units.hessian(right) < settings.childWeightMin { return false }
        guard settings.leafRowsMin > 1 else { return true }
        let leftRows = leftRows ?? left.hessian
        return leftRows >= settings.leafRowsMin && leaf.rowCount - leftRows >= settings.leafRowsMin
    }

    /// One of the bins behind which the leaf's rows can be divided, each as likely as the others.
    private func chanceBin(_ own: FeatureSums, _ binCount: Int, _ feature: Int, _ seed: UInt64) -> Int {
        let last = own.bins.valueCount - 1
        // Safe because a feature has a sum, and where rows are counted a count, for each of its bins.
        guard let lowest = (0...last).first(where: { unsafe own.sums[$0] != 0 }),
            let highest = (0...last).last(where: { unsafe own.sums[$0] != 0 })
        else { return -1 }
        guard highest > lowest else { return binCount > last ? last : -1 }
        var random = RandomSource(seed: seed ^ UInt64(feature) &* 0x9E37_79B9_7F4A_7C15)
        return lowest + random.index(below: highest - lowest)
    }

    /// The split behind `found.bin`. The bins that follow may be empty in this leaf: any of the cuts up to
    /// the next row divides the rows alike, and the one in the middle is the fairest to rows to come.
    private func split(
        _ feature: Int, _ own: FeatureSums, _ found: SplitSearch.Found, _ missing: PackedSum,
        _ leaf: LeafFacts
    ) -> TreeSplit {
        let cuts = own.bins.cuts
        var bin = found.bin
        if bin < cuts.count {
            var last = bin
            // Safe because a feature has a sum, and where rows are counted a count, for each of its bins.
            while last + 1 < cuts.count, unsafe own.sums[last + 1] == 0 { last += 1 }
            let middle = cuts[bin] / 2 + cuts[last] / 2
            while bin < last, abs(cuts[bin + 1] - middle) < abs(cuts[bin] - middle) { bin += 1 }
        }
        let right = leaf.total - found.left
        let (leftWeight, rightWeight) = weights(found.left, right, leaf.bounds)
        // Without missing values in the leaf, a later one takes the way that most rows take.
        let isDefaultLeft =
            missing != .zero ? found.missingGoesLeft : found.left.hessian >= right.hessian
        return TreeSplit(
            feature: feature, bin: UInt8(bin), isDefaultLeft: isDefaultLeft,
            gain: found.score - score(leaf.total, rule.weight(leaf.total, units, leaf.bounds)),
            left: found.left, right: right, leftWeight: leftWeight, rightWeight: rightWeight)
    }
}

extension LeafRule {
    func weight(_ sum: PackedSum, _ units: GradientUnits, _ bounds: LeafBounds) -> Double {
        weight(units.gradient(sum), units.hessian(sum), bounds)
    }
}

/// The best split of one feature so far.
struct SplitSearch {
    struct Found {
        var bin: Int
        var left: PackedSum
        var missingGoesLeft: Bool
        var score: Double
    }

    let leaf: LeafFacts
    let parentScore: Double
    /// What a split must save to be one, times two.
    let gainMin: Double
    var found: Found?
}
