// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// The settings of random forests and extra trees.
struct ForestOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Trees of a forest.", valueName: "count"))
    var trees = ForestSettings().treeCount

    @Option(
        help: ArgumentHelp(
            "Splits from the root to a leaf of a forest's tree at most; 0 for any number.", valueName: "count"
        ))
    var forestDepth = ForestSettings().depthMax

    @Option(help: ArgumentHelp("Least rows in a leaf of a forest's tree.", valueName: "count"))
    var forestLeafRows = ForestSettings().leafRowsMin

    @Option(
        help: ArgumentHelp(
            "Part of the columns that a forest looks at for a split. (default: the square root of their "
                + "number for classes, all for numbers)", valueName: "part"))
    var forestColumns: Double?

    @Option(help: ArgumentHelp("isolation_forest: rows that each tree is grown on.", valueName: "count"))
    var sampleRows = IsolationForest.Settings().sampleRows

    func learners(seed: UInt64) -> [any Learner] {
        var isolation = IsolationForest.Settings()
        isolation.treeCount = trees
        isolation.sampleRows = sampleRows
        isolation.seed = seed
        let forests = [Algorithm.randomForest, .extraTrees].map { algorithm in
            var settings = algorithm == .extraTrees ? ForestSettings.extraTrees : ForestSettings()
            settings.treeCount = trees
            settings.depthMax = forestDepth
            settings.leafRowsMin = forestLeafRows
            settings.columnsByNode = forestColumns
            settings.seed = seed
            return ForestLearner(algorithm, settings)
        }
        return forests + [IsolationLearner(isolation)]
    }
}
