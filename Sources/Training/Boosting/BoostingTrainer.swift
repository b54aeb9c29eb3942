// SPDX-License-Identifier: Apache-2.0
internal import Base
import ModelFormat

/// Fits gradient-boosted trees on histograms.
package struct BoostingTrainer: Sendable {
    package var settings: BoostingSettings
    package var threadCount: Int
    /// Whether the loss on the training rows is measured for `fit`'s progress.
    package var measuresLoss = true

    package init(_ settings: BoostingSettings = BoostingSettings(), threadCount: Int? = nil) {
        self.settings = settings
        self.threadCount = threadCount ?? Processors.count
    }

    /// Rows with their targets.
    package struct Rows {
        /// Shape [features, rows], without infinities; NaN is missing.
        package var columns: [Float]
        /// Values, or indices of classes.
        package var targets: [Double]
        /// What errors call the targets.
        package var targetName = "target"
        /// 0 or more, one a row; nil when all weigh 1.
        package var weights: [Float]?
        /// For ranking: the rows of each group, in the order of the rows.
        package var groups: [Range<Int>]

        package init(
            columns: [Float], targets: [Double], weights: [Float]? = nil, groups: [Range<Int>] = []
        ) {
            self.columns = columns
            self.targets = targets
            self.weights = weights
            self.groups = groups
        }

        package var count: Int { targets.count }
    }

    /// What is known of the features besides their values; each list empty, or one entry a feature.
    package struct Features: Sendable {
        package var count: Int
        /// How many codes a categorical feature has; nil for numbers.
        package var categoryCounts: [Int?] = []
        /// 1 where predictions must not fall when the feature rises, -1 where they must not rise, else 0.
        package var monotone: [Int8] = []
        /// Groups of features, by index, that may stand on one path together; empty: all may.
        package var interactions: [[Int]] = []

        package init(count: Int) { self.count = count }

        var constraints: FeatureConstraints {
            FeatureConstraints(monotone: monotone, interactions: interactions)
        }
    }

    /// What the growing came to.
    package struct Result {
        package var ensemble: TreeEnsemble
        /// Rounds in the ensemble.
        package var rounds: Int
        package var validationLoss: Double?
    }

    /// Called after each round; `loss` is nil in rounds where measuring it would cost more than it tells.
    package typealias Progress = (_ round: Int, _ loss: Double?, _ validationLoss: Double?) -> Void

    /// Grows the trees; with `validation` rows it ends when they no longer gain and keeps the best round.
    /// `start` has trees that were grown before, on the same features for the same loss, to go on from.
    package func fit(
        _ train: Rows, features: Features, loss: BoostingLoss, validation: Rows? = nil,
        start: TreeEnsemble? = nil, checkpointer: Checkpointer? = nil, progress: Progress = { _, _, _ in }
    ) throws(TrainingError) -> Result {
        try settings.validate()
        for rows in [train, validation].compactMap({ $0 }) {
            for target in rows.targets {
                guard let allowed = loss.refusal(of: target) else { continue }
                throw .targetRange(
                    column: rows.targetName, value: target, algorithm: "gbdt with --loss \(loss)",
                    allowed: allowed)
            }
        }
        if let start { try check(start, features, loss) }
        guard checkpointer == nil || settings.dart == nil else {
            throw .setting(
                name: "--checkpoint", value: "given",
                allowed: "left out with --dart, which changes earlier trees")
        }
        let archive = try checkpointer?.state(of: .gbdt)
        var state: BoostingState?
        if let archive {
            let saved = try BoostingState(archive, featureCount: features.count)
            try check(saved.ensemble, features, loss)
            state = saved
        }
        let pool = WorkerPool(threadCount: threadCount)
        let run = BoostingRun(self, train, features, loss, validation, state?.ensemble ?? start, pool)
        return try run.grow(progress, from: state, checkpointer)
    }

    /// What the trees give rows of column-major numbers: margins [outputs, rows].
    package static func margins(
        _ ensemble: TreeEnsemble, columns: [Float], rowCount: Int, threadCount: Int
    ) -> [Float] {
        let margins = NumberMemory<Float>(count: rowCount * ensemble.outputCount, repeating: 0)
        for (output, base) in ensemble.baseMargins.enumerated() {
            for row in 0..<rowCount { margins[output * rowCount + row] = Float(base) }
        }
        ensemble.add(
            to: margins, columns: columns, rowCount: rowCount, WorkerPool(threadCount: threadCount))
        return (0..<margins.count).map { margins[$0] }
    }

    private func check(
        _ start: TreeEnsemble, _ features: Features, _ loss: BoostingLoss
    ) throws(TrainingError) {
        let isOurs =
            start.rules == TreeRules() && !start.hasLeafVectors && start.linearLeaves == nil
            && start.zerosMissing.isEmpty
        guard isOurs, start.outputCount == loss.outputCount,
            start.features.allSatisfy({ $0 < features.count })
        else {
            throw .cannotContinue("it was not grown by this program on the same features for the same loss")
        }
    }
}
