// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A function of one number, with up to two parameters that the node gives.
struct UnaryFunction: Sendable, Equatable {
    enum Name: String, Sendable {
        case abs, neg, sign, ceil, floor, round, sqrt, exp, log, reciprocal
        case sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh
        case sigmoid, relu, leakyRelu, elu, selu, celu, thresholdedRelu, hardSigmoid, hardSwish
        case softplus, softsign, gelu, geluTanh, erf, mish, swish, shrink, affine, identity
    }

    var name: Name
    var alpha: Double = 0
    var beta: Double = 0

    /// y = f(x) for every element of y; x may be longer.
    func apply(_ x: Span<Float>, _ y: inout MutableSpan<Float>) {
        precondition(x.count >= y.count, "as many elements in as out")
        // Safe because of the precondition.
        for index in 0..<y.count { unsafe y[unchecked: index] = x[unchecked: index] }
        apply(&y)
    }

    /// y = f(y) for every element.
    func apply(_ y: inout MutableSpan<Float>) {
        let alpha = Float(self.alpha)
        let beta = Float(self.beta)
        switch name {
        case .abs: each(&y) { Swift.abs($0) }
        case .neg: each(&y) { -$0 }
        case .sign: each(&y) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }
        case .ceil: each(&y) { $0.rounded(.up) }
        case .floor: each(&y) { $0.rounded(.down) }
        case .round: each(&y) { $0.rounded(.toNearestOrEven) }
        case .sqrt: each(&y) { $0.squareRoot() }
        case .exp: each(&y) { expf($0) }
        case .log: each(&y) { logf($0) }
        case .reciprocal: each(&y) { 1 / $0 }
        case .relu: each(&y) { $0 < 0 ? 0 : $0 }
        case .leakyRelu: each(&y) { $0 < 0 ? alpha * $0 : $0 }
        case .thresholdedRelu: each(&y) { $0 > alpha ? $0 : 0 }
        case .hardSigmoid: each(&y) { max(0, min(1, alpha * $0 + beta)) }
        case .hardSwish: each(&y) { $0 * max(0, min(1, $0 / 6 + 0.5)) }
        case .sigmoid: LaneFunctions.logistic(&y)
        case .tanh: LaneFunctions.hyperbolicTangent(&y)
        case .erf: each(&y) { erff($0) }
        case .gelu: each(&y) { 0.5 * $0 * (1 + erff($0 * 0.70710678)) }
        case .softsign: each(&y) { $0 / (1 + Swift.abs($0)) }
        case .affine: each(&y) { alpha * $0 + beta }
        case .identity: break
        default:
            // Rare and slow ones: Float64, rounded once.
            for index in 0..<y.count { y[index] = Float(value(Double(y[index]))) }
        }
    }

    func apply(_ x: Span<Double>, _ y: inout MutableSpan<Double>) {
        for index in 0..<y.count { y[index] = value(x[index]) }
    }

    func value(_ x: Double) -> Double {
        switch name {
        case .abs: Swift.abs(x)
        case .neg: -x
        case .sign: x > 0 ? 1 : x < 0 ? -1 : x
        case .ceil: x.rounded(.up)
        case .floor: x.rounded(.down)
        case .round: x.rounded(.toNearestOrEven)
        case .sqrt: x.squareRoot()
        case .exp: Glibc.exp(x)
        case .log: Glibc.log(x)
        case .reciprocal: 1 / x
        case .sin: Glibc.sin(x)
        case .cos: Glibc.cos(x)
        case .tan: Glibc.tan(x)
        case .asin: Glibc.asin(x)
        case .acos: Glibc.acos(x)
        case .atan: Glibc.atan(x)
        case .sinh: Glibc.sinh(x)
        case .cosh: Glibc.cosh(x)
        case .tanh: Glibc.tanh(x)
        case .asinh: Glibc.asinh(x)
        case .acosh: Glibc.acosh(x)
        case .atanh: Glibc.atanh(x)
        default: activation(x)
        }
    }

    private func activation(_ x: Double) -> Double {
        switch name {
        case .sigmoid: stableSigmoid(x)
        case .relu: x < 0 ? 0 : x
        case .leakyRelu: x < 0 ? alpha * x : x
        case .elu: x < 0 ? alpha * expm1(x) : x
        case .selu: x > 0 ? beta * x : beta * alpha * expm1(x)
        case .celu: max(0, x) + min(0, alpha * expm1(x / alpha))
        case .thresholdedRelu: x > alpha ? x : 0
        case .hardSigmoid: max(0, min(1, alpha * x + beta))
        case .hardSwish: x * max(0, min(1, x / 6 + 0.5))
        case .softplus: softplus(x)
        case .softsign: x / (1 + Swift.abs(x))
        case .gelu: 0.5 * x * (1 + Glibc.erf(x * 0.7071067811865476))
        case .geluTanh:
            0.5 * x * (1 + Glibc.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))
        case .erf: Glibc.erf(x)
        case .mish: x * Glibc.tanh(softplus(x))
        case .swish: x * stableSigmoid(alpha * x)
        case .shrink: x < -beta ? x + alpha : x > beta ? x - alpha : 0
        case .affine: alpha * x + beta
        default: x
        }
    }

    private func softplus(_ x: Double) -> Double {
        x > 0 ? x + log1p(Glibc.exp(-x)) : log1p(Glibc.exp(x))
    }
}

@inline(__always) private func each(_ y: inout MutableSpan<Float>, _ function: (Float) -> Float) {
    // Safe because the indices are the span's.
    for index in 0..<y.count { unsafe y[unchecked: index] = function(y[unchecked: index]) }
}

/// Never computes the exponential of a positive number, so that nothing overflows on the way.
@inline(__always) func stableSigmoid(_ x: Float) -> Float {
    if x >= 0 { return 1 / (1 + expf(-x)) }
    let power = expf(x)
    return power / (1 + power)
}

@inline(__always) func stableSigmoid(_ x: Double) -> Double {
    if x >= 0 { return 1 / (1 + exp(-x)) }
    let power = exp(x)
    return power / (1 + power)
}
