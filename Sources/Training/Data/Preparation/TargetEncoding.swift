// SPDX-License-Identifier: Apache-2.0
import Tabular

/// What each category says of the target: its mean there, drawn towards the mean of all rows the more the
/// fewer rows it has (Micci-Barreca 2001).
struct TargetEncoding {
    /// One a code, then for unseen categories, then for missing ones.
    let values: [Double]

    /// - Parameters:
    ///   - codes: a code, -1 or NaN, for each of `rows`' rows of the table.
    ///   - smooth: how many rows the mean of all counts as; nil: by the variances (empirical Bayes).
    init(codes: [Double], target: [Double], rows: [Int], categoryCount: Int, smooth: Double?) {
        var counts = [Double](repeating: 0, count: categoryCount + 2)
        var sums = counts
        for row in rows {
            let entry = Self.entry(codes[row], categoryCount)
            counts[entry] += 1
            sums[entry] += target[row]
        }
        let (mean, variance) = FittedStages.moments(rows.map { target[$0] })
        var squares = [Double](repeating: 0, count: categoryCount + 2)
        if smooth == nil {
            for row in rows {
                let entry = Self.entry(codes[row], categoryCount)
                let difference = target[row] - sums[entry] / counts[entry]
                squares[entry] += difference * difference
            }
        }
        values = counts.indices.map { entry in
            if counts[entry] == 0 { return mean }
            if let smooth { return (sums[entry] + smooth * mean) / (counts[entry] + smooth) }
            let own = variance * counts[entry]
            let weight = own / (own + squares[entry] / counts[entry])
            return weight.isNaN ? mean : weight * sums[entry] / counts[entry] + (1 - weight) * mean
        }
    }

    static func entry(_ code: Double, _ categoryCount: Int) -> Int {
        code.isNaN ? categoryCount + 1 : code < 0 ? categoryCount : Int(code)
    }
}
