// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Gauss-Legendre points and weights on [0, 1]: n points integrate polynomials of degree 2n - 1 exactly.
struct Quadrature: Sendable {
    /// In groups of four, as the kernels read them.
    let points: [SIMD4<Double>]
    let weights: [SIMD4<Double>]

    /// `groups` times four points.
    init(groups: Int) {
        let count = 4 * groups
        var points: [Double] = []
        var weights: [Double] = []
        for index in 0..<count {
            // Newton's method from the usual guess; it is there in a few steps, and the bits stand still.
            var x = cos(Double.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
            var slope = 1.0
            for _ in 0..<20 {
                let (value, derivative) = Quadrature.legendre(count, x)
                slope = derivative
                x -= value / derivative
            }
            points.append((1 - x) / 2)
            weights.append(1 / ((1 - x * x) * slope * slope))
        }
        self.points = (0..<groups).map { SIMD4(points[4 * $0..<4 * $0 + 4]) }
        self.weights = (0..<groups).map { SIMD4(weights[4 * $0..<4 * $0 + 4]) }
    }

    /// The Legendre polynomial of degree `degree` at `x`, and its derivative.
    private static func legendre(_ degree: Int, _ x: Double) -> (value: Double, derivative: Double) {
        var previous = 1.0
        var value = x
        for order in 2...max(degree, 2) {
            let next = ((2 * Double(order) - 1) * x * value - (Double(order) - 1) * previous) / Double(order)
            (previous, value) = (value, next)
        }
        return (value, Double(degree) * (x * value - previous) / (x * x - 1))
    }
}
