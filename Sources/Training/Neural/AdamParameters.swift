// SPDX-License-Identifier: Apache-2.0

/// Numbers that are learned by Adam (Kingma and Ba 2015), weight decay apart from the gradient (Loshchilov
/// and Hutter 2019).
struct AdamParameters: Sendable {
    var values: [Float]
    var gradients: [Float]
    private(set) var means: [Float]
    private(set) var squares: [Float]

    private static let (meanDecay, squareDecay, epsilon): (Float, Float, Float) = (0.9, 0.999, 1e-8)

    init(_ values: [Float]) {
        self.values = values
        gradients = [Float](repeating: 0, count: values.count)
        means = gradients
        squares = gradients
    }

    /// As it was when `values` with these moments were saved; the lists are of one length.
    init(_ values: [Float], means: [Float], squares: [Float]) {
        self.values = values
        self.means = means
        self.squares = squares
        gradients = [Float](repeating: 0, count: values.count)
    }

    /// - Parameters:
    ///   - meanScale, squareScale: 1/(1 − decayᵗ): what the moments lack in the first steps.
    ///   - shrink: what the values are multiplied by first.
    mutating func step(rate: Float, meanScale: Float, squareScale: Float, shrink: Float) {
        let count = values.count
        let (keepMean, keepSquare) = (Self.meanDecay, Self.squareDecay)
        let step = rate * meanScale
        // Safe because all four arrays have `count` numbers.
        unsafe values.withUnsafeMutableBufferPointer { values in
            unsafe gradients.withUnsafeBufferPointer { gradients in
                unsafe means.withUnsafeMutableBufferPointer { means in
                    unsafe squares.withUnsafeMutableBufferPointer { squares in
                        guard let values = values.baseAddress, let gradients = gradients.baseAddress,
                            let means = means.baseAddress, let squares = squares.baseAddress
                        else { return }
                        for index in 0..<count {
                            let slope = unsafe gradients[index]
                            let mean = unsafe keepMean * means[index] + (1 - keepMean) * slope
                            let square =
                                unsafe keepSquare * squares[index] + (1 - keepSquare) * slope * slope
                            unsafe means[index] = mean
                            unsafe squares[index] = square
                            let size = (square * squareScale).squareRoot() + Self.epsilon
                            unsafe values[index] = values[index] * shrink - step * mean / size
                        }
                    }
                }
            }
        }
    }
}
