// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// The settings of gradient-boosted trees.
struct BoostingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("gbdt: rounds at most.", valueName: "count"))
    var rounds = BoostingSettings().rounds

    @Option(
        help: ArgumentHelp(
            "gbdt: what is minimised. For numbers squared, absolute, quantile, huber, poisson, gamma or "
                + "tweedie; for classes logistic or softmax by their number; rank for relevances within "
                + "the groups of --group-column.", valueName: "name"))
    var loss: BoostingLossName = .auto

    @Option(help: ArgumentHelp("gbdt: level of the quantile loss.", valueName: "part"))
    var quantile = 0.5

    @Option(
        help: ArgumentHelp("gbdt: where the huber loss goes over to a straight line.", valueName: "number"))
    var huberDelta = 1.0

    @Option(help: ArgumentHelp("gbdt: power of the tweedie loss, between 1 and 2.", valueName: "number"))
    var tweediePower = 1.5

    @Option(help: ArgumentHelp("gbdt: leaves a tree at most.", valueName: "count"))
    var maxLeaves = BoostingSettings().leavesMax

    @Option(help: ArgumentHelp("gbdt: splits from the root to a leaf at most.", valueName: "count"))
    var maxDepth = BoostingSettings().depthMax

    @Option(
        help: ArgumentHelp(
            "gbdt: which leaf is split next: the one that gains most, or the one nearest to the root.",
            valueName: "leaf|depth"))
    var growth = BoostingSettings().growth

    @Option(
        help: ArgumentHelp("gbdt: strength of the L1 penalty on the values of leaves.", valueName: "number"))
    var l1 = BoostingSettings().l1

    @Option(
        help: ArgumentHelp(
            "gbdt: the largest leaf value before the learning rate; 0 for any.", valueName: "number"))
    var maxStep = BoostingSettings().stepMax

    @Option(
        help: ArgumentHelp(
            "gbdt, two classes: Newton steps to the value of a leaf; other libraries take 1.",
            valueName: "count"))
    var leafSteps = BoostingSettings().leafSteps

    @Option(help: ArgumentHelp("gbdt: least rows in a leaf.", valueName: "count"))
    var minLeafRows = BoostingSettings().leafRowsMin

    @Option(help: ArgumentHelp("gbdt: least sum of second derivatives in a leaf.", valueName: "number"))
    var minChildWeight = BoostingSettings().childWeightMin

    @Option(help: ArgumentHelp("gbdt: gain below which a leaf is not split.", valueName: "number"))
    var minSplitGain = BoostingSettings().splitGainMin

    @Option(help: ArgumentHelp("gbdt: bins a feature at most.", valueName: "count"))
    var maxBins = BoostingSettings().binsMax

    @Flag(help: "gbdt: a category is its place in the sorted list, not a name.")
    var orderedCategories = false

    @Option(help: ArgumentHelp("gbdt: part of the rows that each round is grown on.", valueName: "part"))
    var bagging: Double?

    @Option(
        help: ArgumentHelp(
            "gbdt: part of the rows, those with the largest gradients, that each round is grown on, with "
                + "--goss-other of the others.", valueName: "part"))
    var gossTop: Double?

    @Option(help: ArgumentHelp("gbdt: see --goss-top.", valueName: "part"))
    var gossOther = 0.1

    @Option(help: ArgumentHelp("gbdt: part of the columns that are drawn for each tree.", valueName: "part"))
    var columnsByTree = BoostingSettings().columnsByTree

    @Option(help: ArgumentHelp("gbdt: of these, the part drawn for each level.", valueName: "part"))
    var columnsByLevel = BoostingSettings().columnsByLevel

    @Option(help: ArgumentHelp("gbdt: of these, the part drawn for each split.", valueName: "part"))
    var columnsByNode = BoostingSettings().columnsByNode

    @Flag(help: "gbdt: leave earlier trees out by chance while a tree is grown.")
    var dart = false

    @Option(help: ArgumentHelp("gbdt: chance of each tree to be left out.", valueName: "part"))
    var dartRate = BoostingSettings.Dart().rate

    @Option(
        help: ArgumentHelp(
            "gbdt: a column with which predictions must not fall; -COLUMN: must not rise. May be given "
                + "several times.", valueName: "column"))
    var monotone: [String] = []

    @Option(
        help: ArgumentHelp(
            "gbdt: columns, with commas between, that may stand on one path of a tree; may be given "
                + "several times.", valueName: "columns"))
    var interact: [String] = []

    func learner(_ shared: SharedOptions, split: SplitOptions) -> any Learner {
        var settings = BoostingSettings()
        settings.l1 = l1
        settings.l2 = shared.l2
        settings.rounds = rounds
        settings.learningRate = shared.learningRate ?? settings.learningRate
        settings.leavesMax = maxLeaves
        settings.depthMax = maxDepth
        settings.growth = growth
        settings.stepMax = maxStep
        settings.leafSteps = leafSteps
        settings.leafRowsMin = minLeafRows
        settings.childWeightMin = minChildWeight
        settings.splitGainMin = minSplitGain
        settings.binsMax = maxBins
        settings.splitsCategories = !orderedCategories
        settings.columnsByTree = columnsByTree
        settings.columnsByLevel = columnsByLevel
        settings.columnsByNode = columnsByNode
        settings.patience = shared.patience
        settings.seed = split.seed
        if let bagging { settings.sampling = .bagging(fraction: bagging) }
        if let gossTop { settings.sampling = .goss(top: gossTop, other: gossOther) }
        if dart {
            var own = BoostingSettings.Dart()
            own.rate = dartRate
            settings.dart = own
        }
        var learner = BoostingLearner(settings)
        learner.loss = loss
        learner.quantileLevel = quantile
        learner.huberDelta = huberDelta
        learner.tweediePower = tweediePower
        learner.groupColumn = split.groupColumn
        learner.monotone = monotone
        learner.interactions = interact.map { $0.split(separator: ",").map(String.init) }
        return learner
    }
}

extension BoostingSettings.Growth: ExpressibleByArgument {}
extension BoostingLossName: ExpressibleByArgument {}
