// SPDX-License-Identifier: Apache-2.0

/// Bins that go left at a categorical split: bit b % 64 of word b / 64.
struct BinSet: Equatable {
    private var words = SIMD4<UInt64>.zero

    func contains(_ bin: Int) -> Bool { words[bin >> 6] >> UInt64(bin & 63) & 1 == 1 }
    mutating func insert(_ bin: Int) { words[bin >> 6] |= 1 << UInt64(bin & 63) }
}

/// A way to divide a leaf.
struct TreeSplit: Equatable {
    var feature: Int
    /// Rows with at most this bin go left; at a categorical split nothing.
    var bin: UInt8
    /// The bins of the codes that go left; nil at a numeric split.
    var leftBins: BinSet?
    var isDefaultLeft: Bool
    /// How much of the loss it saves, times two.
    var gain: Double
    var left: PackedSum
    var right: PackedSum
    /// The values that the two leaves would have, before the learning rate.
    var leftWeight = 0.0
    var rightWeight = 0.0

    /// The larger gain wins; the lower feature among equals, so that the order of the work does not matter.
    func isBetter(than other: TreeSplit?) -> Bool {
        guard let other else { return true }
        return gain > other.gain || (gain == other.gain && feature < other.feature)
    }

    /// For each bin of the feature 1 when it goes left, else 0.
    func directions(_ bins: FeatureBins) -> [UInt8] {
        var directions = [UInt8](repeating: 0, count: 256)
        for value in 0..<bins.valueCount {
            let goesLeft = leftBins.map { $0.contains(value) } ?? (value <= Int(bin))
            directions[value] = goesLeft ? 1 : 0
        }
        directions[Int(bins.missingBin)] = isDefaultLeft ? 1 : 0
        return directions
    }
}
