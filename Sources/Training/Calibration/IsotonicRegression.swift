// SPDX-License-Identifier: Apache-2.0
import ModelFormat

/// The curve that never falls and is nearest to the outcomes, by pooling neighbours that are in the wrong
/// order.
enum IsotonicRegression {
    private struct Block {
        var first: Double
        var last: Double
        var sum: Double
        var weight: Double

        var mean: Double { sum / weight }
    }

    /// The least-squares fit, to at least one row: scikit-learn's `IsotonicRegression(out_of_bounds="clip")`.
    static func fit(margins: [Double], isPositive: [Bool]) -> IsotonicCalibration {
        var blocks: [Block] = []
        for row in margins.indices.sorted(by: { margins[$0] < margins[$1] }) {
            let (margin, value) = (margins[row], isPositive[row] ? 1.0 : 0)
            if let last = blocks.last, last.last == margin {
                blocks[blocks.count - 1].sum += value
                blocks[blocks.count - 1].weight += 1
            } else {
                blocks.append(Block(first: margin, last: margin, sum: value, weight: 1))
            }
        }
        var pooled: [Block] = []
        for block in blocks {
            pooled.append(block)
            while pooled.count > 1, pooled[pooled.count - 2].mean >= pooled[pooled.count - 1].mean {
                let upper = pooled.removeLast()
                pooled[pooled.count - 1].last = upper.last
                pooled[pooled.count - 1].sum += upper.sum
                pooled[pooled.count - 1].weight += upper.weight
            }
        }
        var calibration = IsotonicCalibration(margins: [], probabilities: [])
        for block in pooled {
            calibration.margins.append(block.first)
            calibration.probabilities.append(block.mean)
            if block.last > block.first {
                calibration.margins.append(block.last)
                calibration.probabilities.append(block.mean)
            }
        }
        return calibration
    }
}
