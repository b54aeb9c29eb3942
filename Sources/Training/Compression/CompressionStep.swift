// SPDX-License-Identifier: Apache-2.0

/// One way to make a model smaller or faster that may change its answers.
package enum CompressionStep: Sendable, Equatable {
    /// The fewest of the first rounds of trees that the loss allows.
    case lateTrees
    /// Splits that save least, as many as the loss allows.
    case splits
    /// Leaf values become Float16s.
    case leaves
    /// Thresholds become Float16s.
    case thresholds
    /// The part of the weights with the smallest magnitudes becomes 0.
    case smallWeights(part: Double)
    case weights(WeightType)

    package enum WeightType: String, Sendable, CaseIterable {
        case float16
        /// Whole numbers from -127 to 127 times a step for each output.
        case int8
    }

    package var name: String {
        switch self {
        case .lateTrees: "late_trees"
        case .splits: "splits"
        case .leaves: "leaves float16"
        case .thresholds: "thresholds float16"
        case .smallWeights(let part): "small_weights \(part)"
        case .weights(let type): "weights \(type.rawValue)"
        }
    }

    /// Of the growth of the loss that is allowed, how much may be used up by the end of a step that searches
    /// for the most: something has to be left for the others.
    var budgetShare: Double {
        switch self {
        case .lateTrees: 0.4
        case .splits: 0.8
        case .leaves, .thresholds, .smallWeights, .weights: 1
        }
    }
}

/// What a model came to after a step.
package struct CompressionMeasure: Sendable, Equatable {
    /// The step; `original` for the model as it was, `narrow` for the same numbers in fewer bytes.
    package var step: String
    /// What the step did, for people: "trees 150 → 60".
    package var detail: String
    /// Of the native file.
    package var byteCount: Int
    /// Log loss of classes, root mean squared error of numbers.
    package var loss: Double
    /// How much more that is than the original's, as a part of it; nil for the original.
    package var lossChange: Double?
    /// Microseconds a row alone takes, and a row of a block of 512.
    package var rowMicroseconds: Double
    package var blockRowMicroseconds: Double
    /// Whether the step is part of the result.
    package var isKept: Bool
}
