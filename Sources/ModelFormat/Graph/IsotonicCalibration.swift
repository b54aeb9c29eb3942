// SPDX-License-Identifier: Apache-2.0

/// From a margin to a probability by straight lines between knots, level beyond the outermost; never falling.
public struct IsotonicCalibration: Sendable, Equatable {
    /// Ascending, distinct, finite.
    public var margins: [Double]
    /// One a margin, never falling, from 0 to 1.
    public var probabilities: [Double]

    public init(margins: [Double], probabilities: [Double]) {
        self.margins = margins
        self.probabilities = probabilities
    }

    /// - Complexity: O(log knots). NaN stays NaN.
    public func probability(_ margin: Double) -> Double {
        guard let first = margins.first, let last = margins.last, !margin.isNaN else { return .nan }
        if margin <= first { return probabilities[0] }
        if margin >= last { return probabilities[probabilities.count - 1] }
        var (low, high) = (0, margins.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if margins[middle] <= margin { low = middle } else { high = middle }
        }
        let share = (margin - margins[low]) / (margins[high] - margins[low])
        return probabilities[low] + share * (probabilities[high] - probabilities[low])
    }

    func validate(transform: OutputTransform, outputCount: Int) throws(FormatError) {
        func refuse(_ reason: String) -> FormatError {
            .invalidValue(part: "output.calibration", reason: reason)
        }
        guard transform == .logistic, outputCount == 1 else {
            throw refuse("only a logistic output with one margin is calibrated")
        }
        guard !margins.isEmpty, margins.count == probabilities.count else {
            throw refuse("there must be as many margins as probabilities, and at least one")
        }
        for index in margins.indices {
            guard margins[index].isFinite, index == 0 || margins[index] > margins[index - 1] else {
                throw refuse("margins must be finite and ascend")
            }
            let least = index == 0 ? 0 : probabilities[index - 1]
            guard probabilities[index] >= least, probabilities[index] <= 1 else {
                throw refuse("probabilities must not fall, and lie from 0 to 1")
            }
        }
    }
}
