// SPDX-License-Identifier: Apache-2.0

/// What boosted trees can minimise, by the name that flags call it.
package enum BoostingLossName: String, Sendable, CaseIterable {
    /// By the task: squared, logistic or softmax.
    case auto
    case squared, absolute, quantile, huber, poisson, gamma, tweedie, logistic, softmax, rank
}
