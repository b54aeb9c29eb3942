// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a loss is taken at: the rows' targets and weights, and the margins so far.
struct LossRows {
    let targets: [Double]
    /// Nil when all weigh 1.
    let weights: [Float]?
    /// Rows that are ranked among each other; only for `lambdaRank`.
    var groups: [Range<Int>] = []
    /// Shape [outputs, rows].
    let margins: NumberMemory<Float>

    var count: Int { targets.count }

    // Safe because callers go through the rows and outputs that there are.
    func margin(_ row: Int, _ output: Int = 0) -> Float { unsafe margins.start[output &* count &+ row] }
    func weight(_ row: Int) -> Float { weights.map { $0[row] } ?? 1 }
}

extension BoostingLoss {
    /// Fills one block for each output with the derivatives of all rows.
    func derivatives(_ rows: LossRows, into blocks: [GradientBlocks], _ pool: WorkerPool) {
        if case .lambdaRank(let truncation) = self {
            return LambdaRank(truncation: truncation).derivatives(rows, into: blocks[0], pool)
        }
        pool.run(GradientBlocks.blockCount(rows.count)) { _, block in
            let range = GradientBlocks.rows(block, of: rows.count)
            switch self {
            case .logistic: BoostingLoss.logistic(rows, range, blocks[0])
            case .softmax(let classCount): BoostingLoss.softmax(rows, range, classCount, blocks)
            default:
                for row in range {
                    let (gradient, hessian) = pair(rows.margin(row), rows.targets[row])
                    let weight = rows.weight(row)
                    blocks[0].set(row, gradient: gradient * weight, hessian: hessian * weight)
                }
            }
        }
    }

    private func pair(_ margin: Float, _ target: Double) -> (Float, Float) {
        let difference = Double(margin) - target
        switch self {
        case .squaredError: return (Float(difference), 1)
        case .absoluteError: return (difference > 0 ? 1 : difference < 0 ? -1 : 0, 1)
        case .quantile(let level): return (Float(difference >= 0 ? 1 - level : -level), 1)
        case .huber(let delta): return (Float(min(max(difference, -delta), delta)), 1)
        case .poisson:
            let mean = exp(min(Double(margin), 80))
            // A little more than the derivative: steps where the mean is small would be too long.
            return (Float(mean - target), Float(mean * 2.013_752_707_470_476_5))
        case .gamma:
            let ratio = target * exp(min(-Double(margin), 80))
            return (Float(1 - ratio), Float(max(ratio, 1e-16)))
        case .tweedie(let power):
            let first = target * exp(min((1 - power) * Double(margin), 80))
            let second = exp(min((2 - power) * Double(margin), 80))
            return (
                Float(second - first), Float(max((power - 1) * first + (2 - power) * second, 1e-16))
            )
        case .logistic, .softmax, .lambdaRank: preconditionFailure("has a loop of its own")
        }
    }

    private static func logistic(_ rows: LossRows, _ range: Range<Int>, _ block: GradientBlocks) {
        let targets = rows.targets.span
        var first = range.lowerBound
        while first < range.upperBound {
            let count = min(8, range.upperBound - first)
            var margins = SIMD8<Float>.zero
            for lane in 0..<count { margins[lane] = rows.margin(first + lane) }
            let probabilities = FastExponential.logistic(margins)
            for lane in 0..<count {
                let row = first + lane
                let probability = probabilities[lane]
                let weight = rows.weight(row)
                block.set(
                    row, gradient: (probability - Float(targets[row])) * weight,
                    hessian: max(probability * (1 - probability), 1e-16) * weight)
            }
            first += 8
        }
    }

    private static func softmax(
        _ rows: LossRows, _ range: Range<Int>, _ classCount: Int, _ blocks: [GradientBlocks]
    ) {
        var probabilities = [Double](repeating: 0, count: classCount)
        for row in range {
            softmax(rows, row, into: &probabilities)
            let weight = rows.weight(row)
            let label = Int(rows.targets[row])
            for output in 0..<classCount {
                let probability = probabilities[output]
                blocks[output].set(
                    row, gradient: Float(probability - (label == output ? 1 : 0)) * weight,
                    hessian: Float(max(2 * probability * (1 - probability), 1e-16)) * weight)
            }
        }
    }

    static func softmax(_ rows: LossRows, _ row: Int, into probabilities: inout [Double]) {
        var largest = rows.margin(row)
        for output in probabilities.indices { largest = max(largest, rows.margin(row, output)) }
        var sum = 0.0
        for output in probabilities.indices {
            probabilities[output] = exp(Double(rows.margin(row, output) - largest))
            sum += probabilities[output]
        }
        for output in probabilities.indices { probabilities[output] /= sum }
    }
}
