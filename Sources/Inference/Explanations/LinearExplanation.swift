// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import Tabular

/// What each feature adds to a linear model's margins: coefficient times value, the intercept being what is
/// expected.
///
/// As XGBoost's `gblinear` has it. Behind a standardising stage the mean row is all zeros, and these are the
/// Shapley values over the training rows.
struct LinearExplanation: Sendable {
    let model: LinearModel
    /// Which input feature each column comes from.
    let sources: [Int32]

    /// `contributions` has the shape [rows, outputs, featureCount + 1].
    func explain(
        _ rows: borrowing RowBlock, range: Range<Int>, featureCount: Int,
        into contributions: inout MutableSpan<Double>
    ) {
        let outputs = model.outputCount
        for row in 0..<range.count {
            for output in 0..<outputs {
                let base = (row * outputs + output) * (featureCount + 1)
                for feature in 0..<featureCount { contributions[base + feature] = 0 }
                contributions[base + featureCount] = model.intercepts[output]
                for column in sources.indices {
                    let value = rows.value(row: range.lowerBound + row, column: column)
                    // Missing features are left out of a Float32 sum; a Float64 one is missing with them.
                    if model.numberType == .float32 && value.isNaN { continue }
                    contributions[base + Int(sources[column])] +=
                        value * model.coefficients[output * sources.count + column]
                }
            }
        }
    }
}
