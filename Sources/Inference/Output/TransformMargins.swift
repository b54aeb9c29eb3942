// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat
internal import Tabular

/// A type that margins are added up in, with the C library's functions of it.
///
/// The transforms are those of the original libraries: Float32 as XGBoost computes it, operation by
/// operation, so that the bits agree where the C library's `expf` is the same; Float64 as LightGBM does.
protocol MarginNumber: BinaryFloatingPoint, BitwiseCopyable, Sendable {
    static func exponential(_ x: Self) -> Self
    static func logistic(_ x: Self) -> Self
    static func softplus(_ x: Self) -> Self
}

extension Float: MarginNumber {
    @inline(__always) static func exponential(_ x: Float) -> Float { expf(x) }

    /// XGBoost's sigmoid: the exponent is capped so that it never overflows.
    @inline(__always) static func logistic(_ x: Float) -> Float {
        let exponent = 88.7 < -x ? 88.7 : -x
        return 1 / (expf(exponent) + 1)
    }

    @inline(__always) static func softplus(_ x: Float) -> Float { log1pf(expf(x)) }
}

extension Double: MarginNumber {
    @inline(__always) static func exponential(_ x: Double) -> Double { exp(x) }
    @inline(__always) static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    @inline(__always) static func softplus(_ x: Double) -> Double { log1p(exp(x)) }
}

/// Fills `values`, of the rule's prediction width and type, from as many rows of `margins`.
func transformMargins(_ margins: borrowing RowBlock, rule: OutputRule, into values: inout RowBlock) {
    switch rule.numberType {
    case .float32:
        var target = values.mutableFloat32
        transformMargins(margins.float32, rule: rule, into: &target)
    case .float64:
        var target = values.mutableFloat64
        transformMargins(margins.float64, rule: rule, into: &target)
    }
}

/// `margins` has shape [rows, rule.marginCount], `values` [rows, rule.predictionWidth].
func transformMargins<Number: MarginNumber>(
    _ margins: Span<Number>, rule: OutputRule, into values: inout MutableSpan<Number>
) {
    if rule.transform == .argmax {
        let width = rule.marginCount
        for row in 0..<margins.count / width {
            values[row] = Number(firstLargest(margins.extracting(row * width..<(row + 1) * width)))
        }
        return
    }
    if rule.interval?.kind == .quantiles {
        for row in values.indices { values[row] = margins[row * rule.marginCount] }
        return
    }
    scaleMargins(margins, rule: rule, into: &values)
    switch rule.transform {
    case .identity, .probability, .argmax: break
    case .logistic where rule.calibration != nil:
        guard let calibration = rule.calibration else { return }
        for index in values.indices {
            values[index] = Number(calibration.probability(Double(values[index])))
        }
    case .logistic: for index in values.indices { values[index] = .logistic(values[index]) }
    case .exponential: for index in values.indices { values[index] = .exponential(values[index]) }
    case .softplus: for index in values.indices { values[index] = .softplus(values[index]) }
    case .signedSquare:
        for index in values.indices { values[index] *= abs(values[index]) }
    case .meanAndVariance:
        for index in stride(from: 1, to: values.count, by: 2) {
            values[index] = .exponential(2 * values[index])
        }
    case .hinge: for index in values.indices { values[index] = values[index] > 0 ? 1 : 0 }
    case .softmax: softmax(&values, width: rule.marginCount)
    }
}

private func scaleMargins<Number: MarginNumber>(
    _ margins: Span<Number>, rule: OutputRule, into values: inout MutableSpan<Number>
) {
    for index in margins.indices { values[index] = margins[index] }
    if rule.divisor != 1 {
        let divisor = Number(rule.divisor)
        for index in values.indices { values[index] /= divisor }
    }
    if rule.slope != 1 {
        let slope = Number(rule.slope)
        for index in values.indices { values[index] *= slope }
    }
}

private func softmax<Number: MarginNumber>(_ values: inout MutableSpan<Number>, width: Int) {
    for row in 0..<values.count / width {
        let range = row * width..<(row + 1) * width
        // `maximum` leaves NaN out, as the C library's fmax does.
        var largest = values[range.lowerBound]
        for index in range { largest = Number.maximum(values[index], largest) }
        var sum = 0.0
        for index in range {
            let value = Number.exponential(values[index] - largest)
            values[index] = value
            sum += Double(value)
        }
        let divisor = Number(sum)
        for index in range { values[index] /= divisor }
    }
}

/// The index of the first largest number of `row`.
private func firstLargest<Number: MarginNumber>(_ row: Span<Number>) -> Int {
    var best = 0
    for column in row.indices where row[column] > row[best] { best = column }
    return best
}

/// Fills `probabilities`, one column a class, from as many rows of a classifier's predictions.
func spreadProbabilities(_ values: borrowing RowBlock, into probabilities: inout RowBlock) {
    let width = values.columnCount
    switch values.numberType {
    case .float32:
        var target = probabilities.mutableFloat32
        spreadProbabilities(values.float32, width: width, into: &target)
    case .float64:
        var target = probabilities.mutableFloat64
        spreadProbabilities(values.float64, width: width, into: &target)
    }
}

/// Predictions of a classifier as one column a class: one column p becomes [1 - p, p], more stay as they
/// are.
func spreadProbabilities<Number: MarginNumber>(
    _ values: Span<Number>, width: Int, into target: inout MutableSpan<Number>
) {
    guard width == 1, target.count == 2 * values.count else {
        for index in values.indices { target[index] = values[index] }
        return
    }
    for row in values.indices {
        target[2 * row] = 1 - values[row]
        target[2 * row + 1] = values[row]
    }
}
