// SPDX-License-Identifier: Apache-2.0

/// How gradient-boosted trees are grown.
package struct BoostingSettings: CheckedSettings, Sendable, Equatable {
    /// Rounds at most; a classifier of more than two classes grows a tree a class in each.
    package var rounds = 150
    package var learningRate = 0.1
    /// Leaves a tree at most.
    package var leavesMax = 31
    /// Splits from the root to a leaf at most.
    package var depthMax = 4
    package var growth = Growth.leafWise
    /// Strength of the L1 penalty on leaf values.
    package var l1 = 0.0
    /// Strength of the L2 penalty on leaf values.
    package var l2 = 1.0
    /// The largest leaf value before the learning rate; 0 for any.
    package var stepMax = 0.0
    /// Newton steps to a leaf's value; only for `logistic`, whose first step falls short where the rows of a
    /// leaf agree.
    package var leafSteps = 2
    /// Least sum of second derivatives in a leaf.
    package var childWeightMin = 1.0
    /// Least rows in a leaf.
    package var leafRowsMin = 1
    /// Gain below which a leaf is not split.
    package var splitGainMin = 0.0
    /// Bins a feature at most, not counting the one for missing values.
    package var binsMax = 255
    /// Whether a category is a name, and splits ask for sets of them; else it is its place in the sorted
    /// list.
    package var splitsCategories = true
    package var sampling = Sampling.all
    /// Part of the features that are drawn for each tree, of these for each level, of these for each node.
    package var columnsByTree = 1.0
    package var columnsByLevel = 1.0
    package var columnsByNode = 1.0
    package var dart: Dart?
    /// With validation rows: rounds without an improvement after which the growing ends.
    package var patience = 20
    /// An improvement counts when the loss falls by more than this.
    package var improvementMin = 0.0
    /// What chance starts from.
    package var seed: UInt64 = 0

    /// Which leaf is split next.
    package enum Growth: String, Sendable, CaseIterable {
        /// The one that gains most.
        case leafWise = "leaf"
        /// The one nearest to the root.
        case depthWise = "depth"
    }

    /// The rows that a tree is grown on.
    package enum Sampling: Sendable, Equatable {
        case all
        /// A part of them, drawn for each round.
        case bagging(fraction: Double)
        /// The rows with the largest derivatives, a part `top` of all, and of the others a part `other` of
        /// all, drawn and weighted so that they stand for all others (Ke et al. 2017).
        case goss(top: Double, other: Double)
    }

    /// Trees are left out while the next is grown, as in dropout (Rashmi and Gilad-Bachrach 2015).
    package struct Dart: Sendable, Equatable {
        /// The chance of each tree to be left out.
        package var rate = 0.1
        /// Trees left out at most.
        package var dropsMax = 50
        /// The chance that none is left out.
        package var skip = 0.5

        package init() {}
    }

    package init() {}

    package func validate() throws(TrainingError) {
        try require(rounds >= 1 && rounds <= 100_000, "--rounds", "\(rounds)", "from 1 to 100000")
        try requirePart(learningRate, "--learning-rate")
        try require(leavesMax >= 2 && leavesMax <= 65_536, "--max-leaves", "\(leavesMax)", "from 2 to 65536")
        try require(depthMax >= 1 && depthMax <= 64, "--max-depth", "\(depthMax)", "from 1 to 64")
        try requireNotNegative(l1, "--l1")
        try requireNotNegative(l2, "--l2")
        try requireNotNegative(stepMax, "--max-step")
        try requireNotNegative(childWeightMin, "--min-child-weight")
        try require(leafSteps >= 1 && leafSteps <= 10, "--leaf-steps", "\(leafSteps)", "from 1 to 10")
        try require(leafRowsMin >= 1, "--min-leaf-rows", "\(leafRowsMin)", "1 or more")
        try requireNotNegative(splitGainMin, "--min-split-gain")
        try require(binsMax >= 2 && binsMax <= 255, "--max-bins", "\(binsMax)", "from 2 to 255")
        try requirePart(columnsByTree, "--columns-by-tree")
        try requirePart(columnsByLevel, "--columns-by-level")
        try requirePart(columnsByNode, "--columns-by-node")
        try require(patience >= 1, "--patience", "\(patience)", "1 or more")
        try requireNotNegative(improvementMin, "--min-improvement")
        switch sampling {
        case .all: break
        case .bagging(let fraction): try requirePart(fraction, "--bagging")
        case .goss(let top, let other):
            try requirePart(top, "--goss-top")
            try requirePart(other, "--goss-other")
            try require(top + other <= 1, "--goss-top plus --goss-other", "\(top + other)", "at most 1")
        }
        if let dart {
            try requirePart(dart.rate, "--dart-rate")
            try require(dart.skip >= 0 && dart.skip <= 1, "--dart-skip", "\(dart.skip)", "from 0 to 1")
            try require(dart.dropsMax >= 1, "--dart-drops", "\(dart.dropsMax)", "1 or more")
        }
    }
}
