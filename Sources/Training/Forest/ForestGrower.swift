// SPDX-License-Identifier: Apache-2.0

/// Grows one tree of a forest down to leaves that are pure or small.
///
/// What is looked for is Σ (sum of the targets)² / weight over both sides and all outputs: for numbers
/// that is the least variance, for classes the least Gini impurity.
struct ForestGrower {
    private let matrix: BinnedMatrix
    private let rows: BoostingTrainer.Rows
    private let settings: ForestSettings
    private let outputCount: Int
    private let isClassifier: Bool
    private var random: RandomSource
    private var order: [Int32] = []
    private var weights: [Float] = []
    private var nodes: [ForestTree.Node] = []
    private var featureOrder: [Int]
    /// Sums by bin: the weight, then the targets' sums of each output.
    private var sums: [Double]
    private let targetMean: Double

    init(
        _ matrix: BinnedMatrix, _ rows: BoostingTrainer.Rows, _ settings: ForestSettings, classCount: Int,
        seed: UInt64
    ) {
        self.matrix = matrix
        self.rows = rows
        self.settings = settings
        outputCount = classCount > 2 ? classCount : 1
        isClassifier = classCount > 0
        random = RandomSource(seed: seed)
        featureOrder = Array(matrix.features.indices)
        sums = [Double](repeating: 0, count: 256 * (outputCount + 1))
        // Sums of targets far from zero would hide the differences between them.
        targetMean = outputCount > 1 ? 0 : rows.targets.reduce(0, +) / Double(max(rows.count, 1))
    }

    private struct Open {
        var node: Int
        var range: Range<Int>
        var depth: Int
    }

    mutating func grow() -> ForestTree {
        drawRows()
        nodes = [ForestTree.Node()]
        var open = [Open(node: 0, range: 0..<order.count, depth: 0)]
        while let next = open.popLast() {
            let totals = totals(next.range)
            nodes[next.node].weight = totals[0]
            guard let split = split(next, totals) else {
                nodes[next.node].values = (0..<outputCount).map {
                    totals[0] > 0 ? totals[1 + $0] / totals[0] + targetMean : 0
                }
                continue
            }
            let middle = divide(next.range, split)
            nodes[next.node].split = split
            nodes[next.node].left = nodes.count
            nodes[next.node].right = nodes.count + 1
            nodes.append(ForestTree.Node())
            nodes.append(ForestTree.Node())
            open.append(
                Open(node: nodes.count - 1, range: middle..<next.range.upperBound, depth: next.depth + 1))
            open.append(
                Open(node: nodes.count - 2, range: next.range.lowerBound..<middle, depth: next.depth + 1))
        }
        return ForestTree(nodes: nodes)
    }

    private mutating func drawRows() {
        weights = rows.weights ?? [Float](repeating: 1, count: rows.count)
        if settings.drawsRows {
            var counts = [Float](repeating: 0, count: rows.count)
            for _ in 0..<rows.count { counts[random.index(below: rows.count)] += 1 }
            for row in 0..<rows.count { weights[row] *= counts[row] }
        }
        order = (0..<Int32(rows.count)).filter { weights[Int($0)] > 0 }
        // Weights may leave nothing.
        if order.isEmpty { order = [0] }
    }

    /// Adds a row to the sums that begin at `place`. Its target is a class when there are several outputs.
    ///
    /// No method: one would be given a copy of the grower, and so make one of the sums, at each row.
    @inline(__always)
    private static func add(
        weight: Float, target: Double, outputCount: Int, to sums: inout [Double], at place: Int
    ) {
        let weight = Double(weight)
        sums[place] += weight
        if outputCount == 1 {
            sums[place + 1] += weight * target
        } else {
            sums[place + 1 + Int(target)] += weight
        }
    }

    private func totals(_ range: Range<Int>) -> [Double] {
        var totals = [Double](repeating: 0, count: outputCount + 1)
        for place in range {
            let row = Int(order[place])
            ForestGrower.add(
                weight: weights[row], target: rows.targets[row] - targetMean, outputCount: outputCount,
                to: &totals, at: 0)
        }
        return totals
    }

    /// Both sides' sums of squares by weight; `totals` are those of both together.
    private func score(_ left: [Double], of totals: [Double]) -> Double {
        var (leftSquares, rightSquares) = (0.0, 0.0)
        for offset in 1..<totals.count {
            let right = totals[offset] - left[offset]
            leftSquares += left[offset] * left[offset]
            rightSquares += right * right
        }
        let rightWeight = totals[0] - left[0]
        return (left[0] > 0 ? leftSquares / left[0] : 0) + (rightWeight > 0 ? rightSquares / rightWeight : 0)
    }

    private var featureCountWanted: Int {
        let count = Double(matrix.features.count)
        if let part = settings.columnsByNode { return max(1, Int((count * part).rounded())) }
        return isClassifier ? max(1, Int(count.squareRoot())) : matrix.features.count
    }

    private mutating func split(_ open: Open, _ totals: [Double]) -> ForestSplit? {
        if settings.depthMax > 0 && open.depth >= settings.depthMax { return nil }
        if open.range.count < max(2, 2 * settings.leafRowsMin) || isPure(open.range) { return nil }
        let parent = score(totals, of: totals)
        var best: ForestSplit?
        var seen = 0
        let wanted = featureCountWanted
        // Columns without a difference among the rows do not count as looked at.
        for index in featureOrder.indices {
            if seen == wanted { break }
            featureOrder.swapAt(index, index + random.index(below: featureOrder.count - index))
            guard let found = bestSplit(featureOrder[index], open.range, totals) else { continue }
            seen += 1
            if found.score > best?.score ?? -.infinity { best = found }
        }
        // A split that gains nothing may still lead to some that do; rounding must not make it a loss.
        guard let best, best.score >= parent - 1e-9 * abs(parent) else { return nil }
        return best
    }

