// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat
internal import Tabular

// The output transforms as the original libraries compute them: Float32 as XGBoost does, operation by
// operation, so that the bits agree where the C library's `expf` is the same; Float64 for linear models.

/// XGBoost's sigmoid: the exponent is capped so that it never overflows.
@inline(__always) func logistic(_ margin: Float) -> Float {
    let exponent = 88.7 < -margin ? 88.7 : -margin
    return 1 / (expf(exponent) + 1)
}

@inline(__always) func logistic(_ margin: Double) -> Double { 1 / (1 + exp(-margin)) }

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
func transformMargins(_ margins: Span<Float>, rule: OutputRule, into values: inout MutableSpan<Float>) {
    switch rule.transform {
    case .identity:
        for index in margins.indices { values[index] = margins[index] }
    case .logistic:
        for index in margins.indices { values[index] = logistic(margins[index]) }
    case .exponential:
        for index in margins.indices { values[index] = expf(margins[index]) }
    case .hinge:
        for index in margins.indices { values[index] = margins[index] > 0 ? 1 : 0 }
    case .softmax:
        let width = rule.marginCount
        for row in 0..<margins.count / width {
            let range = row * width..<(row + 1) * width
            var largest = margins[range.lowerBound]
            for index in range { largest = fmaxf(margins[index], largest) }
            var sum = 0.0
            for index in range {
                let value = expf(margins[index] - largest)
                values[index] = value
                sum += Double(value)
            }
            let divisor = Float(sum)
            for index in range { values[index] = values[index] / divisor }
        }
    case .argmax:
        let width = rule.marginCount
        for row in 0..<margins.count / width {
            var best = 0
            for column in 1..<max(width, 1) where margins[row * width + column] > margins[row * width + best]
            {
                best = column
            }
            values[row] = Float(best)
        }
    }
}

/// The same in Float64.
func transformMargins(_ margins: Span<Double>, rule: OutputRule, into values: inout MutableSpan<Double>) {
    switch rule.transform {
    case .identity:
        for index in margins.indices { values[index] = margins[index] }
    case .logistic:
        for index in margins.indices { values[index] = logistic(margins[index]) }
    case .exponential:
        for index in margins.indices { values[index] = exp(margins[index]) }
    case .hinge:
        for index in margins.indices { values[index] = margins[index] > 0 ? 1 : 0 }
    case .softmax:
        let width = rule.marginCount
        for row in 0..<margins.count / width {
            let range = row * width..<(row + 1) * width
            var largest = margins[range.lowerBound]
            for index in range { largest = fmax(margins[index], largest) }
            var sum = 0.0
            for index in range {
                let value = exp(margins[index] - largest)
                values[index] = value
                sum += value
            }
            for index in range { values[index] = values[index] / sum }
        }
    case .argmax:
        let width = rule.marginCount
        for row in 0..<margins.count / width {
            var best = 0
            for column in 1..<max(width, 1) where margins[row * width + column] > margins[row * width + best]
            {
                best = column
            }
            values[row] = Double(best)
        }
    }
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
func spreadProbabilities(_ values: Span<Float>, width: Int, into target: inout MutableSpan<Float>) {
    guard width == 1, target.count == 2 * values.count else {
        for index in values.indices { target[index] = values[index] }
        return
    }
    for row in values.indices {
        target[2 * row] = 1 - values[row]
        target[2 * row + 1] = values[row]
    }
}

/// The same in Float64.
func spreadProbabilities(_ values: Span<Double>, width: Int, into target: inout MutableSpan<Double>) {
    guard width == 1, target.count == 2 * values.count else {
        for index in values.indices { target[index] = values[index] }
        return
    }
    for row in values.indices {
        target[2 * row] = 1 - values[row]
        target[2 * row + 1] = values[row]
    }
}
