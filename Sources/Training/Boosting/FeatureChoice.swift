// SPDX-License-Identifier: Apache-2.0

/// Which features a node may be split by: those drawn for the tree, the level and the node, and of these the
/// ones that may stand together with the features above it.
struct FeatureChoice {
    private let featureCount: Int
    private let settings: BoostingSettings
    /// For each group of features that may interact, whether a feature is in it.
    private let groups: [[Bool]]
    private var seed: UInt64 = 0
    private var ofTree: [Int] = []
    private var ofLevels: [[Int]] = []

    /// `groups` names features by index; without groups all may stand together, and a feature in none stands
    /// alone.
    init(_ settings: BoostingSettings, featureCount: Int, groups: [[Int]] = []) {
        self.settings = settings
        self.featureCount = featureCount
        var masks: [[Bool]] = []
        var isGrouped = [Bool](repeating: false, count: featureCount)
        for group in groups {
            var mask = [Bool](repeating: false, count: featureCount)
            for feature in group {
                mask[feature] = true
                isGrouped[feature] = true
            }
            masks.append(mask)
        }
        if !groups.isEmpty {
            for feature in 0..<featureCount where !isGrouped[feature] {
                masks.append((0..<featureCount).map { $0 == feature })
            }
        }
        self.groups = masks
    }

    /// Whether every node may be split by every feature.
    var isAll: Bool {
        groups.isEmpty && settings.columnsByTree >= 1 && settings.columnsByLevel >= 1
            && settings.columnsByNode >= 1
    }

    var hasGroups: Bool { !groups.isEmpty }

    /// Draws the features of a tree.
    mutating func start(seed: UInt64) {
        self.seed = seed
        ofTree = draw(Array(0..<featureCount), settings.columnsByTree, seed)
        ofLevels = []
    }

    /// For each feature whether the node may be split by it; nil for any. `above` are the features of the
    /// splits above the node.
    mutating func allowed(depth: Int, nodeSeed: UInt64, above: [Int]) -> [Bool]? {
        if isAll { return nil }
        while ofLevels.count <= depth {
            let levelSeed = RandomSource.mixed(seed, UInt64(ofLevels.count) &+ 0x1_0000_0001)
            ofLevels.append(draw(ofTree, settings.columnsByLevel, levelSeed))
        }
        let drawn = draw(ofLevels[depth], settings.columnsByNode, nodeSeed)
        var allowed = [Bool](repeating: false, count: featureCount)
        for feature in drawn { allowed[feature] = true }
        guard hasGroups else { return allowed }
        let open = groups.filter { group in above.allSatisfy { group[$0] } }
        for feature in drawn { allowed[feature] = open.contains { $0[feature] } }
        return allowed
    }

    private func draw(_ features: [Int], _ fraction: Double, _ seed: UInt64) -> [Int] {
        if fraction >= 1 { return features }
        let count = max(1, Int((Double(features.count) * fraction).rounded()))
        var random = RandomSource(seed: seed)
        var features = features
        for index in 0..<min(count, features.count) {
            features.swapAt(index, index + random.index(below: features.count - index))
        }
        return features.prefix(count).sorted()
    }
}
