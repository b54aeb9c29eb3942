// SPDX-License-Identifier: Apache-2.0

/// Limited-memory BFGS with a line search for the strong Wolfe conditions (Nocedal and Wright, Numerical
/// Optimization, algorithms 7.4, 7.5, 3.5 and 3.6).
struct LBFGS {
    var history = 10
    var iterationsMax = 500
    /// Stops when no component of the gradient is larger.
    var gradientMax = 1e-7

    private struct Pair {
        var step: [Double]
        var change: [Double]
        var inverseProduct: Double
    }

    /// A point on the search line.
    private struct Sample {
        var length: Double
        var value: Double
        var slope: Double
    }

    /// Moves `point` towards the minimum; `progress` hears the iteration and the value.
    func minimize<Objective: ConvexObjective>(
        _ objective: inout Objective, from point: inout [Double], progress: (Int, Double) -> Void
    ) {
        var gradient = [Double](repeating: 0, count: point.count)
        var value = objective.evaluate(point, gradient: &gradient)
        var pairs: [Pair] = []
        for iteration in 0..<iterationsMax {
            progress(iteration, value)
            if largestMagnitude(gradient) <= gradientMax { return }
            var direction = descent(gradient, pairs)
            if dot(direction, gradient) >= 0 {
                pairs.removeAll()
                direction = gradient.map { -$0 }
            }
            let first = pairs.isEmpty ? min(1, 1 / max(largestMagnitude(gradient), 1e-300)) : 1
            var next = point
            var nextGradient = gradient
            guard
                let found = search(
                    &objective, from: point, along: direction, value: value, gradient: gradient, first: first,
                    next: &next, nextGradient: &nextGradient)
            else { return }
            remember(from: point, to: next, gradient, nextGradient, &pairs)
            (point, gradient, value) = (next, nextGradient, found)
        }
    }

    private func remember(
        from point: [Double], to next: [Double], _ gradient: [Double], _ nextGradient: [Double],
        _ pairs: inout [Pair]
    ) {
        let step = zip(next, point).map { $0 - $1 }
        let change = zip(nextGradient, gradient).map { $0 - $1 }
        let product = dot(step, change)
        guard product > 1e-300 else { return }
        if pairs.count == history { pairs.removeFirst() }
        pairs.append(Pair(step: step, change: change, inverseProduct: 1 / product))
    }

    /// The two-loop recursion: minus the inverse Hessian's estimate times the gradient.
    private func descent(_ gradient: [Double], _ pairs: [Pair]) -> [Double] {
        var direction = gradient.map { -$0 }
        var factors: [Double] = []
        for pair in pairs.reversed() {
            let factor = pair.inverseProduct * dot(pair.step, direction)
            add(-factor, pair.change, to: &direction)
            factors.append(factor)
        }
        guard let last = pairs.last else { return direction }
        let scale = 1 / (last.inverseProduct * dot(last.change, last.change))
        for index in direction.indices { direction[index] *= scale }
        for (pair, factor) in zip(pairs, factors.reversed()) {
            let correction = pair.inverseProduct * dot(pair.change, direction)
            add(factor - correction, pair.step, to: &direction)
        }
        return direction
    }

    /// The value at a point along `direction` that fulfils the strong Wolfe conditions, with the point and
    /// its gradient; nil when rounding leaves no decrease to be found.
    private func search<Objective: ConvexObjective>(
        _ objective: inout Objective, from point: [Double], along direction: [Double], value: Double,
        gradient: [Double], first: Double, next: inout [Double], nextGradient: inout [Double]
    ) -> Double? {
        let origin = Sample(length: 0, value: value, slope: dot(gradient, direction))
        var previous = origin
        var length = first
        for trial in 0..<30 {
            let sample = self.sample(&objective, point, direction, length, &next, &nextGradient)
            let isTooHigh = sample.value > origin.value + 1e-4 * length * origin.slope
            if isTooHigh || (trial > 0 && sample.value >= previous.value) {
                return zoom(&objective, point, direction, origin, previous, sample, &next, &nextGradient)
            }
            if abs(sample.slope) <= -0.9 * origin.slope { return sample.value }
            if sample.slope >= 0 {
                return zoom(&objective, point, direction, origin, sample, previous, &next, &nextGradient)
            }
            previous = sample
            length *= 2
        }
        return nil
    }

    private func zoom<Objective: ConvexObjective>(
        _ objective: inout Objective, _ point: [Double], _ direction: [Double], _ origin: Sample,
        _ lower: Sample,
        _ upper: Sample, _ next: inout [Double], _ nextGradient: inout [Double]
    ) -> Double? {
        var (low, high) = (lower, upper)
        for _ in 0..<40 {
            let length = interpolated(low, high)
            let sample = self.sample(&objective, point, direction, length, &next, &nextGradient)
            if sample.value > origin.value + 1e-4 * length * origin.slope || sample.value >= low.value {
                high = sample
            } else {
                if abs(sample.slope) <= -0.9 * origin.slope { return sample.value }
                if sample.slope * (high.length - low.length) >= 0 { high = low }
                low = sample
            }
            if abs(high.length - low.length) <= 1e-12 * max(high.length, low.length) { break }
        }
        guard low.length > 0, low.value < origin.value else { return nil }
        return sample(&objective, point, direction, low.length, &next, &nextGradient).value
    }

    private func sample<Objective: ConvexObjective>(
        _ objective: inout Objective, _ point: [Double], _ direction: [Double], _ length: Double,
        _ next: inout [Double], _ nextGradient: inout [Double]
    ) -> Sample {
        next = point
        add(length, direction, to: &next)
        let value = objective.evaluate(next, gradient: &nextGradient)
        return Sample(length: length, value: value, slope: dot(nextGradient, direction))
    }

    /// The minimum of the cubic through both samples, kept away from the ends; the middle where there is
    /// none.
    private func interpolated(_ a: Sample, _ b: Sample) -> Double {
        let width = b.length - a.length
        let middle = a.length + width / 2
        let first = a.slope + b.slope - 3 * (a.value - b.value) / (a.length - b.length)
        let discriminant = first * first - a.slope * b.slope
        guard discriminant >= 0 else { return middle }
        let second = (width < 0 ? -1.0 : 1.0) * discriminant.squareRoot()
        let length = b.length - width * (b.slope + second - first) / (b.slope - a.slope + 2 * second)
        let (low, high) = (min(a.length, b.length), max(a.length, b.length))
        let margin = 0.1 * (high - low)
        guard length.isFinite, length >= low + margin, length <= high - margin else { return middle }
        return length
    }
}
