// SPDX-License-Identifier: Apache-2.0

/// Draws the rows that a round's trees are grown on.
struct RowSampling {
    let sampling: BoostingSettings.Sampling
    let seed: UInt64
    /// GOSS grows on all rows until the first rounds have shown which are hard: one over the learning rate.
    let warmUpRounds: Int

    /// Fills the front of `rows` with the chosen ones, ascending, and returns how many these are; nil for all
    /// rows. With GOSS the derivatives in `blocks` of rows that stand for others are made larger.
    func choose(
        round: Int, _ blocks: [GradientBlocks], into rows: NumberMemory<UInt32>
    ) -> Int? {
        var random = RandomSource(seed: RandomSource.mixed(seed, UInt64(round)))
        let rowCount = rows.count
        switch sampling {
        case .all: return nil
        case .bagging(let fraction):
            if fraction >= 1 { return nil }
            var count = 0
            for row in 0..<rowCount where random.unit() < fraction {
                rows[count] = UInt32(row)
                count += 1
            }
            if count == 0 {
                rows[0] = UInt32(random.index(below: rowCount))
                count = 1
            }
            return count
        case .goss(let top, let other):
            if round <= warmUpRounds || top + other >= 1 { return nil }
            return goss(top, other, &random, blocks, rows)
        }
    }

    private func goss(
        _ top: Double, _ other: Double, _ random: inout RandomSource, _ blocks: [GradientBlocks],
        _ rows: NumberMemory<UInt32>
    ) -> Int {
        let sizes = (0..<rows.count).map { row in
            blocks.reduce(Float(0)) { sum, block in
                let pair = block.pair(row)
                return sum + abs(pair.gradient * pair.hessian)
            }
        }
        var sorted = sizes
        RadixSort.sort(&sorted)
        let topCount = max(1, Int(top * Double(rows.count)))
        let limit = sorted[rows.count - topCount]
        let chance = other / (1 - top)
        let factor = Float((1 - top) / other)
        var topLeft = topCount
        var count = 0
        for row in 0..<rows.count {
            if sizes[row] >= limit && topLeft > 0 {
                topLeft -= 1
            } else if random.unit() < chance {
                for block in blocks {
                    let pair = block.pair(row)
                    block.set(row, gradient: pair.gradient * factor, hessian: pair.hessian * factor)
                }
            } else {
                continue
            }
            rows[count] = UInt32(row)
            count += 1
        }
        return count
    }
}
