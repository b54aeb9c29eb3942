// SPDX-License-Identifier: Apache-2.0

/// Newton's method with the Hessian solved directly: for few parameters half a dozen passes over the rows
/// reach the optimum to the last digits.
struct NewtonCholesky {
    /// With more parameters a pass for the Hessian costs more than the passes that it saves.
    static let parametersMax = 160
    var iterationsMax = 50
    /// Stops when no component of the gradient is larger, or when rounding prevents any progress.
    var gradientMax = 1e-11

    /// False when it could not go on before it was there (a Hessian that rounding made singular).
    func minimize(
        _ objective: inout MarginObjective, from point: inout [Double], progress: (Int, Double) -> Void
    ) -> Bool {
        var gradient = [Double](repeating: 0, count: point.count)
        var trialGradient = gradient
        var value = objective.evaluate(point, gradient: &gradient)
        for iteration in 0..<iterationsMax {
            progress(iteration, value)
            let size = largestMagnitude(gradient)
            if size <= gradientMax { return true }
            var factor = objective.hessian()
            guard Cholesky.factorize(&factor, point.count, pivotMin: 1e-300) else { return false }
            let step = Cholesky.solve(factor, gradient.map { -$0 })
            var length = 1.0
            var isBetter = false
            while length > 1e-6 {
                var trial = point
                add(length, step, to: &trial)
                let trialValue = objective.evaluate(trial, gradient: &trialGradient)
                // Near the minimum the value no longer changes; then the gradient decides.
                if trialValue < value || (trialValue <= value && largestMagnitude(trialGradient) < size) {
                    (point, value, gradient) = (trial, trialValue, trialGradient)
                    isBetter = true
                    break
                }
                length /= 2
            }
            // The curvatures are those of the trial that failed, so there is nothing to go on from.
            if !isBetter { return size <= 1e-8 }
        }
        return false
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
