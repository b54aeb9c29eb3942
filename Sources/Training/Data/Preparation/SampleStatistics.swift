// SPDX-License-Identifier: Apache-2.0

/// Statistics of the values that are there, as NumPy and scikit-learn define them.
enum SampleStatistics {
    /// The value below which the part `q` of ascending `sorted` lies, between two neighbours on a straight
    /// line.
    static func quantile(_ q: Double, of sorted: [Double]) -> Double {
        guard let last = sorted.last else { return .nan }
        let place = q * Double(sorted.count - 1)
        let index = Int(place)
        guard index + 1 < sorted.count else { return last }
        let part = place - Double(index)
        let difference = sorted[index + 1] - sorted[index]
        return part < 0.5
            ? sorted[index] + difference * part : sorted[index + 1] - difference * (1 - part)
    }

    /// The same without a line: a value of the sample, or the mean of two where the part ends between them.
    static func averagedQuantile(_ q: Double, of sorted: [Double]) -> Double {
        let place = q * Double(sorted.count)
        let index = Int(place)
        if place > Double(index) { return sorted[min(index, sorted.count - 1)] }
        let below = sorted[max(index - 1, 0)]
        let above = sorted[min(index, sorted.count - 1)]
        return below == above ? below : 0.5 * (below + above)
    }

    /// The value that occurs most often, the smallest of several.
    static func mostFrequent(_ values: [Double]) -> Double {
        var best = (value: Double.nan, count: 0)
        var run = (value: Double.nan, count: 0)
        for value in values.sorted() {
            run = value == run.value ? (value, run.count + 1) : (value, 1)
            if run.count > best.count { best = run }
        }
        return best.value
    }

    /// `count` numbers from `low` to `high`, evenly spread.
    static func evenly(_ count: Int, from low: Double, to high: Double) -> [Double] {
        let step = (high - low) / Double(count - 1)
        return (0..<count).map { $0 == count - 1 ? high : low + Double($0) * step }
    }
}
