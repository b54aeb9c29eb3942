// SPDX-License-Identifier: Apache-2.0
import CPosix

/// The inner loop of training: one addition a row and feature.
///
/// A third of a nanosecond each on Zen 5 where the rows of a leaf are dense; the loads and the store of an
/// addition are its cost, so that wider registers would not help (`Benchmarks/run training` measures it).
enum HistogramKernel {
    /// Adds the words of `count` rows to `sums`, which has room for `width` sums a feature of the tile.
    ///
    /// - Parameters:
    ///   - bins: the tile's first byte.
    ///   - rows: the rows; nil for those from `firstRow` on.
    ///   - words: one a row of the matrix; nil counts rows.
    static func add(
        bins: UnsafePointer<UInt8>, tile: FeatureTile, rows: UnsafePointer<UInt32>?, firstRow: Int,
        count: Int, words: UnsafePointer<Int>?, into sums: UnsafeMutablePointer<Int>
    ) {
        let features = tile.count
        let stride = tile.stride
        let width = tile.width
        // Safe because rows are rows of the matrix, a tile's row has `features` bytes, and each is below
        // `width`: the matrix was made so.
        if let rows = unsafe rows {
            // The cache lines of a row that comes later are asked for now, and are there in time: in leaves
            // of few rows far apart this saves a third.
            let ahead = 16
            for index in 0..<count {
                let row = unsafe Int(rows[index])
                let later = unsafe Int(rows[min(index &+ ahead, count &- 1)])
                unsafe cposix_prefetch(bins + later &* stride)
                if let words = unsafe words { unsafe cposix_prefetch(words + later) }
                let word = unsafe words.map { unsafe $0[row] } ?? 1
                unsafe addRow(bins + row &* stride, features, width, word, sums)
            }
        } else {
            for row in firstRow..<firstRow &+ count {
                let word = unsafe words.map { unsafe $0[row] } ?? 1
                unsafe addRow(bins + row &* stride, features, width, word, sums)
            }
        }
    }

    @inline(__always) private static func addRow(
        _ row: UnsafePointer<UInt8>, _ features: Int, _ width: Int, _ word: Int,
        _ sums: UnsafeMutablePointer<Int>
    ) {
        // Safe because it stays in the sums of the tile, see below.
        var target = unsafe sums
        var feature = 0
        // Safe because the caller's row has `features` bytes, each below `width`.
        while feature &+ 4 <= features {
            let a = unsafe target + Int(row[feature])
            unsafe a.pointee = unsafe a.pointee &+ word
            unsafe target += width
            let b = unsafe target + Int(row[feature &+ 1])
            unsafe b.pointee = unsafe b.pointee &+ word
            unsafe target += width
            let c = unsafe target + Int(row[feature &+ 2])
            unsafe c.pointee = unsafe c.pointee &+ word
            unsafe target += width
            let d = unsafe target + Int(row[feature &+ 3])
            unsafe d.pointee = unsafe d.pointee &+ word
            unsafe target += width
            feature &+= 4
        }
        while feature < features {
            let a = unsafe target + Int(row[feature])
            unsafe a.pointee = unsafe a.pointee &+ word
            unsafe target += width
            feature &+= 1
        }
    }
}
