// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing

@testable import Training

@Suite struct ParallelTests {
    @Test(arguments: [1, 2, 4])
    func everyTask_isDoneOnce(threads: Int) {
        let pool = WorkerPool(threadCount: threads)
        for taskCount in [0, 1, 2, 7, 100] {
            for _ in 0..<50 {
                let done = NumberMemory<Int>(count: taskCount, repeating: 0)
                pool.run(taskCount) { worker, task in
                    precondition(worker < pool.count)
                    done[task] += task + 1
                }
                #expect((0..<taskCount).allSatisfy { done[$0] == $0 + 1 })
            }
        }
    }

    @Test func sortingByBits_isSorting() {
        var random = RandomSource(seed: 1)
        var values = (0..<3_000).map { _ in Float(random.unit() - 0.5) * 1e3 }
        values += [0, -0.0, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude]
        var sorted = values
        RadixSort.sort(&sorted)
        #expect(sorted == values.sorted())
    }

    /// One addition at a time, in the plainest way.
    private func slow(_ matrix: BinnedMatrix, _ rows: [Int], _ words: [Int]) -> [Int] {
        var sums = [Int](repeating: 0, count: matrix.histogramSize)
        for row in rows {
            for feature in matrix.features.indices {
                let bin = unsafe Int(matrix.column(feature)[row])
                sums[matrix.histogramOffset(feature) + bin] += words[row]
            }
        }
        return sums
    }

    @Test(arguments: [1, 3, 5, 28, 33, 70])
    func theHistogram_isTheSumOfItsRows(features: Int) {
        var random = RandomSource(seed: UInt64(features))
        let count = 700
        let columns = (0..<count * features).map { index in
            random.unit() < 0.1 ? Float.nan : Float(random.index(below: 3 + index / count * 7))
        }
        for threads in [1, 3] {
            let pool = WorkerPool(threadCount: threads)
            let matrix = BinnedMatrix(
                columns: columns, rowCount: count, featureCount: features, binsMax: 100, pool: pool)
            let words = NumberMemory<Int>(count: count, repeating: 0)
            for row in 0..<count { words[row] = Int(truncatingIfNeeded: random.next() >> 20) }
            let list = NumberMemory<UInt32>(count: count, repeating: 0)
            var rows: [Int] = []
            for row in 0..<count where random.unit() < 0.4 {
                list[rows.count] = UInt32(row)
                rows.append(row)
            }
            let builder = HistogramBuilder(matrix, countsRows: false, pool: pool)
            let sums = NumberMemory<Int>(count: builder.size, repeating: 1)
            let plain = (0..<count).map { words[$0] }
            builder.build(list, 0..<rows.count, words, into: sums)
            #expect((0..<sums.count).map { sums[$0] } == slow(matrix, rows, plain))
            builder.build(nil, 0..<count, words, into: sums)
            #expect((0..<sums.count).map { sums[$0] } == slow(matrix, Array(0..<count), plain))
        }
    }

    /// A row that lies across two cache lines costs two.
    @Test(arguments: [(28, 32), (32, 32), (33, 16), (24, 32), (23, 23), (7, 8), (5, 5), (1, 1)])
    func rowsOfATile_keepToCacheLines(features: Int, stride: Int) {
        let matrix = BinnedMatrix(
            columns: [Float](repeating: 1, count: features * 3), rowCount: 3, featureCount: features,
            binsMax: 10, pool: WorkerPool(threadCount: 1))
        #expect(matrix.tiles[0].stride == stride)
        // Safe because the address is only looked at.
        #expect(unsafe Int(bitPattern: matrix.bins.start) % 64 == 0)
        let large = NumberMemory<UInt8>(count: 8 << 20, repeating: 3)
        #expect(unsafe Int(bitPattern: large.start) % (2 << 20) == 0)
        #expect(large[0] == 3 && large[(8 << 20) - 1] == 3)
    }

    @Test func bins_areFoundTheSameWay_oneByOneAndTogether() {
        var random = RandomSource(seed: 2)
        let count = 2_000
        let columns = (0..<count).map { $0 % 9 == 0 ? .nan : Float(random.unit()) }
        let pool = WorkerPool(threadCount: 2)
        let matrix = BinnedMatrix(
            columns: columns, rowCount: count, featureCount: 1, binsMax: 255, pool: pool)
        let column = unsafe matrix.column(0)
        for row in 0..<count {
            #expect(unsafe column[row] == matrix.features[0].bin(of: columns[row]))
            #expect(matrix.bins[row * matrix.tiles[0].stride] == matrix.features[0].bin(of: columns[row]))
        }
        #expect(matrix.features[0].cuts.count == 254)
    }

    @Test func rareCategories_shareABin() {
        var values: [Float] = []
        for code in 0..<20 { values += [Float](repeating: Float(code), count: 20 - code) }
        let bins = FeatureBins(codes: values, categoryCount: 25, binsMax: 6)
        #expect(bins.codes == [0, 1, 2, 3, 4])
        #expect(bins.bin(of: 3) == 3 && bins.bin(of: 7) == 5 && bins.bin(of: 24) == 5)
        #expect(bins.bin(of: 25) == bins.missingBin && bins.bin(of: -1) == bins.missingBin)
        #expect(bins.bin(of: .nan) == bins.missingBin)
    }
}
