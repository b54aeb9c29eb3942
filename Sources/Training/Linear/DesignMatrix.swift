// SPDX-License-Identifier: Apache-2.0
import Dispatch

/// The rows that a linear model is fitted to, and the passes over them that its objectives are made of.
///
/// Passes go over blocks of a fixed number of rows, several at a time; sums are added up in the order of the
/// blocks, so that the result does not depend on the number of threads. Immutable.
@safe package final class DesignMatrix: Sendable {
    package let rowCount: Int
    package let featureCount: Int
    /// Numbers a row takes: the features, then zeros up to a multiple of four.
    let stride: Int
    private let values: [Double]
    /// One a row; nil for 1 each.
    package let weights: [Double]?
    package let weightSum: Double
    let threadCount: Int

    /// A block stays in the second level of the cache.
    static let blockRows = 2_048

    /// `features` is row-major [rows, featureCount].
    package init(
        _ features: [Double], featureCount: Int, weights: [Double]? = nil, threadCount: Int = 1
    ) {
        self.featureCount = featureCount
        rowCount = featureCount == 0 ? weights?.count ?? 0 : features.count / featureCount
        stride = max(4, (featureCount + 3) & ~3)
        self.weights = weights
        self.threadCount = threadCount
        weightSum = weights?.reduce(0, +) ?? Double(rowCount)
        if stride == featureCount {
            values = features
        } else {
            var padded = [Double](repeating: 0, count: rowCount * stride)
            for row in 0..<rowCount {
                for index in 0..<featureCount {
                    padded[row * stride + index] = features[row * featureCount + index]
                }
            }
            values = padded
        }
    }

    /// Each `step`-th row.
    func sampled(_ step: Int) -> DesignMatrix {
        let rows = Swift.stride(from: 0, to: rowCount, by: step)
        var chosen: [Double] = []
        chosen.reserveCapacity((rowCount / step + 1) * stride)
        for row in rows { chosen += values[row * stride..<(row + 1) * stride] }
        return DesignMatrix(
            padded: chosen, featureCount: featureCount, weights: weights.map { all in rows.map { all[$0] } },
            rowCount: (rowCount + step - 1) / step, threadCount: threadCount)
    }

    /// Rows of numbers with the zeros behind them.
    private init(
        padded: [Double], featureCount: Int, weights: [Double]?, rowCount: Int, threadCount: Int
    ) {
        values = padded
        self.featureCount = featureCount
        self.rowCount = rowCount
        stride = max(4, (featureCount + 3) & ~3)
        self.weights = weights
        self.threadCount = threadCount
        weightSum = weights?.reduce(0, +) ?? Double(rowCount)
    }

    var blockCount: Int { (rowCount + DesignMatrix.blockRows - 1) / DesignMatrix.blockRows }

    /// The rows of a block.
    func rows(_ block: Int) -> Range<Int> {
        let first = block * DesignMatrix.blockRows
        return first..<min(first + DesignMatrix.blockRows, rowCount)
    }

    /// Runs `body` for each block, on several threads where that pays, and adds up what it leaves in its
    /// slice of `width` numbers, block by block.
    func sum(
        width: Int, _ body: @Sendable (_ block: Int, _ sums: UnsafeMutableBufferPointer<Double>) -> Void
    ) -> [Double] {
        let count = blockCount
        var parts = [Double](repeating: 0, count: count * width)
        // Safe because each block writes its own slice, and the memory outlives the calls.
        unsafe parts.withUnsafeMutableBufferPointer { parts in
            nonisolated(unsafe) let parts = unsafe parts
            @Sendable func run(_ block: Int) {
                // Safe because each block has its own slice.
                unsafe body(
                    block, UnsafeMutableBufferPointer(rebasing: parts[block * width..<(block + 1) * width]))
            }
            if threadCount > 1, count > 1 {
                let (threads, total) = (min(threadCount, count), count)
                DispatchQueue.concurrentPerform(iterations: threads) { thread in
                    for block in Swift.stride(from: thread, to: total, by: threads) { run(block) }
                }
            } else {
                for block in 0..<count { run(block) }
            }
        }
        var sums = [Double](repeating: 0, count: width)
        for block in 0..<count {
            for index in 0..<width { sums[index] += parts[block * width + index] }
        }
        return sums
    }

    /// Hands `body` the padded numbers of the rows.
    func withRows<Result>(_ body: (UnsafePointer<Double>) -> Result) -> Result {
        // Safe because the array is immutable and lives through the call; an empty one is not read.
        unsafe values.withUnsafeBufferPointer {
            unsafe body($0.baseAddress ?? UnsafePointer(bitPattern: 8).unsafelyUnwrapped)
        }
    }
}

/// The product of two rows of `stride` numbers, a multiple of four, in two chains of four lanes.
@inline(__always) func product(
    _ row: UnsafePointer<Double>, _ vector: UnsafePointer<Double>, _ stride: Int
) -> Double {
    var (first, second) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
    var index = 0
    // Safe because callers give both `stride` numbers; so in all that follows.
    while index + 8 <= stride {
        unsafe first += lanes(row + index) * lanes(vector + index)
        unsafe second += lanes(row + index + 4) * lanes(vector + index + 4)
        index += 8
    }
    if index < stride { unsafe first += lanes(row + index) * lanes(vector + index) }
    return (first + second).sum()
}

/// sums += factor * row
@inline(__always) func accumulate(
    _ factor: Double, _ row: UnsafePointer<Double>, _ sums: UnsafeMutablePointer<Double>, _ stride: Int
) {
    let factors = SIMD4<Double>(repeating: factor)
    var index = 0
    // Safe because callers give both `stride` numbers.
    while index < stride {
        let place = unsafe UnsafeMutableRawPointer(sums + index)
        unsafe place.storeBytes(
            of: place.loadUnaligned(as: SIMD4<Double>.self) + factors * lanes(row + index),
            as: SIMD4<Double>.self)
        index += 4
    }
}

@inline(__always) func lanes(_ pointer: UnsafePointer<Double>) -> SIMD4<Double> {
    // Safe because callers point at four numbers, and any bits are a Double.
    unsafe UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Double>.self)
}
