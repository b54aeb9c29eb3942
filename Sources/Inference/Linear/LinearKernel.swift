// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// A linear model's rows, with one fixed order of summation whatever the batch.
///
/// Element i of a row goes to partial sum i mod 8, then the eight are added pairwise and the intercept
/// last: the order that `referenceMargins` spells out, without fused multiply-add, hence the same bits on
/// every CPU.
struct LinearKernel: Sendable {
    let coefficients: [Double]
    let intercepts: [Double]
    let inputCount: Int

    init(_ model: LinearModel, inputCount: Int) throws(InferenceError) {
        guard !model.intercepts.isEmpty else { throw .noOutputs }
        let (expected, overflow) = model.intercepts.count.multipliedReportingOverflow(by: inputCount)
        guard !overflow, model.coefficients.count == expected else {
            throw .arrayLength(
                name: "linear coefficients", expected: overflow ? .max : expected,
                got: model.coefficients.count)
        }
        coefficients = model.coefficients
        intercepts = model.intercepts
        self.inputCount = inputCount
    }

    /// `rows` has shape [rows, inputCount], `margins` [rows, outputs].
    func run(_ rows: Span<Double>, rowCount: Int, into margins: inout MutableSpan<Double>) {
        precondition(rows.count == rowCount * inputCount, "the rows have another width than the model")
        let coefficients = coefficients.span
        let outputCount = intercepts.count
        for row in 0..<rowCount {
            let values = rows.extracting(row * inputCount..<(row + 1) * inputCount)
            for output in 0..<outputCount {
                let weights = coefficients.extracting(output * inputCount..<(output + 1) * inputCount)
                margins[row * outputCount + output] = dot(values, weights) + intercepts[output]
            }
        }
    }

    @inline(__always) private func dot(_ values: Span<Double>, _ weights: Span<Double>) -> Double {
        var sums = SIMD8<Double>.zero
        let count = values.count
        let whole = count & ~7
        // Safe because a Double has no padding bytes.
        let valueBytes = unsafe values.bytes
        let weightBytes = unsafe weights.bytes
        var index = 0
        while index < whole {
            // Safe because index + 8 <= count, and any bits are a Double.
            let x = unsafe valueBytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index &* 8, as: SIMD8<Double>.self)
            let w = unsafe weightBytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index &* 8, as: SIMD8<Double>.self)
            sums += x * w
            index &+= 8
        }
        for lane in 0..<count &- whole { sums[lane] += values[whole &+ lane] * weights[whole &+ lane] }
        let four = sums.lowHalf + sums.highHalf
        let two = four.lowHalf + four.highHalf
        return two[0] + two[1]
    }
}
