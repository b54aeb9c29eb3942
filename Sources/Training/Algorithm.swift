// SPDX-License-Identifier: Apache-2.0

/// What can be fitted, by the name that flags, files and models call it.
///
/// An algorithm is a `Learner` in a folder of its own, an `extension Algorithm` beside it, and a line in
/// `all`.
package struct Algorithm: Sendable {
    package let name: String
    /// What it can learn.
    package let tasks: [Task]
    /// What it is, for the help: a few words.
    package let summary: String
    /// Whether it is tried when the user names none; the order of `all` is from simple to elaborate.
    package let isCandidate: Bool
    /// A learner with the defaults.
    package let learner: @Sendable () -> any Learner

    package static let all: [Algorithm] = [
        .logistic,
        .linear,
        .lasso,
        .elasticNet,
        .poisson,
        .gamma,
        .tweedie,
        .gbdt,
        .randomForest,
        .extraTrees,
        .mlp,
        .kmeans,
        .isolationForest,
    ]

    package static func named(_ name: String) -> Algorithm? { all.first { $0.name == name } }

    /// The algorithms that can do `task`.
    package static func all(for task: Task) -> [Algorithm] { all.filter { $0.tasks.contains(task) } }

    /// Those of them that are tried when the user names none, the simplest first.
    package static func candidates(for task: Task) -> [Algorithm] { all(for: task).filter(\.isCandidate) }
}

extension Algorithm: Hashable {
    package static func == (left: Algorithm, right: Algorithm) -> Bool { left.name == right.name }

    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
