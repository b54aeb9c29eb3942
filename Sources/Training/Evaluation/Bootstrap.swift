// SPDX-License-Identifier: Apache-2.0

/// How far metrics may be off by the chance of which rows they were measured on.
package struct Bootstrap: Sendable {
    /// Samples of as many rows, drawn with replacement.
    package var sampleCount = 200
    /// The part of the samples that the interval holds.
    package var confidence = 0.95
    package var seed: UInt64

    package init(seed: UInt64) { self.seed = seed }

    /// Bounds of a metric, by its name.
    package struct Interval: Sendable, Equatable {
        package var name: String
        package var low: Double
        package var high: Double
    }

    /// The percentile intervals of what `measure` gives for each sample's weights (one a row: how often it
    /// was drawn, times its own weight). The same seed gives the same intervals. A metric that some sample
    /// does not determine has none.
    package func intervals(
        rowCount: Int, weights: [Double]? = nil, measure: (_ weights: [Double]) -> [Metric]
    ) -> [Interval] {
        guard rowCount > 1, sampleCount > 1 else { return [] }
        var random = RandomSource(seed: seed)
        var names: [String] = []
        var values: [String: [Double]] = [:]
        for _ in 0..<sampleCount {
            var drawn = [Double](repeating: 0, count: rowCount)
            for _ in 0..<rowCount {
                drawn[Int(random.next().multipliedFullWidth(by: UInt64(rowCount)).high)] += 1
            }
            if let weights { for row in drawn.indices { drawn[row] *= weights[row] } }
            for metric in measure(drawn) {
                if values[metric.name] == nil { names.append(metric.name) }
                values[metric.name, default: []].append(metric.value)
            }
        }
        return names.compactMap { name in
            guard let sorted = values[name]?.sorted(), sorted.count == sampleCount else { return nil }
            let rest = (1 - confidence) / 2
            return Interval(
                name: name, low: Bootstrap.quantile(sorted, rest), high: Bootstrap.quantile(sorted, 1 - rest))
        }
    }

    /// The quantile of ascending values, interpolated between neighbours.
    package static func quantile(_ sorted: [Double], _ level: Double) -> Double {
        guard let last = sorted.last else { return .nan }
        let place = level * Double(sorted.count - 1)
        let index = Int(place)
        guard index + 1 < sorted.count else { return last }
        return sorted[index] + (place - Double(index)) * (sorted[index + 1] - sorted[index])
    }
}
