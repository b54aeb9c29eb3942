// SPDX-License-Identifier: Apache-2.0

/// Newton's method with the Hessian solved directly: for few parameters a dozen passes over the rows reach
/// the optimum to the last digits.
///
/// A pass for the Hessian costs several for the gradient, and a step with one that is a few per cent off
/// still takes a digit of the way: so of many rows a sample is fitted first, the Hessian stays that of a
/// sample, and it is kept while steps with it help. The point is that of all rows: only the way there is the
/// sample's.
struct NewtonCholesky {
    /// With more parameters a pass for the Hessian costs more than the passes that it saves.
    static let parametersMax = 160
    /// Rows of the sample, times the parameters.
    static let sampleRowsPerParameter = 400
    /// A Hessian is renewed when a step with it leaves more than this of the gradient.
    static let remainderMax = 0.25
    var iterationsMax = 50
    /// Stops when no component of the gradient is larger, or when rounding prevents any progress.
    var gradientMax = 1e-11

    /// False when it could not go on before it was there (a Hessian that rounding made singular).
    func minimize(
        _ objective: inout MarginObjective, from point: inout [Double], progress: (Int, Double) -> Void
    ) -> Bool {
        var rowStep = max(1, objective.rowCount / (NewtonCholesky.sampleRowsPerParameter * point.count))
        let first = point
        if rowStep > 1 { start(objective, from: &point, rowStep) }
        var gradient = [Double](repeating: 0, count: point.count)
        var trialGradient = gradient
        var value = objective.evaluate(point, gradient: &gradient)
        // A sample of one class, say, leads far away.
        if point != first, !(largestMagnitude(gradient) <= 0.05) {
            let other = objective.evaluate(first, gradient: &trialGradient)
            if !(value < other) {
                (point, value, gradient) = (first, other, trialGradient)
            } else {
                value = objective.evaluate(point, gradient: &gradient)
            }
        }
        var known: [Double]?
        var iteration = 0
        while iteration < iterationsMax {
            progress(iteration, value)
            let size = largestMagnitude(gradient)
            if size <= gradientMax { return true }
            let isFresh = known == nil
            var factor = known ?? objective.hessian(rowStep: rowStep)
            if isFresh, !Cholesky.factorize(&factor, point.count, pivotMin: 1e-300) {
                if rowStep == 1 { return false }
                rowStep = 1
                continue
            }
            known = factor
            iteration += 1
            let step = Cholesky.solve(factor, gradient.map { -$0 })
            var length = 1.0
            var isBetter = false
            // Near the minimum the value is flat to rounding; then the gradient decides.
            let isFlat = size <= 1e-6
            while length > (size <= 1e-8 ? 0.1 : 1e-6) {
                var trial = point
                add(length, step, to: &trial)
                let trialValue = objective.evaluate(trial, gradient: &trialGradient)
                let isSmaller = largestMagnitude(trialGradient) < size
                if isFlat ? isSmaller : trialValue < value || (trialValue <= value && isSmaller) {
                    (point, value, gradient) = (trial, trialValue, trialGradient)
                    isBetter = true
                    if largestMagnitude(gradient) > NewtonCholesky.remainderMax * size {
                        known = nil
                        if isFresh { rowStep = max(1, rowStep / 4) }
                    }
                    break
                }
                length /= 2
            }
            if isBetter { continue }
            // With all rows and the Hessian of this very point there is nothing to go on from.
            if size <= 1e-8 || (rowStep == 1 && isFresh) { return size <= 1e-8 }
            known = nil
            rowStep = 1
            // The curvatures are those of the trial that failed.
            value = objective.evaluate(point, gradient: &gradient)
        }
        return false
    }

    /// Moves the point to the optimum of each `rowStep`-th row, if that is to be found.
    private func start(_ objective: MarginObjective, from point: inout [Double], _ rowStep: Int) {
        var sample = objective.sampled(rowStep)
        var found = point
        var rough = NewtonCholesky()
        rough.gradientMax = 1e-5
        if rough.minimize(&sample, from: &found, progress: { _, _ in }), found.allSatisfy(\.isFinite) {
            point = found
        }
    }
}

/// Symmetric positive definite systems, in the lower triangle of row-major matrices.
enum Cholesky {
    /// Replaces the lower triangle by its factor; false when a pivot is at most `pivotMin`.
    static func factorize(_ matrix: inout [Double], _ count: Int, pivotMin: Double) -> Bool {
        var values = matrix.mutableSpan
        for row in 0..<count {
            for column in 0...row {
                var sum = values[row * count + column]
                for index in 0..<column {
                    sum -= values[row * count + index] * values[column * count + index]
                }
                if row == column {
                    guard sum > pivotMin else { return false }
                    values[row * count + row] = sum.squareRoot()
                } else {
                    values[row * count + column] = sum / values[column * count + column]
                }
            }
        }
        return true
    }

    /// The solution for a right side, from the factor.
    static func solve(_ factor: [Double], _ side: [Double]) -> [Double] {
        let count = side.count
        var solution = side
        for row in 0..<count {
            for column in 0..<row { solution[row] -= factor[row * count + column] * solution[column] }
            solution[row] /= factor[row * count + row]
        }
        for row in (0..<count).reversed() {
            for column in row + 1..<max(count, row + 1) {
                solution[row] -= factor[column * count + row] * solution[column]
            }
            solution[row] /= factor[row * count + row]
        }
        return solution
    }
}
