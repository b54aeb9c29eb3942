// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

extension Algorithm {
    package static let randomForest: Algorithm = Algorithm(
        name: "random_forest", tasks: [.classification, .regression],
        summary: "trees of drawn rows, averaged",
        isCandidate: false
    ) { ForestLearner(.randomForest, ForestSettings()) }

    package static let extraTrees: Algorithm = Algorithm(
        name: "extra_trees", tasks: [.classification, .regression],
        summary: "trees cut at places drawn by chance, averaged", isCandidate: false
    ) { ForestLearner(.extraTrees, .extraTrees) }
}

/// Random forests and extra trees.
package struct ForestLearner: Learner {
    package let algorithm: Algorithm
    package var settings: ForestSettings
    package init(_ algorithm: Algorithm, _ settings: ForestSettings) {
        self.algorithm = algorithm
        self.settings = settings
    }

    package func fit(
        _ data: TrainingData, report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> FittedModel {
        let preparation = try data.preparation(.ordinal)
        let rows = try TreeRows.numbers(data.split.train, data, preparation)
        let features = BoostingTrainer.Features(data.schema, preparation)
        let ensemble = try ForestTrainer(settings, threadCount: data.threadCount).fit(
            rows, features: features, classCount: data.target.classCount
        ) { trees in
            report(
                .progress(algorithm, step: trees, total: settings.treeCount, loss: 0, validationLoss: nil))
        }
        return FittedModel(
            stages: preparation.stages, estimator: .treeEnsemble(ensemble),
            transform: data.target.task == .regression ? .identity : .probability,
            settings: [
                ("trees", "\(settings.treeCount)"), ("max_depth", "\(settings.depthMax)"),
                ("min_leaf_rows", "\(settings.leafRowsMin)"),
                ("columns_by_node", settings.columnsByNode?.description ?? "default"),
            ])
    }
}
