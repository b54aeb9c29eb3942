// SPDX-License-Identifier: Apache-2.0

/// The slow, obvious product rows · weightsᵀ, which the plain kernel answers bit for bit; shapes [rows,
/// inputs], [outputs, inputs] and [rows, outputs].
func referenceProduct(_ rows: [Float], _ weights: [Float], inputCount: Int, outputCount: Int) -> [Float] {
    var products: [Float] = []
    for row in 0..<rows.count / inputCount {
        for output in 0..<outputCount {
            var sum: Float = 0
            for input in 0..<inputCount {
                sum += weights[output * inputCount + input] * rows[row * inputCount + input]
            }
            products.append(sum)
        }
    }
    return products
}
