// SPDX-License-Identifier: Apache-2.0

/// How gradient-boosted trees are grown.
package struct BoostingSettings: Sendable, Equatable {
    /// Rounds at most; a classifier of more than two classes grows a tree a class in each.
    package var rounds = 150
    package var learningRate = 0.1
    /// Leaves a tree at most; the leaf that gains most is split first.
    package var leavesMax = 31
    /// Splits from the root to a leaf at most.
    package var depthMax = 4
    /// Strength of the L2 penalty on leaf values.
    package var l2 = 1.0
    /// Least sum of second derivatives in a leaf.
    package var childWeightMin = 1.0
    /// Least rows in a leaf.
    package var leafRowsMin = 1
    /// Gain below which a leaf is not split.
    package var splitGainMin = 0.0
    /// Bins a feature at most, not counting the one for missing values.
    package var binsMax = 255
    /// With validation rows: rounds without an improvement after which the growing ends.
    package var patience = 20

    package init() {}

    package func validate() throws(TrainingError) {
        try require(rounds >= 1 && rounds <= 100_000, "--rounds", "\(rounds)", "from 1 to 100000")
        try require(
            learningRate > 0 && learningRate <= 1, "--learning-rate", "\(learningRate)", "above 0, at most 1")
        try require(leavesMax >= 2 && leavesMax <= 65_536, "--max-leaves", "\(leavesMax)", "from 2 to 65536")
        try require(depthMax >= 1 && depthMax <= 64, "--max-depth", "\(depthMax)", "from 1 to 64")
        try require(l2 >= 0 && l2.isFinite, "--l2", "\(l2)", "0 or more")
        try require(
            childWeightMin >= 0 && childWeightMin.isFinite, "--min-child-weight", "\(childWeightMin)",
            "0 or more")
        try require(leafRowsMin >= 1, "--min-leaf-rows", "\(leafRowsMin)", "1 or more")
        try require(splitGainMin >= 0, "--min-split-gain", "\(splitGainMin)", "0 or more")
        try require(binsMax >= 2 && binsMax <= 255, "--max-bins", "\(binsMax)", "from 2 to 255")
        try require(patience >= 1, "--patience", "\(patience)", "1 or more")
    }

    private func require(
        _ isAllowed: Bool, _ name: String, _ value: String, _ allowed: String
    ) throws(TrainingError) {
        if !isAllowed { throw .setting(name: name, value: value, allowed: allowed) }
    }
}
