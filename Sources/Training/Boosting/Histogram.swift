// SPDX-License-Identifier: Apache-2.0

/// What is known of the rows of a bin, of a leaf, of a side of a split.
struct GradientSum: Equatable {
    var gradient = 0.0
    var hessian = 0.0
    var count = 0

    static func - (a: GradientSum, b: GradientSum) -> GradientSum {
        GradientSum(
            // Rounding may leave a hair below zero where there is nothing.
            gradient: a.gradient - b.gradient, hessian: max(0, a.hessian - b.hessian),
            count: a.count - b.count)
    }

    static func + (a: GradientSum, b: GradientSum) -> GradientSum {
        GradientSum(
            gradient: a.gradient + b.gradient, hessian: a.hessian + b.hessian, count: a.count + b.count)
    }

    /// Twice the loss that the best leaf value saves.
    func score(_ l2: Double) -> Double {
        let weight = hessian + l2
        return weight > 0 ? gradient * gradient / weight : 0
    }
}

/// A run of features that one thread works on, and where each one's bins lie in the run's histogram.
struct FeatureRun {
    let features: Range<Int>
    /// Start of each feature's bins; one more, the end.
    let offsets: [Int]

    init(_ features: Range<Int>, of matrix: BinnedMatrix) {
        self.features = features
        var offsets = [0]
        for feature in features {
            offsets.append(offsets[offsets.count - 1] + matrix.features[feature].count)
        }
        self.offsets = offsets
    }

    var binCount: Int { offsets[features.count] }
}

/// Sums of a leaf's rows by bin, for the features of one run.
struct Histogram {
    private(set) var sums: [GradientSum]

    /// Adds up the given rows; `pairs` has one entry a row of `rows`, in their order.
    init(_ run: FeatureRun, _ matrix: BinnedMatrix, rows: ArraySlice<Int32>, pairs: [GradientPair]) {
        var sums = [GradientSum](repeating: GradientSum(), count: run.binCount)
        for (position, feature) in run.features.enumerated() {
            Histogram.add(
                matrix, feature, rows, pairs, into: &sums, from: run.offsets[position])
        }
        self.sums = sums
    }

    /// The inner loop of training: only the bin's byte is read at random.
    private static func add(
        _ matrix: BinnedMatrix, _ feature: Int, _ rows: ArraySlice<Int32>, _ pairs: [GradientPair],
        into sums: inout [GradientSum], from offset: Int
    ) {
        let column = matrix.bins.span.extracting(feature * matrix.rowCount..<(feature + 1) * matrix.rowCount)
        let rows = rows.span
        let pairs = pairs.span
        var target = sums.mutableSpan
        for index in rows.indices {
            let bin = offset &+ Int(column[Int(rows[index])])
            let pair = pairs[index]
            target[bin].gradient += Double(pair.gradient)
            target[bin].hessian += Double(pair.hessian)
            target[bin].count &+= 1
        }
    }

    /// Takes `other`'s rows away.
    mutating func subtract(_ other: Histogram) {
        let taken = other.sums.span
        var target = sums.mutableSpan
        for index in taken.indices { target[index] = target[index] - taken[index] }
    }
}
