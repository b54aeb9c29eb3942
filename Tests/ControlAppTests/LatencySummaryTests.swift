// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ControlApp

/// Percentiles and histograms of latencies.
@Suite struct LatencySummaryTests {
    @Test func percentiles_areLatenciesThatWereMeasured() {
        let summary = LatencySummary((1...1000).reversed().map { UInt64($0) * 1000 })
        #expect(summary.percentile(0.5) == 500_000)
        #expect(summary.percentile(0.99) == 990_000)
        #expect(summary.percentile(0.999) == 999_000)
        #expect(summary.percentile(1) == 1_000_000)
        #expect(summary.percentile(0) == 1000)
        #expect(summary.mean == 500_500)
        #expect(LatencySummary([]).percentile(0.5) == 0)
    }

    @Test func everyLatency_isInOneBucket() {
        let latencies: [UInt64] = [1, 999, 1000, 1001, 5_000_000, 123_456_789]
        let histogram = LatencySummary(latencies).histogram
        #expect(histogram.map(\.count).reduce(0, +) == latencies.count)
        #expect(histogram.first?.count == 2 && histogram.last?.count == 1)
        #expect(zip(histogram, histogram.dropFirst()).allSatisfy { $0.upperBound < $1.upperBound })
        #expect(LatencySummary([]).histogram.isEmpty)
    }

    @Test(arguments: [
        (512, "0.51 us"), (12_345, "12.3 us"), (999_000, "999 us"), (1_204_000, "1.20 ms"),
        (61_000_000_000, "61.0 s"),
    ])
    func texts_haveThreeDigits(_ nanoseconds: UInt64, _ text: String) {
        #expect(LatencySummary.text(nanoseconds) == text)
    }
}
