// SPDX-License-Identifier: Apache-2.0
import Glibc
import ModelFormat
import Tabular

/// Fits the preprocessing stages to the training rows, and to them alone.
enum FittedStages {
    /// Missing numbers become the median and missing categories the most frequent one; categories become one
    /// column each; numbers are centred and divided by their standard deviation (the population's, as
    /// scikit-learn does).
    static func forLinear(_ table: Table, _ rows: [Int], _ schema: FeatureSchema) -> [PreprocessingStage] {
        var fills: [Double] = []
        var encodings: [PreprocessingStage.ColumnEncoding] = []
        var offsets: [Double] = []
        var divisors: [Double] = []
        for feature in schema.features {
            switch (feature.kind, table[feature.name]) {
            case (.numeric, .numeric(let values)):
                let present = rows.map { values[$0] }.filter { !$0.isNaN }
                // Without any value (possible in a fold) the column is constant, whatever the number.
                let fill = present.isEmpty ? 0 : median(present)
                fills.append(fill)
                encodings.append(.pass)
                let (mean, deviation) = scale(rows.map { values[$0].isNaN ? fill : values[$0] })
                offsets.append(mean)
                divisors.append(deviation)
            case (.categorical(let categories), let column):
                fills.append(Double(mostFrequent(column, rows, categories)))
                encodings.append(.oneHot(categoryCount: categories.count))
                offsets += [Double](repeating: 0, count: categories.count)
                divisors += [Double](repeating: 1, count: categories.count)
            default: preconditionFailure("the schema was made from this table")
            }
        }
        var stages = [PreprocessingStage.impute(values: fills)]
        if !schema.isNumeric { stages.append(.encode(encodings)) }
        stages.append(.scale(offsets: offsets, divisors: divisors))
        return stages
    }

    /// Numbers as they are, missing ones included; categories as their index.
    static func forTrees(_ schema: FeatureSchema) -> [PreprocessingStage] {
        if schema.isNumeric { return [] }
        return [.encode(schema.features.map { $0.kind == .numeric ? .pass : .ordinal })]
    }

    /// The middle value, or the mean of the two middle ones.
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        // Halved before they are added: the sum of two huge numbers would be infinite.
        return sorted.count % 2 == 1 ? sorted[middle] : sorted[middle - 1] / 2 + sorted[middle] / 2
    }

    static func scale(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let (mean, variance) = moments(values)
        let count = Double(values.count)
        // A constant column's variance is rounding error; scikit-learn draws the line at the same place.
        let noise =
            count * Double.ulpOfOne * variance + (count * mean * Double.ulpOfOne)
            * (count * mean * Double.ulpOfOne)
        return (mean, variance <= noise ? 1 : variance.squareRoot())
    }

    /// Mean and population variance in two passes, with the correction for the mean's rounding.
    static func moments(
        _ values: [Double], weights: [Double]? = nil
    ) -> (mean: Double, variance: Double) {
        guard !values.isEmpty else { return (0, 0) }
        if let weights { return weightedMoments(values, weights) }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        var squares = 0.0
        var rest = 0.0
        for value in values {
            squares += (value - mean) * (value - mean)
            rest += value - mean
        }
        return (mean, max(0, (squares - rest * rest / count) / count))
    }

    /// Each value as often as its weight says.
    private static func weightedMoments(
        _ values: [Double], _ weights: [Double]
    ) -> (mean: Double, variance: Double) {
        let sum = weights.reduce(0, +)
        guard sum > 0 else { return (0, 0) }
        let mean = zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } / sum
        let squares = zip(values, weights).reduce(0) { $0 + ($1.0 - mean) * ($1.0 - mean) * $1.1 }
        return (mean, squares / sum)
    }

    private static func mostFrequent(_ column: Column?, _ rows: [Int], _ categories: [String]) -> Int {
        guard case .categorical(let codes, let names) = column else { return 0 }
        var counts: [String: Int] = [:]
        for row in rows where codes[row] != Column.missingCode {
            counts[names[Int(codes[row])], default: 0] += 1
        }
        var best = 0
        for (index, category) in categories.enumerated()
        where counts[category, default: 0] > counts[categories[best], default: 0] {
            best = index
        }
        return best
    }
}
