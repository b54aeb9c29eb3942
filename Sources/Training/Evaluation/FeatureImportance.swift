// SPDX-License-Identifier: Apache-2.0

/// How much a model makes of a feature, by two measures.
package struct FeatureImportance: Sendable, Equatable {
    package var feature: String
    /// How much the loss grows when the feature's values change places among the rows: the mean over the
    /// repeats, and their standard deviation.
    package var permutation: Double
    package var permutationDeviation: Double
    /// The mean magnitude of what the feature adds to the margins (exact TreeSHAP, or coefficient times
    /// value), summed over the outputs; nil where the model does not explain itself.
    package var contribution: Double?
}
