// SPDX-License-Identifier: Apache-2.0

/// `feature_importances_` of scikit-learn's trees, which no file holds: how much of the impurity the splits
/// on each column took away.
struct SkopsImportances: ~Escapable {
    private let archive: SkopsArchive
    /// Columns.
    private let count: Int

    @_lifetime(copy archive)
    init(_ archive: SkopsArchive, count: Int) {
        self.archive = archive
        self.count = count
    }

    /// One share a column, 1 in all; nil for other models than trees, their forests and gradient boosting.
    func gains(of model: SkopsNode) throws(FormatError) -> [Double]? {
        guard model.module.hasPrefix("sklearn.") else { return nil }
        switch model.className {
        case "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor":
            return SkopsImportances.shares(try gains(ofTree: model) ?? zeros)
        case "RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor":
            return try mean(of: model, areShares: true)
        case "GradientBoostingClassifier", "GradientBoostingRegressor":
            return try mean(of: model, areShares: false)
        default: return nil
        }
    }

    private var zeros: [Double] { [Double](repeating: 0, count: count) }

    /// Over the trees that split at all.
    private func mean(of model: SkopsNode, areShares: Bool) throws(FormatError) -> [Double] {
        var sums = zeros
        var treeCount = 0.0
        for tree in SkopsEstimator.flatten(try model.require("estimators_")) {
            guard var gains = try gains(ofTree: tree) else { continue }
            if areShares { gains = SkopsImportances.shares(gains) }
            for (column, gain) in gains.enumerated() { sums[column] += gain }
            treeCount += 1
        }
        return treeCount == 0 ? sums : SkopsImportances.shares(sums.map { $0 / treeCount })
    }

    /// Nil for a tree of one leaf.
    private func gains(ofTree estimator: SkopsNode) throws(FormatError) -> [Double]? {
        let tree = try estimator.require("tree_")
        let part = tree.path
        let nodes = try archive.array(try tree.require("nodes"))
        if nodes.count < 2 { return nil }
        let lefts = try nodes.integers("left_child", part: part)
        let rights = try nodes.integers("right_child", part: part)
        let features = try nodes.integers("feature", part: part)
        let impurities = try nodes.doubles("impurity", part: part)
        let weights = try nodes.doubles("weighted_n_node_samples", part: part)
        var gains = zeros
        for node in 0..<nodes.count where lefts[node] != -1 {
            let (left, right, column) = (lefts[node], rights[node], features[node])
            guard weights.indices.contains(left), weights.indices.contains(right),
                gains.indices.contains(column)
            else {
                throw .invalidValue(
                    part: "\(part), node \(node)", reason: "a child or a column is not there")
            }
            gains[column] +=
                weights[node] * impurities[node] - weights[left] * impurities[left]
                - weights[right] * impurities[right]
        }
        return gains.map { $0 / weights[0] }
    }

    private static func shares(_ gains: [Double]) -> [Double] {
        let sum = gains.reduce(0, +)
        return sum > 0 ? gains.map { $0 / sum } : gains
    }
}
