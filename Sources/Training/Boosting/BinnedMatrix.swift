// SPDX-License-Identifier: Apache-2.0

/// A run of neighbouring features whose bins lie side by side: a row of a tile is `stride` bytes.
///
/// Row by row the histograms of one tile stay in the first-level cache, and the bins of a row come with one
/// or two cache lines, however far apart the rows of a leaf lie.
struct FeatureTile: Equatable {
    let features: Range<Int>
    /// Where the tile's bytes begin in the matrix.
    let byteOffset: Int
    /// Bytes from one row to the next: `count`, or a few more with which no row lies across two cache lines.
    let stride: Int
    /// Bins that each of its features has room for in a histogram.
    let width: Int
    /// Where the tile's sums begin in a histogram.
    let histogramOffset: Int

    var count: Int { features.count }
}

/// All training rows as bins, one byte a cell, twice: tile after tile, row-major within a tile, for the sums
/// of all features of a row; and column after column, for dividing rows by one feature. Immutable once made.
struct BinnedMatrix: Sendable {
    let rowCount: Int
    let features: [FeatureBins]
    let tiles: [FeatureTile]
    /// For each feature its tile.
    let tileOfFeature: [Int]
    /// Sums in a histogram of all features.
    let histogramSize: Int
    let bins: NumberMemory<UInt8>
    /// Shape [features, rows].
    private let columnBins: NumberMemory<UInt8>

    /// Bins are cut on so many rows at most, spread evenly over the data.
    private static let sampleRowsMax = 200_000
    private static let tileFeaturesMax = 32
    /// Rows that are binned at a time: their part of a tile stays in the cache while it is written column by
    /// column.
    private static let blockRows = 1_024

    /// `columns` is column-major [featureCount, rowCount], without infinities; `categoryCounts` says for each
    /// feature how many codes it has, nil for numbers (and is empty when all are numbers).
    init(
        columns: [Float], rowCount: Int, featureCount: Int, categoryCounts: [Int?] = [], binsMax: Int,
        pool: WorkerPool
    ) {
        let stride = max(1, rowCount / BinnedMatrix.sampleRowsMax)
        let made = Slots<FeatureBins>(featureCount)
        pool.run(featureCount) { _, feature in
            let start = feature * rowCount
            let sample = Swift.stride(from: start, to: start + rowCount, by: stride).map { columns[$0] }
            let categoryCount = categoryCounts.isEmpty ? nil : categoryCounts[feature]
            made.store(
                feature,
                categoryCount.map { FeatureBins(codes: sample, categoryCount: $0, binsMax: binsMax) }
                    ?? FeatureBins(values: sample, binsMax: binsMax))
        }
        self.init(columns: columns, rowCount: rowCount, features: made.take(), pool: pool)
    }

    /// Rows in the bins of another matrix: those that were not trained on.
    init(columns: [Float], rowCount: Int, features: [FeatureBins], pool: WorkerPool) {
        self.rowCount = rowCount
        self.features = features
        (tiles, histogramSize) = BinnedMatrix.tiles(features, rowCount)
        tileOfFeature = tiles.enumerated().flatMap { index, tile in tile.features.map { _ in index } }
        bins = NumberMemory(count: tiles.map { $0.stride * rowCount }.reduce(0, +), repeating: 0)
        columnBins = NumberMemory(count: features.count * rowCount, repeating: 0)
        let blockCount = (rowCount + BinnedMatrix.blockRows - 1) / BinnedMatrix.blockRows
        let cuts = features.map(\.paddedCuts)
        pool.run(blockCount) { _, block in
            let first = block * BinnedMatrix.blockRows
            fill(columns, first..<min(first + BinnedMatrix.blockRows, rowCount), cuts)
        }
    }

    private static func tiles(_ features: [FeatureBins], _ rowCount: Int) -> ([FeatureTile], Int) {
        let tileCount = max(1, (features.count + tileFeaturesMax - 1) / tileFeaturesMax)
        var tiles: [FeatureTile] = []
        var histogramOffset = 0
        var byteOffset = 0
        for index in 0..<tileCount {
            let range = index * features.count / tileCount..<(index + 1) * features.count / tileCount
            let width = range.map { features[$0].count }.max() ?? 0
            tiles.append(
                FeatureTile(
                    features: range, byteOffset: byteOffset, stride: stride(range.count), width: width,
                    histogramOffset: histogramOffset))
            histogramOffset += range.count * width
            byteOffset += stride(range.count) * rowCount
        }
        return (tiles, histogramOffset)
    }

    /// Rows of a power of two of bytes never lie across cache lines; it is taken where it costs little
    /// memory.
    private static func stride(_ count: Int) -> Int {
        let power = 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
        return power <= 64 && 3 * power <= 4 * count ? power : count
    }

    private func fill(_ columns: [Float], _ rows: Range<Int>, _ cuts: [[Float]]) {
        for tile in tiles {
            for feature in tile.features {
                let values = columns.span.extracting(
                    feature * rowCount + rows.lowerBound..<feature * rowCount + rows.upperBound)
                // Safe because the tile has `rowCount` rows of `stride` bytes, and these rows are this
                // task's.
                let target =
                    unsafe bins.start
                    + (tile.byteOffset + rows.lowerBound * tile.stride + feature - tile.features.lowerBound)
                let column = unsafe columnBins.start + (feature * rowCount + rows.lowerBound)
                if features[feature].isCategorical {
                    for index in values.indices {
                        let bin = features[feature].bin(of: values[index])
                        unsafe target[index &* tile.stride] = bin
                        unsafe column[index] = bin
                    }
                } else {
                    unsafe BinnedMatrix.search(
                        values, cuts[feature], missing: features[feature].missingBin, target, tile.stride,
                        column)
                }
            }
        }
    }

    /// Eight steps without a branch: 4 ns a value where a search with branches takes 25.
    private static func search(
        _ values: Span<Float>, _ cuts: [Float], missing: UInt8, _ target: UnsafeMutablePointer<UInt8>,
        _ step: Int, _ column: UnsafeMutablePointer<UInt8>
    ) {
        precondition(cuts.count == 256, "the cuts are not filled up")
        // Safe because the cuts are 256 and live through the call.
        unsafe cuts.withUnsafeBufferPointer { cuts in
            guard let cuts = cuts.baseAddress else { return }
            for index in values.indices {
                let value = values[index]
                var low = 0
                // Safe because low + half stays below 255: 128 + 64 + … + 1.
                var half = 128
                while half > 0 {
                    let isAbove = unsafe cuts[low &+ half &- 1] <= value
                    low = unsafe low &+ half &* Int(unsafeBitCast(isAbove, to: UInt8.self))
                    half >>= 1
                }
                let bin = value.isNaN ? missing : UInt8(truncatingIfNeeded: low)
                // Safe because the caller has room for every value, `step` bytes apart, and in the column.
                unsafe target[index &* step] = bin
                unsafe column[index] = bin
            }
        }
    }

    /// The bins of `feature`, one a row.
    func column(_ feature: Int) -> UnsafePointer<UInt8> {
        // Safe because the matrix has a byte for each row from there.
        unsafe UnsafePointer(columnBins.start + feature * rowCount)
    }

    /// Where the sums of `feature` begin in a histogram.
    func histogramOffset(_ feature: Int) -> Int {
        let tile = tiles[tileOfFeature[feature]]
        return tile.histogramOffset + (feature - tile.features.lowerBound) * tile.width
    }
}
