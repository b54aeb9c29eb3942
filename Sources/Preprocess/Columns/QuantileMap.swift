// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import ModelFormat

/// Maps numbers to their place among ascending quantiles, as scikit-learn's QuantileTransformer does.
struct QuantileMap: ~Escapable {
    private let quantiles: Span<Double>
    /// Places this near to the ends count as the ends, where the normal distribution has no number.
    private static let margin = 1e-7

    @_lifetime(copy quantiles)
    init(_ quantiles: Span<Double>) { self.quantiles = quantiles }

    func place(of x: Double, _ distribution: QuantileDistribution) -> Double {
        let last = quantiles.count - 1
        switch distribution {
        case .uniform:
            if x <= quantiles[0] { return 0 }
            if x >= quantiles[last] { return 1 }
            return middle(x)
        case .normal:
            let place =
                x - Self.margin < quantiles[0] ? 0 : x + Self.margin > quantiles[last] ? 1 : middle(x)
            let edge = Self.margin - Double.ulpOfOne
            return min(max(normalQuantile(place), normalQuantile(edge)), normalQuantile(1 - edge))
        }
    }

    /// Where quantiles repeat a number has many places: the mean of the lowest and the highest.
    private func middle(_ x: Double) -> Double {
        let last = quantiles.count - 1
        var low = 0
        var high = quantiles.count
        // The first quantile above x.
        while low < high {
            let middle = (low + high) / 2
            if quantiles[middle] <= x { low = middle + 1 } else { high = middle }
        }
        let above = low
        let upper = above == 0 ? 0 : above > last ? 1 : between(above - 1, x, from: above - 1)
        low = 0
        high = quantiles.count
        // The first quantile at or above x.
        while low < high {
            let middle = (low + high) / 2
            if quantiles[middle] < x { low = middle + 1 } else { high = middle }
        }
        let lower = low == 0 ? 0 : low > last ? 1 : between(low - 1, x, from: low)
        return 0.5 * (upper + lower)
    }

    /// The straight line through quantiles `index` and the next, taken from the end `start`.
    private func between(_ index: Int, _ x: Double, from start: Int) -> Double {
        let slope =
            (reference(index + 1) - reference(index)) / (quantiles[index + 1] - quantiles[index])
        return reference(start) + slope * (x - quantiles[start])
    }

    private func reference(_ index: Int) -> Double {
        let last = quantiles.count - 1
        return index == last ? 1 : Double(index) * (1 / Double(last))
    }
}

/// The number that a standard normal variable is below with probability `p` (Wichura's algorithm AS 241,
/// relative error about 1e-16); infinite at 0 and 1.
package func normalQuantile(_ p: Double) -> Double {
    let centred = p - 0.5
    if abs(centred) <= 0.425 {
        let r = 0.180625 - centred * centred
        return centred * ratio(r, centreNumerator, centreDenominator)
    }
    let tail = centred < 0 ? p : 1 - p
    guard tail > 0 else { return centred < 0 ? -.infinity : .infinity }
    let r = (-log(tail)).squareRoot()
    let value =
        r <= 5
        ? ratio(r - 1.6, middleNumerator, middleDenominator)
        : ratio(r - 5, farNumerator, farDenominator)
    return centred < 0 ? -value : value
}

private func ratio(_ r: Double, _ numerator: [Double], _ denominator: [Double]) -> Double {
    var above = 0.0
    var below = 0.0
    for coefficient in numerator { above = above * r + coefficient }
    for coefficient in denominator { below = below * r + coefficient }
    return above / below
}

// The algorithm's coefficients, the highest power first.
private let centreNumerator = [
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
]
private let centreDenominator = [
    5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0,
]
private let middleNumerator = [
    7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
    3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
]
private let middleDenominator = [
    1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
    0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0,
]
private let farNumerator = [
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
    0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699,
    6.6579046435011037772,
]
private let farDenominator = [
    2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
    7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0,
]
