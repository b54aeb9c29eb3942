// SPDX-License-Identifier: Apache-2.0

/// What an output of a compiled model is; the raw value is its name in `CompiledModel.outputs`.
package enum OutputKind: String, Sendable, CaseIterable {
    /// What the model's own library calls its prediction; always there, always first.
    case predictions
    /// One number a class, summing to 1; classifiers only.
    case probabilities
    /// The name or number of the likeliest class; classifiers only.
    case labels
    /// The estimator's sums before the output transform; always there.
    case margin
}
