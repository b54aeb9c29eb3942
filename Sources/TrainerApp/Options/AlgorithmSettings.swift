// SPDX-License-Identifier: Apache-2.0
import Training

/// Which algorithms take which settings. One that is given for an algorithm that does not know it would
/// change nothing, which nobody wants who gives it: it is refused.
enum AlgorithmSettings {
    private static let forests: [Algorithm] = [.randomForest, .extraTrees]

    /// The algorithms that take the options of these long names; options that are not here go with all.
    static let takers: [(algorithms: [Algorithm], options: Set<String>)] = [
        ([.logistic, .linear, .poisson, .gamma, .tweedie, .gbdt], ["l2"]),
        ([.gbdt, .mlp], ["learning-rate", "patience", "checkpoint"]),
        ([.lasso, .elasticNet], ["alpha"]),
        ([.elasticNet], ["l1-ratio"]),
        ([.tweedie], ["power"]),
        (
            [.mlp],
            ["hidden", "activation", "epochs", "batch-rows", "weight-decay", "dropout", "batch-norm"]
        ),
        ([.kmeans], ["clusters", "starts"]),
        (
            [.gbdt],
            [
                "rounds", "loss", "quantile", "huber-delta", "tweedie-power", "max-leaves", "max-depth",
                "growth", "l1", "leaf-steps", "max-step", "min-leaf-rows", "min-child-weight",
                "min-split-gain", "max-bins", "ordered-categories", "bagging", "goss-top", "goss-other",
                "columns-by-tree", "columns-by-level", "columns-by-node", "dart", "dart-rate",
                "monotone", "interact",
            ]
        ),
        (forests + [.isolationForest], ["trees"]),
        (forests, ["forest-depth", "forest-leaf-rows", "forest-columns"]),
        ([.isolationForest], ["sample-rows"]),
    ]

    /// Whether `algorithm` knows the option of this name.
    static func takes(_ algorithm: Algorithm, _ option: String) -> Bool {
        takers.allSatisfy { !$0.options.contains(option) || $0.algorithms.contains(algorithm) }
    }

    /// - Parameter algorithms: what may come to be trained.
    /// - Throws: `AppError` with the first option that none of them knows.
    static func check(_ given: GivenArguments, _ algorithms: [Algorithm]) throws(AppError) {
        for (name, _) in given.options where !algorithms.contains(where: { takes($0, name) }) {
            let takers = takers.first { $0.options.contains(name) }?.algorithms ?? []
            throw AppError(
                .usage,
                "--\(name) is a setting of \(list(takers, "and")), not of \(list(algorithms, "or")); "
                    + "leave it out, or choose another algorithm")
        }
    }

    /// "a, b and c".
    private static func list(_ algorithms: [Algorithm], _ last: String) -> String {
        let names = algorithms.map(\.name)
        guard names.count > 1 else { return names.joined() }
        return names.dropLast().joined(separator: ", ") + " \(last) " + (names.last ?? "")
    }
}

extension TrainCommand {
    /// What `train` may come to.
    var possibleAlgorithms: [Algorithm] {
        if let chosen = algorithm.algorithm { return [chosen] }
        if continuation.continueFrom != nil { return [.gbdt] }
        return Algorithm.all.filter { $0.isCandidate && isPossible($0) }
    }

    /// What a search for it may come to.
    func possibleAlgorithms(_ tuning: TuneOptions) -> [Algorithm] {
        if let chosen = tuning.chosen { return chosen }
        let tasks: [Task] = [.classification, .regression]
        let searched = tasks.flatMap { SearchSpace.algorithms(for: $0, rowCount: 1) }
        return Algorithm.all.filter { searched.contains($0) && isPossible($0) }
    }

    private func isPossible(_ algorithm: Algorithm) -> Bool {
        task.map { algorithm.tasks.contains($0) } ?? true
    }
}
