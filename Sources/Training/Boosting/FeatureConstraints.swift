// SPDX-License-Identifier: Apache-2.0

/// What features must obey, by their index.
struct FeatureConstraints: Equatable, Sendable {
    /// For each feature 1 where predictions must not fall when it rises, -1 where they must not rise, 0 for
    /// others; empty when all are 0.
    var monotone: [Int8] = []
    /// Groups of features that may stand on one path together; empty: all may.
    var interactions: [[Int]] = []
}

extension SplitFinder {
    /// The bounds of the two children: at a monotone feature they may not cross the middle between their
    /// values.
    func bounds(_ parent: LeafBounds, _ split: TreeSplit) -> (left: LeafBounds, right: LeafBounds) {
        let direction = monotone.isEmpty ? 0 : monotone[split.feature]
        guard direction != 0 else { return (parent, parent) }
        let middle = (split.leftWeight + split.rightWeight) / 2
        let below = LeafBounds(lower: parent.lower, upper: middle)
        let above = LeafBounds(lower: middle, upper: parent.upper)
        return direction > 0 ? (below, above) : (above, below)
    }
}
