// SPDX-License-Identifier: Apache-2.0

/// The splines of one column.
struct SkopsSplines {
    var knots: [Double]
    /// Row-major, shape [basis functions, outputs].
    var weights: [Double]
    var degree: Int
    var outputCount: Int

    /// The basis functions of the column: the last stretch ends at the knot of this index.
    var basisCount: Int { knots.count - degree - 1 }
    var first: Double { knots[degree] }
    var last: Double { knots[basisCount] }
    /// Where stretches begin.
    var starts: [Double] { Array(knots[degree..<basisCount]) }

    /// The polynomial of each output on a stretch, of the distance from its beginning; the lowest power
    /// first.
    func polynomials(stretch: Int) -> [[Double]] {
        let place = degree + stretch
        // Functions that are not 0 on the stretch: the last of them begins with it; of degree 0 that is
        // all.
        let offset = place - degree
        var basis = [[Double]](repeating: [], count: degree + 2)
        basis[degree] = [1]
        for power in stride(from: 1, through: degree, by: 1) {
            for index in place - power...place {
                var sum = [Double](repeating: 0, count: power + 1)
                let rise = knots[index + power] - knots[index]
                if rise > 0 {
                    let start = knots[place] - knots[index]
                    for (exponent, factor) in basis[index - offset].enumerated() {
                        sum[exponent] += factor * start / rise
                        sum[exponent + 1] += factor / rise
                    }
                }
                let fall = knots[index + power + 1] - knots[index + 1]
                if fall > 0 {
                    let end = knots[index + power + 1] - knots[place]
                    for (exponent, factor) in basis[index + 1 - offset].enumerated() {
                        sum[exponent] += factor * end / fall
                        sum[exponent + 1] -= factor / fall
                    }
                }
                basis[index - offset] = sum
            }
        }
        return (0..<outputCount).map { output in
            (0...degree).map { exponent in
                (offset...place).reduce(0) { sum, index in
                    sum + basis[index - offset][exponent] * weights[index * outputCount + output]
                }
            }
        }
    }

    /// How steep each output is at the first or last knot.
    func slopes(_ polynomials: [[[Double]]], atStart: Bool) -> [Double] {
        let stretch = atStart ? 0 : polynomials.count - 1
        let distance = atStart ? 0 : last - starts[stretch]
        return polynomials[stretch].map { polynomial in
            polynomial.indices.dropFirst().reversed().reduce(0) { sum, exponent in
                sum * distance + Double(exponent) * polynomial[exponent]
            }
        }
    }
}
