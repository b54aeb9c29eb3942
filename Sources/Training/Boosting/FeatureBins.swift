// SPDX-License-Identifier: Apache-2.0

/// The bins of one feature: bin b holds the values x with cuts[b - 1] <= x < cuts[b]; one more holds the
/// missing.
///
/// Cuts are Float32, like the model's thresholds, and a row goes left at `x < cuts[b]` exactly when its bin
/// is at most b: what was learned on bins is what is served on numbers.
struct FeatureBins: Equatable {
    /// Strictly ascending.
    let cuts: [Float]

    var missingBin: UInt8 { UInt8(cuts.count + 1) }
    /// Bins with the one for missing values.
    var count: Int { cuts.count + 2 }

    /// Bins for `values`, of which there are at least one; NaN is missing.
    init(values: [Float], binsMax: Int) {
        let sorted = values.filter { !$0.isNaN }.sorted()
        var distinct: [Float] = []
        var counts: [Int] = []
        for value in sorted {
            if value == distinct.last {
                counts[counts.count - 1] += 1
            } else {
                distinct.append(value)
                counts.append(1)
            }
        }
        let ends = FeatureBins.lastOfBins(counts, binsMax: binsMax)
        cuts = ends.dropLast().map { FeatureBins.cut(between: distinct[$0], and: distinct[$0 + 1]) }
    }

    /// The index of the last distinct value of each bin. Bins get about as many rows each; a value that alone
    /// has more than its share stays alone.
    private static func lastOfBins(_ counts: [Int], binsMax: Int) -> [Int] {
        if counts.count <= binsMax { return Array(counts.indices) }
        var ends: [Int] = []
        var rowsLeft = counts.reduce(0, +)
        var inBin = 0
        for (index, count) in counts.enumerated() {
            let share = Double(rowsLeft) / Double(binsMax - ends.count)
            if inBin > 0, ends.count < binsMax - 1, Double(inBin) + Double(count) / 2 > share {
                ends.append(index - 1)
                rowsLeft -= inBin
                inBin = 0
            }
            inBin += count
        }
        ends.append(counts.count - 1)
        return ends
    }

    /// A number t with a < t <= b, the middle where Float32 has it.
    static func cut(between a: Float, and b: Float) -> Float {
        let middle = a / 2 + b / 2
        return middle > a && middle <= b ? middle : b
    }

    /// The bin of `value`: how many cuts are not above it.
    func bin(of value: Float) -> UInt8 {
        if value.isNaN { return missingBin }
        var low = 0
        var high = cuts.count
        while low < high {
            let middle = (low + high) / 2
            if cuts[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return UInt8(low)
    }
}

/// All training rows as bins, column-major, one byte a cell.
struct BinnedMatrix {
    let rowCount: Int
    let features: [FeatureBins]
    /// Shape [features, rows].
    let bins: [UInt8]

    /// Bins are cut on so many rows at most, spread evenly over the data.
    private static let sampleRowsMax = 200_000

    /// `columns` is column-major [featureCount, rowCount], without infinities.
    init(columns: [Float], rowCount: Int, featureCount: Int, binsMax: Int) {
        var features: [FeatureBins] = []
        var bins = [UInt8](repeating: 0, count: columns.count)
        let stride = max(1, rowCount / BinnedMatrix.sampleRowsMax)
        for feature in 0..<featureCount {
            let start = feature * rowCount
            let sample = Swift.stride(from: start, to: start + rowCount, by: stride).map { columns[$0] }
            let own = FeatureBins(values: sample, binsMax: binsMax)
            for index in start..<start + rowCount { bins[index] = own.bin(of: columns[index]) }
            features.append(own)
        }
        self.rowCount = rowCount
        self.features = features
        self.bins = bins
    }
}
