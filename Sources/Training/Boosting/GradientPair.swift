// SPDX-License-Identifier: Apache-2.0

/// First and second derivative of the loss by the margin, times the row's weight.
struct GradientPair: Equatable, BitwiseCopyable {
    var gradient: Float
    var hessian: Float
}

/// Gradients and hessians as whole numbers in one word, the gradient in the upper half: sums of them are
/// exact, so that they come to the same in any order, on any number of threads, and by subtraction.
///
/// The units are powers of two, chosen so that no sum of any of the rows overflows a half.
struct PackedSum: Equatable, BitwiseCopyable {
    var word: Int

    static var zero: PackedSum { PackedSum(word: 0) }

    @inline(__always) var gradient: Int { word >> 32 }
    @inline(__always) var hessian: Int { word & 0xFFFF_FFFF }

    @inline(__always) static func + (a: PackedSum, b: PackedSum) -> PackedSum {
        PackedSum(word: a.word &+ b.word)
    }
    @inline(__always) static func - (a: PackedSum, b: PackedSum) -> PackedSum {
        PackedSum(word: a.word &- b.word)
    }
}

/// What the whole numbers of a `PackedSum` count.
struct GradientUnits: Equatable {
    var gradient: Double
    var hessian: Double

    func gradient(_ sum: PackedSum) -> Double { Double(sum.gradient) * gradient }
    func hessian(_ sum: PackedSum) -> Double { Double(sum.hessian) * hessian }
}

/// The derivatives of one output for all rows: first as numbers, then packed in the same memory.
///
/// Threads work on blocks of rows of their own.
@safe final class GradientBlocks: Sendable {
    static let blockRows = 16_384

    let rowCount: Int
    /// `PackedSum`s, or the two numbers of a `GradientPair` before `pack`.
    let words: NumberMemory<Int>

    init(rowCount: Int) {
        self.rowCount = rowCount
        words = NumberMemory(count: rowCount, repeating: 0)
    }

    static func blockCount(_ rowCount: Int) -> Int { (rowCount + blockRows - 1) / blockRows }

    static func rows(_ block: Int, of rowCount: Int) -> Range<Int> {
        block * blockRows..<min((block + 1) * blockRows, rowCount)
    }

    /// Before `pack`.
    @inline(__always) func set(_ row: Int, gradient: Float, hessian: Float) {
        // Safe because callers go through the rows of a block.
        unsafe words.start[row] = Int(
            truncatingIfNeeded: UInt64(gradient.bitPattern) << 32 | UInt64(hessian.bitPattern))
    }

    /// Before `pack`.
    @inline(__always) func pair(_ row: Int) -> GradientPair {
        // Safe because a block's rows are rows of the memory, and each block has its two sums.
        let word = unsafe UInt64(truncatingIfNeeded: words.start[row])
        return GradientPair(
            gradient: Float(bitPattern: UInt32(word >> 32)),
            hessian: Float(bitPattern: UInt32(truncatingIfNeeded: word)))
    }

    /// Makes whole numbers of the derivatives. With `isConstant` all hessians are 1 and stay so: their sums
    /// are counts. Returns nil when a derivative is not finite.
    func pack(isConstant: Bool, _ pool: WorkerPool) -> GradientUnits? {
        let blockCount = GradientBlocks.blockCount(rowCount)
        let sums = NumberMemory<Double>(count: 2 * blockCount, repeating: 0)
        pool.run(blockCount) { _, block in
            var gradients = 0.0
            var hessians = 0.0
            for row in GradientBlocks.rows(block, of: rowCount) {
                let pair = pair(row)
                gradients += Double(abs(pair.gradient))
                hessians += Double(pair.hessian)
            }
            // Safe because a block's rows are rows of the memory, and each block has its two sums.
            unsafe sums.start[2 * block] = gradients
            unsafe sums.start[2 * block + 1] = hessians
        }
        var gradients = 0.0
        var hessians = 0.0
        for block in 0..<blockCount {
            gradients += sums[2 * block]
            hessians += sums[2 * block + 1]
        }
        guard gradients.isFinite, hessians.isFinite else { return nil }
        // Rounding adds at most a half for each gradient and one for each hessian.
        let gradientScale = GradientBlocks.powerOfTwo(
            atMost: (2_147_483_000 - Double(rowCount) / 2) / max(gradients, 1e-300))
        let hessianScale =
            isConstant
            ? 1
            : GradientBlocks.powerOfTwo(
                atMost: (4_294_967_000 - Double(rowCount)) / max(hessians, 1e-300))
        pool.run(blockCount) { _, block in
            // Adding 1.5 * 2^52 rounds to a whole number, which then stands in the low bits.
            let magic = 6_755_399_441_055_744.0
            for row in GradientBlocks.rows(block, of: rowCount) {
                let pair = pair(row)
                let gradient = Int32(
                    truncatingIfNeeded: (Double(pair.gradient) * gradientScale + magic).bitPattern)
                var hessian = UInt32(
                    truncatingIfNeeded: (Double(pair.hessian) * hessianScale + magic).bitPattern)
                // A row that counts leaves a trace: a sum of nothing is 0, and no other is.
                if hessian == 0 && pair.hessian > 0 { hessian = 1 }
                unsafe words.start[row] = Int(gradient) << 32 &+ Int(hessian)
            }
        }
        return GradientUnits(gradient: 1 / gradientScale, hessian: 1 / hessianScale)
    }

    /// Scales beyond 2^100 would only lead out of the range of numbers.
    private static func powerOfTwo(atMost limit: Double) -> Double {
        let exponent = min(max(limit.exponent, -100), 100)
        return Double(sign: .plus, exponent: exponent, significand: 1)
    }

    /// The sum over the first `count` rows, or over those that `rows` begins with.
    func total(_ rows: NumberMemory<UInt32>?, _ count: Int, _ pool: WorkerPool) -> PackedSum {
        let blockCount = GradientBlocks.blockCount(count)
        let sums = NumberMemory<Int>(count: blockCount, repeating: 0)
        pool.run(blockCount) { _, block in
            var sum = 0
            for index in GradientBlocks.rows(block, of: count) {
                // Safe because the rows are rows of this memory.
                let row = rows.map { unsafe Int($0.start[index]) } ?? index
                sum = unsafe sum &+ words.start[row]
            }
            unsafe sums.start[block] = sum
        }
        var total = 0
        for block in 0..<blockCount { total &+= sums[block] }
        return PackedSum(word: total)
    }
}
