// SPDX-License-Identifier: Apache-2.0

/// Adds rows up to histograms on several threads. State: owned by the grower's thread, which runs one job at
/// a time; in a job each thread has memory of its own.
@safe final class HistogramBuilder {
    let matrix: BinnedMatrix
    let pool: WorkerPool
    /// Whether rows are counted apart from hessians: the counts of a histogram follow its sums.
    let countsRows: Bool
    /// A histogram for each thread, zero between jobs; made when they are needed.
    private var own: [NumberMemory<Int>] = []
    private static let chunkRows = 16_384

    init(_ matrix: BinnedMatrix, countsRows: Bool, pool: WorkerPool) {
        self.matrix = matrix
        self.countsRows = countsRows
        self.pool = pool
    }

    /// Sums in a histogram, counts included.
    var size: Int { matrix.histogramSize * (countsRows ? 2 : 1) }

    func makeOwnSums() {
        while own.count < pool.count { own.append(NumberMemory(count: size, repeating: 0)) }
    }

    /// Memory of thread `worker`, to add to within a job; `merge` takes it from there.
    func ownSums(_ worker: Int) -> NumberMemory<Int> { own[worker] }

    /// Adds rows to `sums`: those of the list, or those from `firstRow` on.
    func add(
        _ rows: UnsafePointer<UInt32>?, firstRow: Int = 0, count: Int, _ words: NumberMemory<Int>,
        into sums: NumberMemory<Int>, _ worker: Int
    ) {
        precondition(sums.count == size, "a histogram of another matrix")
        for tile in matrix.tiles {
            // Safe because a histogram has room for each tile behind its offset, and counts behind the sums.
            let bins = unsafe UnsafePointer(matrix.bins.start + tile.byteOffset)
            let target = unsafe sums.start + tile.histogramOffset
            unsafe HistogramKernel.add(
                bins: bins, tile: tile, rows: rows, firstRow: firstRow, count: count, words: words.start,
                into: target)
            if countsRows {
                unsafe HistogramKernel.add(
                    bins: bins, tile: tile, rows: rows, firstRow: firstRow, count: count, words: nil,
                    into: target + matrix.histogramSize)
            }
        }
    }

    /// Fills `sums` with the rows `range` of the list, or with the rows of that range when there is no list.
    func build(
        _ rows: NumberMemory<UInt32>?, _ range: Range<Int>, _ words: NumberMemory<Int>,
        into sums: NumberMemory<Int>
    ) {
        let chunkCount = (range.count + HistogramBuilder.chunkRows - 1) / HistogramBuilder.chunkRows
        let isShared = pool.count > 1 && chunkCount > 1
        sums.fill(with: 0)
        if isShared { makeOwnSums() }
        pool.run(chunkCount) { worker, chunk in
            let first = range.lowerBound + chunk * HistogramBuilder.chunkRows
            let count = min(HistogramBuilder.chunkRows, range.upperBound - first)
            // Safe because the list has the range's rows.
            unsafe add(
                rows.map { unsafe UnsafePointer($0.start + first) }, firstRow: first, count: count, words,
                into: isShared ? own[worker] : sums, worker)
        }
        guard isShared else { return }
        for feature in matrix.features.indices { merge(feature, into: sums) }
    }

    /// Moves what the threads have added for a feature to `sums`, which loses what it held.
    func merge(_ feature: Int, into sums: NumberMemory<Int>) {
        let tile = matrix.tiles[matrix.tileOfFeature[feature]]
        let start = matrix.histogramOffset(feature)
        for part in 0..<(countsRows ? 2 : 1) {
            let offset = start + part * matrix.histogramSize
            // Safe because all histograms have `size` sums.
            for index in offset..<offset + tile.width {
                var sum = 0
                for memory in own {
                    sum &+= unsafe memory.start[index]
                    unsafe memory.start[index] = 0
                }
                unsafe sums.start[index] = sum
            }
        }
    }

    /// Takes the rows of `other` away from `sums`, for one feature.
    func subtract(_ other: NumberMemory<Int>, from sums: NumberMemory<Int>, _ feature: Int) {
        let tile = matrix.tiles[matrix.tileOfFeature[feature]]
        let start = matrix.histogramOffset(feature)
        for part in 0..<(countsRows ? 2 : 1) {
            let offset = start + part * matrix.histogramSize
            // Safe because all histograms have `size` sums.
            for index in offset..<offset + tile.width {
                unsafe sums.start[index] = unsafe sums.start[index] &- other.start[index]
            }
        }
    }

    /// The sums of a feature's bins.
    func sums(_ feature: Int, of sums: NumberMemory<Int>) -> SplitFinder.FeatureSums {
        // Safe because a histogram has room for the feature's bins there.
        let start = unsafe UnsafePointer(sums.start + matrix.histogramOffset(feature))
        return unsafe SplitFinder.FeatureSums(
            bins: matrix.features[feature], sums: start,
            counts: countsRows ? start + matrix.histogramSize : nil)
    }
}
