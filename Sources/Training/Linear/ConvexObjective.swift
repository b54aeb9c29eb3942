// SPDX-License-Identifier: Apache-2.0

/// A smooth convex function of a vector, with what its minimisers ask for.
protocol ConvexObjective {
    var parameterCount: Int { get }

    /// The value at `point`; fills `gradient`. What `curvature` needs is remembered.
    mutating func evaluate(_ point: [Double], gradient: inout [Double]) -> Double

    /// The Hessian at the last evaluated point times `direction`.
    mutating func curvature(along direction: [Double], into product: inout [Double])
}

func dot(_ a: [Double], _ b: [Double]) -> Double {
    let (left, right) = (a.span, b.span)
    var sum = 0.0
    for index in left.indices { sum += left[index] * right[index] }
    return sum
}

func largestMagnitude(_ values: [Double]) -> Double {
    var largest = 0.0
    for value in values { largest = max(largest, abs(value)) }
    return largest
}

/// target += factor * source
func add(_ factor: Double, _ source: [Double], to target: inout [Double]) {
    let values = source.span
    var sums = target.mutableSpan
    for index in values.indices { sums[index] += factor * values[index] }
}
