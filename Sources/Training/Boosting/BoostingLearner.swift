// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

extension Algorithm {
    package static let gbdt: Algorithm = Algorithm(
        name: "gbdt", tasks: [.classification, .regression], summary: "gradient-boosted trees",
        isCandidate: true
    ) { BoostingLearner() }
}

/// Gradient-boosted decision trees.
package struct BoostingLearner: Learner {
    package var settings: BoostingSettings

    package init(_ settings: BoostingSettings = BoostingSettings()) { self.settings = settings }

    package var algorithm: Algorithm { .gbdt }

    package func fit(
        _ data: TrainingData, report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> FittedModel {
        let preparation = try data.preparation(.ordinal)
        let trainer = BoostingTrainer(settings, threadCount: data.threadCount)
        let loss: BoostingLoss =
            switch (data.target.task, data.target.classCount) {
            case (.regression, _): .squaredError
            case (.classification, 2): .logistic
            case (.classification, let count): .softmax(classCount: count)
            }
        let rows = try rows(data.split.train, data, preparation)
        let validation =
            data.split.validation.isEmpty ? nil : try self.rows(data.split.validation, data, preparation)
        let result = try trainer.fit(
            rows, featureCount: preparation.width, loss: loss, validation: validation
        ) { round, loss, validationLoss in
            report(
                .progress(
                    .gbdt, step: round, total: settings.rounds, loss: loss, validationLoss: validationLoss))
        }
        let transform: OutputTransform =
            switch loss {
            case .squaredError: .identity
            case .logistic: .logistic
            case .softmax: .softmax
            }
        return FittedModel(
            stages: preparation.stages, estimator: .treeEnsemble(result.ensemble), transform: transform,
            settings: described(result))
    }

    private func described(_ result: BoostingTrainer.Result) -> [(name: String, value: String)] {
        [
            ("rounds", "\(result.rounds)"), ("learning_rate", settings.learningRate.description),
            ("max_leaves", "\(settings.leavesMax)"), ("max_depth", "\(settings.depthMax)"),
            ("l2", settings.l2.description), ("min_child_weight", settings.childWeightMin.description),
            ("min_leaf_rows", "\(settings.leafRowsMin)"), ("max_bins", "\(settings.binsMax)"),
        ]
    }

    private func rows(
        _ rows: [Int], _ data: TrainingData, _ preparation: TrainingData.Preparation
    ) throws(TrainingError) -> BoostingTrainer.Rows {
        let columns = data.columnMajor(rows, preparation)
        for (index, value) in columns.enumerated() where value.isInfinite {
            let (column, row) = (index / rows.count, rows[index % rows.count])
            let name = data.schema.features[column].name
            guard case .numeric(let values) = data.table[name] else { continue }
            throw .infiniteFeature(column: name, value: values[row])
        }
        let targets = data.targets(rows)
        if targets.contains(where: { !Float($0).isFinite }) {
            throw .targetBeyondFloat(column: data.target.name)
        }
        return BoostingTrainer.Rows(columns: columns, targets: targets)
    }
}
