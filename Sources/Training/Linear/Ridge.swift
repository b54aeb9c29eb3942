// SPDX-License-Identifier: Apache-2.0

/// Weighted least squares with `penalty` times the squared weights; the intercept is free. Solved exactly.
enum Ridge {
    /// Beyond this many features the matrix of products is larger than the data is likely to be, and
    /// conjugate gradients take over.
    private static let choleskyFeaturesMax = 2_048

    /// `features` is row-major [rows, featureCount].
    static func fit(
        features: [Double], targets: [Double], weights: [Double]? = nil, featureCount: Int, penalty: Double
    ) throws(TrainingError) -> (coefficients: [Double], intercept: Double) {
        let rowCount = targets.count
        let weightSum = weights?.reduce(0, +) ?? Double(rowCount)
        var means = [Double](repeating: 0, count: featureCount)
        for row in 0..<rowCount {
            let weight = weights?[row] ?? 1
            for index in 0..<featureCount { means[index] += weight * features[row * featureCount + index] }
        }
        for index in means.indices { means[index] /= weightSum }
        var targetMean = 0.0
        for row in 0..<rowCount { targetMean += (weights?[row] ?? 1) * targets[row] }
        targetMean /= weightSum
        var centred = features
        for row in 0..<rowCount {
            for index in 0..<featureCount { centred[row * featureCount + index] -= means[index] }
        }
        var differences = targets.map { $0 - targetMean }
        if let weights {
            // A row of weight w is √w of it, squared.
            for row in 0..<rowCount {
                let root = weights[row].squareRoot()
                differences[row] *= root
                for index in 0..<featureCount { centred[row * featureCount + index] *= root }
            }
        }
        let coefficients =
            featureCount <= choleskyFeaturesMax
            ? try cholesky(centred, differences, featureCount, penalty)
            : iterative(centred, differences, featureCount, penalty)
        return (coefficients, targetMean - dot(coefficients, means))
    }

    private static func cholesky(
        _ rows: [Double], _ targets: [Double], _ count: Int, _ penalty: Double
    ) throws(TrainingError) -> [Double] {
        var matrix = [Double](repeating: 0, count: count * count)
        var rhs = [Double](repeating: 0, count: count)
        accumulateProducts(rows, targets, count, &matrix, &rhs)
        var largest = 0.0
        for index in 0..<count {
            matrix[index * count + index] += penalty
            largest = max(largest, matrix[index * count + index])
        }
        guard Cholesky.factorize(&matrix, count, pivotMin: largest * 1e-14) else { throw .singular }
        return Cholesky.solve(matrix, rhs)
    }

    /// The lower triangle of Xᵀ X, and Xᵀ y.
    private static func accumulateProducts(
        _ rows: [Double], _ targets: [Double], _ count: Int, _ matrix: inout [Double], _ rhs: inout [Double]
    ) {
        let values = rows.span
        var products = matrix.mutableSpan
        for row in targets.indices {
            let start = row * count
            for i in 0..<count {
                let value = values[start + i]
                rhs[i] += value * targets[row]
                for j in 0...i { products[i * count + j] += value * values[start + j] }
            }
        }
    }

    private static func iterative(
        _ rows: [Double], _ targets: [Double], _ count: Int, _ penalty: Double
    ) -> [Double] {
        var rhs = [Double](repeating: 0, count: count)
        for row in targets.indices {
            for index in 0..<count { rhs[index] += rows[row * count + index] * targets[row] }
        }
        return conjugateGradients(rhs, tolerance: 1e-12) { direction, product in
            let values = rows.span
            for index in 0..<count { product[index] = penalty * direction[index] }
            for row in targets.indices {
                var sum = 0.0
                for index in 0..<count { sum += values[row * count + index] * direction[index] }
                for index in 0..<count { product[index] += sum * values[row * count + index] }
            }
        }
    }
}
