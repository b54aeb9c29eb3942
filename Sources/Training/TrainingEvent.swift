// SPDX-License-Identifier: Apache-2.0

/// What happens while a model is trained, for whoever shows it.
package enum TrainingEvent: Sendable, Equatable {
    /// An algorithm was tried on folds of the training rows: its mean log loss or root mean squared error.
    case candidate(Algorithm, metric: Metric)
    /// Done so far, of at most `total`; `validationLoss` with validation rows only.
    case progress(Algorithm, step: Int, total: Int, loss: Double, validationLoss: Double?)
}
