// SPDX-License-Identifier: Apache-2.0
internal import Base
import ModelFormat
import Tabular

/// Fits random forests and extra trees: trees that are grown apart from each other and averaged (Breiman
/// 2001; Geurts, Ernst and Wehenkel 2006).
///
/// Threads grow whole trees, each from a seed of its own, so that the forest does not depend on them.
package struct ForestTrainer: Sendable {
    package var settings: ForestSettings
    package var threadCount: Int

    package init(_ settings: ForestSettings = ForestSettings(), threadCount: Int? = nil) {
        self.settings = settings
        self.threadCount = threadCount ?? Processors.count
    }

    /// Grows the trees; `classCount` is 0 for numbers. A leaf holds the mean of its rows' targets, or the
    /// parts of the classes among them: of the second one for two.
    package func fit(
        _ rows: BoostingTrainer.Rows, features: BoostingTrainer.Features, classCount: Int,
        progress: (_ trees: Int) -> Void = { _ in }
    ) throws(TrainingError) -> TreeEnsemble {
        try settings.validate()
        let pool = WorkerPool(threadCount: threadCount)
        let matrix = BinnedMatrix(
            columns: rows.columns, rowCount: rows.count, featureCount: features.count,
            categoryCounts: features.categoryCounts, binsMax: settings.binsMax, pool: pool)
        let outputCount = classCount > 2 ? classCount : 1
        var ensemble = TreeEnsemble(
            rules: TreeRules(sumType: .float64, aggregation: .average),
            baseMargins: [Double](repeating: 0, count: outputCount))
        // So many trees are in memory twice.
        let batch = 8 * pool.count
        var first = 0
        while first < settings.treeCount {
            let count = min(batch, settings.treeCount - first)
            let grown = Slots<ForestTree>(count)
            pool.run(count) { _, index in
                var grower = ForestGrower(
                    matrix, rows, settings, classCount: classCount,
                    seed: RandomSource.mixed(settings.seed, UInt64(first + index)))
                grown.store(index, grower.grow())
            }
            for tree in grown.take() { tree.append(to: &ensemble, matrix.features) }
            first += count
            progress(first)
        }
        return ensemble
    }
}
