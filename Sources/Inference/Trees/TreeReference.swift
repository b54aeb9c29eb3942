// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import Tabular

/// The slow, obvious walk that defines what `TreeForest` must answer, bit for bit.
///
/// `row` holds what the ensemble's input type can: Float32 numbers where that is FP32.
func referenceMargins(_ trees: TreeEnsemble, row: [Double]) -> [Double] {
    let onBase = trees.rules.aggregation == .onBase
    var margins = onBase ? trees.baseMargins : trees.baseMargins.map { _ in 0 }
    func rounded(_ number: Double) -> Double {
        trees.rules.sumType == .float32 ? Double(Float(number)) : number
    }
    for tree in 0..<trees.treeCount {
        let leaf = referenceLeaf(trees, tree: tree, row: row)
        if trees.hasLeafVectors {
            for output in margins.indices {
                margins[output] = rounded(
                    margins[output] + trees.leafVectors[leaf.index * margins.count + output])
            }
        } else {
            let group = Int(trees.groups[tree])
            margins[group] = rounded(margins[group] + referenceLeafValue(trees, leaf, row: row))
        }
    }
    for output in margins.indices {
        switch trees.rules.aggregation {
        case .onBase: break
        case .scaled(let scale):
            margins[output] = rounded(rounded(scale * margins[output]) + trees.baseMargins[output])
        case .average:
            let count = trees.hasLeafVectors ? trees.treeCount : trees.groups.count { $0 == output }
            if count > 0 { margins[output] = rounded(margins[output] / Double(count)) }
            margins[output] = rounded(margins[output] + trees.baseMargins[output])
        }
    }
    return margins
}

/// The node that `row` ends on in tree `tree`, and its index among all leaves.
func referenceLeaf(_ trees: TreeEnsemble, tree: Int, row: [Double]) -> (node: Int, index: Int) {
    var node = Int(trees.roots[tree])
    while trees.features[node] >= 0 { node = referenceStep(trees, node, row) }
    return (node, trees.features[..<node].count { $0 == -1 })
}

/// The child of inner node `node` that `row` goes to.
func referenceStep(_ trees: TreeEnsemble, _ node: Int, _ row: [Double]) -> Int {
    let value = row[Int(trees.features[node])]
    let zeroIsMissing = !trees.zerosMissing.isEmpty && trees.zerosMissing[node]
    let set = trees.categories.map { Int($0.sets[node]) } ?? -1
    let goesLeft: Bool
    if value.isNaN || (set < 0 && zeroIsMissing && abs(value) <= TreeRules.zeroLimit) {
        goesLeft = trees.defaultsLeft[node]
    } else if let categories = trees.categories, set >= 0 {
        goesLeft = categories.contains(value, set: set, rule: trees.rules.categoryRule)
    } else if trees.rules.comparison == .less {
        goesLeft = value < trees.values[node]
    } else {
        goesLeft = value <= trees.values[node]
    }
    return Int(goesLeft ? trees.lefts[node] : trees.rights[node])
}

private func referenceLeafValue(_ trees: TreeEnsemble, _ leaf: (node: Int, index: Int), row: [Double])
    -> Double
{
    let plain = trees.values[leaf.node]
    guard let linear = trees.linearLeaves else { return plain }
    var sum = linear.constants[leaf.index]
    for term in Int(linear.starts[leaf.index])..<Int(linear.starts[leaf.index + 1]) {
        let value = row[Int(linear.features[term])]
        if value.isNaN { return plain }
        sum += linear.coefficients[term] * value
    }
    return sum
}
