// SPDX-License-Identifier: Apache-2.0

/// Least squares with absolute and squared weights penalised, by coordinate descent: minimises
/// 1/(2n)·Σ weight · (y − prediction)² + alpha·(l1Ratio·‖w‖₁ + (1 − l1Ratio)/2·‖w‖²), n being the sum of the
/// weights, the number of rows when there are none; the intercept is free.
///
/// Works on products of columns, which are computed for the features that get a weight only (Friedman,
/// Hastie, Tibshirani 2010, "covariance updates").
struct ElasticNet {
    private let columns: [[Double]]
    private let weightSum: Double
    private let means: [Double]
    private let targetMean: Double
    /// Of the columns with the target, divided by the sum of the weights.
    private let targetProducts: [Double]
    /// Of each column with itself.
    private let squares: [Double]
    /// By feature: its products with all columns; nil until it has a weight.
    private var products: [[Double]?]

    /// `features` is row-major [rows, featureCount]; `weights` says how much each row counts.
    init(features: [Double], targets: [Double], weights: [Double]? = nil, featureCount: Int) {
        let rowCount = targets.count
        let weightSum = weights?.reduce(0, +) ?? Double(rowCount)
        let scale = 1 / weightSum
        let roots = weights?.map { $0.squareRoot() }
        /// Takes the mean off, and lets each row count; returns the mean.
        func centre(_ values: inout [Double]) -> Double {
            let sum = weights.map { zip(values, $0).reduce(0) { $0 + $1.0 * $1.1 } }
            let mean = (sum ?? values.reduce(0, +)) * scale
            for row in values.indices { values[row] = (values[row] - mean) * (roots?[row] ?? 1) }
            return mean
        }
        var centred = targets
        let targetMean = centre(&centred)
        var (columns, means) = ([[Double]](), [Double]())
        for feature in 0..<featureCount {
            var column = (0..<rowCount).map { features[$0 * featureCount + feature] }
            means.append(centre(&column))
            columns.append(column)
        }
        self.weightSum = weightSum
        self.columns = columns
        self.means = means
        self.targetMean = targetMean
        targetProducts = columns.map { dot($0, centred) * scale }
        squares = columns.map { dot($0, $0) * scale }
        products = [[Double]?](repeating: nil, count: featureCount)
    }

    /// The least alpha at which all weights are zero.
    func alphaMax(l1Ratio: Double) -> Double { largestMagnitude(targetProducts) / max(l1Ratio, 1e-3) }

    /// The optimum for a penalty, from `start` on.
    mutating func solve(
        alpha: Double, l1Ratio: Double, start: [Double]
    ) -> (coefficients: [Double], intercept: Double) {
        let (absolute, squared) = (alpha * l1Ratio, alpha * (1 - l1Ratio))
        var weights = start
        // What is left of the products with the target once the prediction is taken off.
        var rest = targetProducts
        for feature in weights.indices where weights[feature] != 0 {
            add(-weights[feature], productsOf(feature), to: &rest)
        }
        let all = Array(weights.indices)
        let tolerance = 1e-14 * max(largestMagnitude(targetProducts), 1e-300)
        for _ in 0..<1_000 {
            // Those with a weight until nothing moves, then all of them: whether another one wants one.
            for _ in 0..<10_000 {
                let active = all.filter { weights[$0] != 0 }
                if sweep(active, absolute, squared, &weights, &rest) <= tolerance { break }
            }
            if sweep(all, absolute, squared, &weights, &rest) <= tolerance { break }
        }
        return (weights, targetMean - dot(weights, means))
    }

    /// Puts each feature's weight where it is best while the others stay; the largest change of a product.
    private mutating func sweep(
        _ features: [Int], _ absolute: Double, _ squared: Double, _ weights: inout [Double],
        _ rest: inout [Double]
    ) -> Double {
        var largest = 0.0
        for feature in features where squares[feature] > 0 {
            let old = weights[feature]
            let pull = rest[feature] + squares[feature] * old
            let size = abs(pull) - absolute
            let new = size > 0 ? (pull < 0 ? -size : size) / (squares[feature] + squared) : 0
            guard new != old else { continue }
            weights[feature] = new
            add(old - new, productsOf(feature), to: &rest)
            largest = max(largest, abs(new - old) * squares[feature])
        }
        return largest
    }

    private mutating func productsOf(_ feature: Int) -> [Double] {
        if let known = products[feature] { return known }
        let found = columns.map { dot($0, columns[feature]) / weightSum }
        products[feature] = found
        return found
    }
}
