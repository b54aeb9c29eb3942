// SPDX-License-Identifier: Apache-2.0
import Glibc
import ModelFormat
import Preprocess

/// Finds the exponent of a power transform that makes the values most alike to a normal sample (greatest
/// likelihood).
enum PowerFit {
    /// - Parameter values: without missing ones; above 0 for Box and Cox's family; not all the same.
    static func lambda(_ family: PowerFamily, _ values: [Double]) -> Double {
        let logarithms = values.reduce(0.0) { sum, value in
            switch family {
            case .boxCox: sum + log(value)
            case .yeoJohnson: sum + (value < 0 ? -log1p(-value) : log1p(value))
            }
        }
        let count = Double(values.count)
        let loss = { (lambda: Double) -> Double in
            let transformed = values.map { family == .boxCox ? boxCox($0, lambda) : yeoJohnson($0, lambda) }
            let (_, variance) = FittedStages.moments(transformed)
            guard variance > 0, variance.isFinite else { return .infinity }
            return count / 2 * log(variance) - (lambda - 1) * logarithms
        }
        // The loss has one minimum; data that would take it further out than this overflows there.
        return minimum(of: loss, from: -32, to: 32)
    }

    /// Brent's method (parabolas, and golden sections where they fail) after a look at a few points, since
    /// the
    /// loss is infinite where the transform overflows.
    private static func minimum(of loss: (Double) -> Double, from low: Double, to high: Double) -> Double {
        let steps = 128
        let width = (high - low) / Double(steps)
        var best = (place: 0.0, loss: Double.infinity)
        for step in 0...steps {
            let place = low + Double(step) * width
            let value = loss(place)
            if value < best.loss { best = (place, value) }
        }
        guard best.loss.isFinite else { return 1 }
        let golden = 0.381966011250105
        var (a, b) = (best.place - width, best.place + width)
        var (x, w, v) = (best.place, best.place, best.place)
        var (fx, fw, fv) = (best.loss, best.loss, best.loss)
        var (last, step) = (0.0, 0.0)
        for _ in 0..<200 {
            let middle = 0.5 * (a + b)
            let tolerance = 1e-10 * abs(x) + 1e-11
            if abs(x - middle) <= 2 * tolerance - 0.5 * (b - a) { break }
            var isParabola = false
            if abs(last) > tolerance {
                let r = (x - w) * (fx - fv)
                var q = (x - v) * (fx - fw)
                var p = (x - v) * q - (x - w) * r
                q = 2 * (q - r)
                if q > 0 { p = -p } else { q = -q }
                if abs(p) < abs(0.5 * q * last), p > q * (a - x), p < q * (b - x) {
                    (last, step) = (step, p / q)
                    isParabola = true
                }
            }
            if !isParabola {
                last = x < middle ? b - x : a - x
                step = golden * last
            }
            let u = abs(step) >= tolerance ? x + step : x + (step > 0 ? tolerance : -tolerance)
            let fu = loss(u)
            if fu <= fx {
                if u < x { b = x } else { a = x }
                (v, w, x) = (w, x, u)
                (fv, fw, fx) = (fw, fx, fu)
            } else {
                if u < x { a = u } else { b = u }
                if fu <= fw || w == x {
                    (v, w) = (w, u)
                    (fv, fw) = (fw, fu)
                } else if fu <= fv || v == x || v == w {
                    (v, fv) = (u, fu)
                }
            }
        }
        return x
    }
}
