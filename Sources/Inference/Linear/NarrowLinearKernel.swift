// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// A Float32 linear model as XGBoost's `gblinear` computes it: each margin starts at its intercept, and the
/// products of the features that are there are added one after the other.
///
/// Eight outputs or rows at a time would not change a bit, but models of this kind have one or few outputs.
struct NarrowLinearKernel: Sendable {
    private let coefficients: [Float]
    private let intercepts: [Float]
    private let inputCount: Int

    init(_ model: LinearModel, inputCount: Int) throws(InferenceError) {
        // The shapes are the same as those of the Float64 form.
        let checked = try LinearKernel(model, inputCount: inputCount)
        coefficients = checked.coefficients.map { Float($0) }
        intercepts = checked.intercepts.map { Float($0) }
        self.inputCount = inputCount
    }

    /// `rows` has shape [rows, inputCount], `margins` [rows, outputs].
    func run(_ rows: Span<Float>, rowCount: Int, into margins: inout MutableSpan<Float>) {
        precondition(rows.count == rowCount * inputCount, "the rows have another width than the model")
        let coefficients = coefficients.span
        let outputCount = intercepts.count
        for row in 0..<rowCount {
            let values = rows.extracting(row * inputCount..<(row + 1) * inputCount)
            for output in 0..<outputCount {
                let weights = coefficients.extracting(output * inputCount..<(output + 1) * inputCount)
                var sum = intercepts[output]
                for index in values.indices {
                    let value = values[index]
                    if !value.isNaN { sum += value * weights[index] }
                }
                margins[row * outputCount + output] = sum
            }
        }
    }
}
