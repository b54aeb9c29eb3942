// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// The slow, obvious sum that defines what `LinearKernel` must answer, bit for bit.
func referenceMargins(_ model: LinearModel, row: [Double]) -> [Double] {
    model.intercepts.enumerated().map { output, intercept in
        var sums = Array(repeating: 0.0, count: 8)
        for (index, value) in row.enumerated() {
            sums[index % 8] += value * model.coefficients[output * row.count + index]
        }
        let four = (0..<4).map { sums[$0] + sums[$0 + 4] }
        let two = [four[0] + four[2], four[1] + four[3]]
        return two[0] + two[1] + intercept
    }
}

/// The same for a Float32 model: from the intercept on, one feature after the other, missing ones left out.
func referenceMargins(_ model: LinearModel, row: [Float]) -> [Float] {
    model.intercepts.enumerated().map { output, intercept in
        var sum = Float(intercept)
        for (index, value) in row.enumerated() where !value.isNaN {
            sum += value * Float(model.coefficients[output * row.count + index])
        }
        return sum
    }
}
