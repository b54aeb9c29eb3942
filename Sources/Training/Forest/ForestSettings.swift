// SPDX-License-Identifier: Apache-2.0

/// How the trees of a forest are grown, each for itself.
package struct ForestSettings: CheckedSettings, Sendable, Equatable {
    package var treeCount = 100
    /// Splits from the root to a leaf at most; 0 for any number.
    package var depthMax = 0
    package var leafRowsMin = 1
    /// Part of the columns that are looked at for a split; nil: the square root of their number for classes,
    /// all for numbers.
    package var columnsByNode: Double?
    /// Whether each tree gets as many rows as there are, drawn with replacement; else all rows once.
    package var drawsRows = true
    /// Whether a column is cut at one place by chance instead of the best (extra trees).
    package var cutsByChance = false
    package var binsMax = 255
    package var seed: UInt64 = 0

    package init() {}

    package static var extraTrees: ForestSettings {
        var settings = ForestSettings()
        settings.drawsRows = false
        settings.cutsByChance = true
        return settings
    }

    package func validate() throws(TrainingError) {
        try require(treeCount >= 1 && treeCount <= 100_000, "--trees", "\(treeCount)", "from 1 to 100000")
        try require(depthMax >= 0, "--forest-depth", "\(depthMax)", "0 or more")
        try require(leafRowsMin >= 1, "--forest-leaf-rows", "\(leafRowsMin)", "1 or more")
        try require(binsMax >= 2 && binsMax <= 255, "--max-bins", "\(binsMax)", "from 2 to 255")
        if let columnsByNode { try requirePart(columnsByNode, "--forest-columns") }
    }
}
