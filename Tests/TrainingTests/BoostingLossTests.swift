// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Training

@Suite struct BoostingLossTests {
    private let pool = WorkerPool(threadCount: 1)

    /// Losses whose `value` is the mean of what `derivatives` are of, the deviances twice that.
    private static let smooth: [(BoostingLoss, [Double], Double)] = [
        (.logistic, [0, 1, 1, 0], 1), (.huber(delta: 1.5), [0.5, -2, 7, 1], 1),
        (.poisson, [0, 1, 4, 2], 2), (.gamma, [0.5, 1, 4, 2], 2),
        (.tweedie(power: 1.3), [0, 1, 4, 2], 2), (.softmax(classCount: 3), [0, 1, 2, 1], 1),
        (.quantile(level: 0.3), [0.5, -2, 7, 1], 1), (.absoluteError, [0.5, -2, 7, 1], 1),
    ]

    private func rows(_ targets: [Double], _ margins: [Float], weights: [Float]? = nil) -> LossRows {
        let memory = NumberMemory<Float>(count: margins.count, repeating: 0)
        for (index, margin) in margins.enumerated() { memory[index] = margin }
        return LossRows(targets: targets, weights: weights, margins: memory)
    }

    @Test(arguments: smooth)
    func theGradient_isTheSlopeOfTheLoss(loss: BoostingLoss, targets: [Double], factor: Double) {
        let outputs = loss.outputCount
        let margins = (0..<4 * outputs).map { Float($0 % 5) * 0.31 - 0.7 }
        let blocks = (0..<outputs).map { _ in GradientBlocks(rowCount: 4) }
        let weights: [Float] = [1, 2, 0.5, 3]
        loss.derivatives(rows(targets, margins, weights: weights), into: blocks, pool)
        let step: Float = 1e-3
        for index in margins.indices {
            var (above, below) = (margins, margins)
            above[index] += step
            below[index] -= step
            let rise =
                loss.value(rows(targets, above, weights: weights), pool)
                - loss.value(rows(targets, below, weights: weights), pool)
            let slope = rise / Double(above[index] - below[index]) * Double(weights.reduce(0, +)) / factor
            let gradient = Double(blocks[index / 4].pair(index % 4).gradient)
            #expect(abs(slope - gradient) < 2e-3 * max(1, abs(gradient)), "\(loss) \(index)")
            #expect(blocks[index / 4].pair(index % 4).hessian > 0)
        }
    }

    @Test(arguments: smooth)
    func atTheBaseMargins_theGradientsAddUpToNothing(
        loss: BoostingLoss, targets: [Double], factor: Double
    ) {
        let weights: [Float] = [1, 2, 1, 2]
        let base = loss.baseMargins(targets, weights)
        let margins = base.flatMap { [Float](repeating: $0, count: 4) }
        let blocks = base.map { _ in GradientBlocks(rowCount: 4) }
        loss.derivatives(rows(targets, margins, weights: weights), into: blocks, pool)
        switch loss {
        // A quantile among few rows has a jump there; huber starts from the median.
        case .absoluteError, .quantile, .huber: return
        default: break
        }
        for block in blocks {
            #expect(abs((0..<4).reduce(Float(0)) { $0 + block.pair($1).gradient }) < 1e-5, "\(loss)")
        }
    }

    @Test func theFastExponential_isTheSlowOne() {
        for step in -8_600...8_800 {
            let x = Float(step) / 100
            let fast = FastExponential.of(SIMD8(repeating: x))[3]
            let slow = exp(Double(x))
            #expect(abs(Double(fast) - slow) < 3e-7 * slow, "\(x)")
        }
        #expect(FastExponential.of(SIMD8(repeating: 1_000))[0].isFinite)
        #expect(FastExponential.of(SIMD8(repeating: -1_000))[0] > 0)
    }

    @Test func quantiles_countWeights() {
        #expect(WeightedQuantile.of([3, 1, 2], nil, level: 0.5) == 2)
        #expect(WeightedQuantile.of([4, 1, 2, 3], nil, level: 0.5) == 2.5)
        #expect(WeightedQuantile.of([3, 1, 2], [3, 1, 1], level: 0.5) == 3)
        #expect(WeightedQuantile.of([3, 1, 2], [1, 1, 1], level: 0.5) == 2)
        #expect(WeightedQuantile.of([3, 1, 2, 4], [1, 1, 1, 1], level: 0.5) == 2.5)
    }

    @Test func ranking_putsTheRelevantRowsFirst() throws {
        var random = RandomSource(seed: 3)
        var columns: [Float] = []
        var targets: [Double] = []
        for _ in 0..<600 {
            let value = Float(random.unit())
            columns.append(value)
            targets.append((Double(value) * 4 + random.unit()).rounded(.down))
        }
        columns += (0..<600).map { _ in Float(random.unit()) }
        let groups = (0..<60).map { $0 * 10..<($0 + 1) * 10 }
        let rows = BoostingTrainer.Rows(columns: columns, targets: targets, groups: groups)
        var settings = BoostingSettings()
        settings.rounds = 30
        settings.childWeightMin = 1e-3
        var losses: [Double] = []
        _ = try BoostingTrainer(settings).fit(
            rows, features: .init(count: 2), loss: .lambdaRank(truncation: 30)
        ) { _, loss, _ in losses.append(loss ?? .nan) }
        #expect(losses.count > 1)
        #expect(try #require(losses.last) < 0.02)
        #expect(try #require(losses.last) < losses[0])
    }

    @Test(arguments: [(BoostingLoss.poisson, -1.0), (.gamma, 0), (.tweedie(power: 1.5), -0.1)])
    func aTargetOutOfRange_isRefused(loss: BoostingLoss, value: Double) {
        let rows = BoostingTrainer.Rows(columns: [1, 2], targets: [1, value])
        #expect(throws: TrainingError.self) {
            _ = try BoostingTrainer().fit(rows, features: .init(count: 1), loss: loss)
        }
    }
}
