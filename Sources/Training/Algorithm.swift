// SPDX-License-Identifier: Apache-2.0

/// What can be fitted.
package enum Algorithm: String, Sendable, CaseIterable {
    /// Logistic regression, softmax regression for more than two classes.
    case logistic
    /// Ridge regression.
    case linear
    /// Gradient-boosted decision trees.
    case gbdt

    /// The algorithms for a task, the simplest first.
    package static func candidates(for task: Task) -> [Algorithm] {
        switch task {
        case .classification: [.logistic, .gbdt]
        case .regression: [.linear, .gbdt]
        }
    }
}
