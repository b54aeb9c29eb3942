// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import ModelFormat

extension ColumnOperation {
    /// What a column-wise operation makes of the value of its input `place`.
    func value(_ x: Double, _ place: Int) -> Double {
        switch self {
        case .fill(let values): x.isNaN ? values[place] : x
        case .missingIndicator: x.isNaN ? 1 : 0
        case .rescale(let offsets, let divisors): (x - offsets[place]) / divisors[place]
        case .multiplyAdd(let multipliers, let addends): x * multipliers[place] + addends[place]
        case .clip(let minimums, let maximums): x.isNaN ? x : min(max(x, minimums[place]), maximums[place])
        case .function(let function): function(x)
        case .power(.yeoJohnson, let lambdas): yeoJohnson(x, lambdas[place])
        case .power(.boxCox, let lambdas): boxCox(x, lambdas[place])
        case .quantile(let quantiles, let count, let distribution):
            x.isNaN
                ? x
                : QuantileMap(quantiles.span.extracting(place * count..<(place + 1) * count))
                    .place(of: x, distribution)
        case .bin(let edges): x.isNaN ? x : Double(edges[place].count { $0 <= x })
        case .keep: x
        case .oneHot, .lookup, .dateParts, .polynomial, .normalize, .hash, .textHash, .termWeights, .project:
            preconditionFailure("the operation is not column-wise")
        }
    }
}

extension ElementFunction {
    /// Missing where the function is not defined, or too large.
    func callAsFunction(_ x: Double) -> Double {
        let result =
            switch self {
            case .log: Glibc.log(x)
            case .log1p: Glibc.log1p(x)
            case .sqrt: x.squareRoot()
            case .square: x * x
            case .exp: Glibc.exp(x)
            case .absolute: abs(x)
            case .reciprocal: 1 / x
            }
        return result.isFinite || x.isInfinite ? result : .nan
    }
}

/// Yeo and Johnson's transform; steady where the exponent is near one of its two special values.
package func yeoJohnson(_ x: Double, _ lambda: Double) -> Double {
    if x >= 0 {
        return abs(lambda) < .ulpOfOne ? log1p(x) : expm1(lambda * log1p(x)) / lambda
    }
    if x < 0 {
        return abs(lambda - 2) <= .ulpOfOne ? -log1p(-x) : -expm1((2 - lambda) * log1p(-x)) / (2 - lambda)
    }
    return x
}

/// Box and Cox's transform; missing for numbers that are not above 0.
package func boxCox(_ x: Double, _ lambda: Double) -> Double {
    guard x > 0 else { return .nan }
    return abs(lambda) < 1e-19 ? log(x) : expm1(lambda * log(x)) / lambda
}

/// Under a name that nothing here shadows.
func logarithm(_ x: Double) -> Double { log(x) }
