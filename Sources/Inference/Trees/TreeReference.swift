// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// The slow, obvious walk that defines what `TreeForest` must answer, bit for bit.
func referenceMargins(_ trees: TreeEnsemble, row: [Float]) -> [Float] {
    var margins = trees.baseMargins
    for (tree, root) in trees.roots.enumerated() {
        var node = Int(root)
        while trees.features[node] >= 0 {
            let value = row[Int(trees.features[node])]
            let goesLeft = value.isNaN ? trees.defaultsLeft[node] : value < trees.values[node]
            node = Int(goesLeft ? trees.lefts[node] : trees.rights[node])
        }
        margins[Int(trees.groups[tree])] += trees.values[node]
    }
    return margins
}
