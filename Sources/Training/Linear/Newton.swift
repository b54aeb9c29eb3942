// SPDX-License-Identifier: Apache-2.0

/// Newton's method whose linear systems are solved by conjugate gradients: from near the minimum a few steps
/// reach it to the last digits, whatever the number of parameters.
struct Newton {
    var iterationsMax = 30
    /// Stops when no component of the gradient is larger, or when rounding prevents any progress.
    var gradientMax = 1e-13

    func minimize<Objective: ConvexObjective>(_ objective: inout Objective, from point: inout [Double]) {
        var gradient = [Double](repeating: 0, count: point.count)
        var trialGradient = gradient
        var value = objective.evaluate(point, gradient: &gradient)
        for _ in 0..<iterationsMax {
            let size = largestMagnitude(gradient)
            if size <= gradientMax { return }
            let step = conjugateGradients(gradient.map { -$0 }, tolerance: 1e-10) { direction, product in
                objective.curvature(along: direction, into: &product)
            }
            var length = 1.0
            var isBetter = false
            while length > 1e-4 {
                var trial = point
                add(length, step, to: &trial)
                let trialValue = objective.evaluate(trial, gradient: &trialGradient)
                // Near the minimum the value no longer changes; then the gradient decides.
                if trialValue < value || largestMagnitude(trialGradient) < size {
                    (point, value, gradient) = (trial, trialValue, trialGradient)
                    isBetter = true
                    break
                }
                length /= 2
            }
            if !isBetter { return }
        }
    }
}

/// Solves `A x = rhs` for a symmetric positive semidefinite A that is given by its products; `rhs` lies in
/// A's range.
func conjugateGradients(
    _ rhs: [Double], tolerance: Double, _ multiply: ([Double], inout [Double]) -> Void
) -> [Double] {
    var solution = [Double](repeating: 0, count: rhs.count)
    var residual = rhs
    var direction = rhs
    var product = [Double](repeating: 0, count: rhs.count)
    var size = dot(residual, residual)
    let target = size * tolerance * tolerance
    for _ in 0..<max(2 * rhs.count, 50) {
        if size <= target { break }
        multiply(direction, &product)
        let bend = dot(direction, product)
        guard bend > 0 else { break }
        let length = size / bend
        add(length, direction, to: &solution)
        add(-length, product, to: &residual)
        let next = dot(residual, residual)
        let factor = next / size
        for index in direction.indices { direction[index] = residual[index] + factor * direction[index] }
        size = next
    }
    return solution
}
