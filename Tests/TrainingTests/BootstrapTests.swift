// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Training

@Suite struct BootstrapTests {
    private let values = (0..<400).map { Double(($0 * 37) % 101) }

    private func mean(_ weights: [Double]) -> [Metric] {
        let sum = zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 }
        return [Metric("mean", sum / weights.reduce(0, +))]
    }

    @Test func theIntervalOfAMean_isItsStandardErrorWide() throws {
        var bootstrap = Bootstrap(seed: 3)
        bootstrap.sampleCount = 1_000
        let interval = try #require(bootstrap.intervals(rowCount: values.count, measure: mean).first)
        let centre = values.reduce(0, +) / 400
        let deviation = (values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / 400).squareRoot()
        let expected = 2 * 1.96 * deviation / 20
        #expect(abs((interval.high - interval.low) / expected - 1) < 0.1)
        #expect(interval.low < centre && centre < interval.high)
    }

    @Test func theSeedDecides() {
        let first = Bootstrap(seed: 1).intervals(rowCount: 400, measure: mean)
        #expect(first == Bootstrap(seed: 1).intervals(rowCount: 400, measure: mean))
        #expect(first != Bootstrap(seed: 2).intervals(rowCount: 400, measure: mean))
    }

    @Test func weightsMultiplyTheDraws() throws {
        let weights = values.map { $0 < 50 ? 0.0 : 1.0 }
        let interval = try #require(
            Bootstrap(seed: 1).intervals(rowCount: 400, weights: weights, measure: mean).first)
        #expect(interval.low > 70)
    }

    @Test func aMetricThatASampleDoesNotDetermine_hasNone() {
        var calls = 0
        let intervals = Bootstrap(seed: 1).intervals(rowCount: 10) { _ in
            calls += 1
            return calls == 3 ? [] : [Metric("sometimes", 1)]
        }
        #expect(intervals.isEmpty)
    }
}
