// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

extension Algorithm {
    package static let isolationForest: Algorithm = Algorithm(
        name: "isolation_forest", tasks: [.clustering], summary: "how unusual a row is, without a target",
        isCandidate: false
    ) { IsolationLearner() }
}

/// Isolation forests: the model answers how unusual a row is, from 0 to 1.
package struct IsolationLearner: Learner {
    package var settings: IsolationForest.Settings

    package init(_ settings: IsolationForest.Settings = IsolationForest.Settings()) {
        self.settings = settings
    }

    package var algorithm: Algorithm { .isolationForest }
    package func fit(
        _ data: TrainingData, report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> FittedModel {
        let preparation = try data.preparation(.ordinal)
        let rows = data.split.train
        let columns = try TreeRows.columns(rows, data, preparation)
        let ensemble = try IsolationForest(settings, threadCount: data.threadCount).fit(
            columns: columns, weights: data.weights(rows), rowCount: rows.count,
            featureCount: preparation.width)
        return FittedModel(
            stages: preparation.stages, estimator: .treeEnsemble(ensemble), transform: .exponential,
            settings: [("trees", "\(settings.treeCount)"), ("sample_rows", "\(settings.sampleRows)")])
    }
}