    private func isPure(_ range: Range<Int>) -> Bool {
        let first = rows.targets[Int(order[range.lowerBound])]
        return range.allSatisfy { rows.targets[Int(order[$0])] == first }
    }

    /// The best split by one feature, or one by chance; nil when its rows are all alike or leaves would be
    /// too small.
    private mutating func bestSplit(_ feature: Int, _ range: Range<Int>, _ totals: [Double]) -> ForestSplit? {
        let bins = matrix.features[feature]
        let width = outputCount + 1
        // Safe because the matrix outlives the grower.
        let column = unsafe matrix.column(feature)
        var counts = [Int32](repeating: 0, count: 256)
        var present: [Int] = []
        for place in range {
            let row = Int(order[place])
            // Safe because the column has a byte for each row.
            let bin = unsafe Int(column[row])
            if counts[bin] == 0 { present.append(bin) }
            counts[bin] += 1
            ForestGrower.add(
                weight: weights[row], target: rows.targets[row] - targetMean, outputCount: outputCount,
                to: &sums, at: bin * width)
        }
        defer {
            for bin in present {
                for offset in 0..<width { sums[bin * width + offset] = 0 }
            }
        }
        guard present.count > 1 else { return nil }
        let missing = Int(bins.missingBin)
        if bins.isCategorical {
            present.sort { (key($0), $0) < (key($1), $1) }
        } else {
            present.sort()
        }
        let hasMissing = !bins.isCategorical && counts[missing] > 0
        let values = hasMissing ? Array(present.dropLast()) : present
        var best: ForestSplit?
        let cutCount = max(values.count - (hasMissing ? 0 : 1), 1)
        let chosen = settings.cutsByChance ? random.index(below: cutCount) : nil
        for missingLeft in hasMissing ? [false, true] : [false] {
            var left = [Double](repeating: 0, count: width)
            var leftRows = 0
            if missingLeft {
                for offset in 0..<width { left[offset] += sums[missing * width + offset] }
                leftRows += Int(counts[missing])
            }
            let last = values.count - (hasMissing && !missingLeft ? 0 : 1)
            for (index, bin) in values.prefix(last).enumerated() {
                for offset in 0..<width { left[offset] += sums[bin * width + offset] }
                leftRows += Int(counts[bin])
                if let chosen, index != chosen { continue }
                let rightRows = range.count - leftRows
                if min(leftRows, rightRows) < settings.leafRowsMin { continue }
                let both = score(left, of: totals)
                guard both > best?.score ?? -.infinity else { continue }
                best = ForestSplit(
                    feature: feature,
                    bin: cut(bins, bin, index + 1 < values.count ? values[index + 1] : nil),
                    leftBins: nil,
                    isDefaultLeft: hasMissing ? missingLeft : leftRows >= rightRows, score: both)
                if bins.isCategorical { best = best.map { withSet($0, values.prefix(index + 1), missing) } }
            }
        }
        return best
    }

    private func withSet(_ split: ForestSplit, _ bins: ArraySlice<Int>, _ missing: Int) -> ForestSplit {
        var split = split
        var set = BinSet()
        for bin in bins where bin != missing { set.insert(bin) }
        split.leftBins = set
        if bins.contains(missing) { split.isDefaultLeft = true }
        return split
    }

    /// What categories are sorted by: the mean target, or the part of the class that the node has most of.
    private func key(_ bin: Int) -> Double {
        let place = bin * (outputCount + 1)
        return sums[place + 1] / max(sums[place], 1e-300)
    }

    /// The cut in the middle of the bins from `bin` up to the next one that has rows.
    private func cut(_ bins: FeatureBins, _ bin: Int, _ next: Int?) -> Int {
        guard !bins.isCategorical, let next, bin < bins.cuts.count else { return bin }
        let last = min(next - 1, bins.cuts.count - 1)
        let middle = bins.cuts[bin] / 2 + bins.cuts[last] / 2
        var chosen = bin
        while chosen < last, abs(bins.cuts[chosen + 1] - middle) < abs(bins.cuts[chosen] - middle) {
            chosen += 1
        }
        return chosen
    }

    /// Brings the rows that go left to the front; returns where the others start.
    private mutating func divide(_ range: Range<Int>, _ split: ForestSplit) -> Int {
        // Safe because the matrix outlives the grower.
        let column = unsafe matrix.column(split.feature)
        let missing = matrix.features[split.feature].missingBin
        var right: [Int32] = []
        var next = range.lowerBound
        for place in range {
            let row = order[place]
            // Safe because the column has a byte for each row.
            let bin = unsafe column[Int(row)]
            let goesLeft: Bool
            if bin == missing {
                goesLeft = split.isDefaultLeft
            } else if let set = split.leftBins {
                goesLeft = set.contains(Int(bin))
            } else {
                goesLeft = Int(bin) <= split.bin
            }
            if goesLeft {
                order[next] = row
                next += 1
            } else {
                right.append(row)
            }
        }
        for (index, row) in right.enumerated() { order[next + index] = row }
        return next
    }
}
