// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// The settings of gradient-boosted trees.
struct BoostingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("gbdt: rounds at most.", valueName: "count"))
    var rounds = BoostingSettings().rounds

    @Option(help: ArgumentHelp("gbdt: how far each tree goes.", valueName: "number"))
    var learningRate = BoostingSettings().learningRate

    @Option(help: ArgumentHelp("gbdt: leaves a tree at most.", valueName: "count"))
    var maxLeaves = BoostingSettings().leavesMax

    @Option(help: ArgumentHelp("gbdt: splits from the root to a leaf at most.", valueName: "count"))
    var maxDepth = BoostingSettings().depthMax

    @Option(help: ArgumentHelp("gbdt: least rows in a leaf.", valueName: "count"))
    var minLeafRows = BoostingSettings().leafRowsMin

    @Option(help: ArgumentHelp("gbdt: least sum of second derivatives in a leaf.", valueName: "number"))
    var minChildWeight = BoostingSettings().childWeightMin

    @Option(help: ArgumentHelp("gbdt: bins a feature at most.", valueName: "count"))
    var maxBins = BoostingSettings().binsMax

    @Option(
        help: ArgumentHelp(
            "gbdt: rounds without an improvement on the validation rows before it ends.", valueName: "count"))
    var patience = BoostingSettings().patience

    /// `l2` is shared with the linear models.
    func learner(l2: Double) -> any Learner {
        var settings = BoostingSettings()
        settings.l2 = l2
        settings.rounds = rounds
        settings.learningRate = learningRate
        settings.leavesMax = maxLeaves
        settings.depthMax = maxDepth
        settings.leafRowsMin = minLeafRows
        settings.childWeightMin = minChildWeight
        settings.binsMax = maxBins
        settings.patience = patience
        return BoostingLearner(settings)
    }
}
