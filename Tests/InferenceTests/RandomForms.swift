// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// What an ensemble may have beyond numeric splits and one number a leaf.
struct EnsembleForm: Sendable {
    var rules = TreeRules()
    var zerosMissing = false
    var categories = false
    var vectors = false
    var linear = false

    /// One of each library's, and a few that mix.
    static let all: [EnsembleForm] = [
        EnsembleForm(),
        EnsembleForm(categories: true),
        EnsembleForm(vectors: true),
        EnsembleForm(categories: true, vectors: true),
        EnsembleForm(rules: TreeRules(comparison: .lessOrEqual, aggregation: .average)),
        EnsembleForm(rules: TreeRules(comparison: .lessOrEqual, aggregation: .scaled(0.5)), vectors: true),
        EnsembleForm(rules: lightGBM),
        EnsembleForm(rules: lightGBM, zerosMissing: true),
        EnsembleForm(rules: lightGBM, categories: true),
        EnsembleForm(rules: lightGBM, zerosMissing: true, categories: true, linear: true),
        EnsembleForm(rules: catBoost),
        EnsembleForm(rules: catBoost, categories: true, vectors: true),
        EnsembleForm(
            rules: TreeRules(sumType: .float64, comparison: .lessOrEqual, aggregation: .average),
            vectors: true),
        EnsembleForm(rules: TreeRules(sumType: .float64, comparison: .less)),
        EnsembleForm(rules: TreeRules(inputType: .float64, sumType: .float64, comparison: .less)),
    ]

    static let lightGBM = TreeRules(
        inputType: .float64, sumType: .float64, comparison: .lessOrEqual, categoryRule: .truncated)
    static let catBoost = TreeRules(
        sumType: .float64, comparison: .lessOrEqual, aggregation: .scaled(1.25))
}

extension RandomSource {
    /// Numbers that a Float32 is not, close to some that are; and zeros of every size.
    mutating func awkwardDouble() -> Double {
        switch Int.random(in: 0..<14, using: &self) {
        case 0: 1.0.nextUp
        case 1: 1.0.nextDown
        case 2: TreeRules.zeroLimit
        case 3: -TreeRules.zeroLimit
        case 4: TreeRules.zeroLimit.nextUp
        case 5: .leastNonzeroMagnitude
        case 6: .greatestFiniteMagnitude
        case 7: -.greatestFiniteMagnitude
        case 8: 0.1
        case 9: -0.5
        default: Double(awkwardFloat())
        }
    }

    mutating func number(_ type: NumberType) -> Double {
        type == .float32 ? Double(awkwardFloat()) : awkwardDouble()
    }
}

/// A random ensemble of the form; its thresholds are Float64 where sums are.
func randomEnsemble(
    _ shape: EnsembleShape, _ form: EnsembleForm, _ random: inout RandomSource
) -> TreeEnsemble {
    var ensemble = randomEnsemble(shape, &random)
    ensemble.rules = form.rules
    let nodeCount = ensemble.nodeCount
    let leafCount = ensemble.features.count { $0 < 0 }
    func leafNumber() -> Double {
        form.rules.sumType == .float32 ? Double(random.float()) : Double.random(in: -2...2, using: &random)
    }
    for node in 0..<nodeCount {
        if ensemble.features[node] < 0 {
            ensemble.values[node] = leafNumber()
        } else if form.rules.sumType == .float64, random.chance(0.5) {
            let threshold = random.awkwardDouble()
            ensemble.values[node] = threshold.isNaN ? 0.1 : threshold
        }
    }
    if form.zerosMissing {
        ensemble.zerosMissing = (0..<nodeCount).map { ensemble.features[$0] >= 0 && random.chance(0.3) }
    }
    if form.categories { ensemble.categories = randomCategories(ensemble, &random) }
    if form.vectors {
        ensemble.groups = ensemble.groups.map { _ in 0 }
        ensemble.leafVectors = (0..<leafCount * ensemble.outputCount).map { _ in leafNumber() }
    }
    if form.linear {
        var leaves = LinearLeaves(constants: (0..<leafCount).map { _ in leafNumber() })
        for _ in 0..<leafCount {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                leaves.features.append(Int32.random(in: 0..<Int32(shape.features), using: &random))
                leaves.coefficients.append(leafNumber())
            }
            leaves.starts.append(Int32(leaves.features.count))
        }
        ensemble.linearLeaves = leaves
    }
    return ensemble
}

private func randomCategories(_ ensemble: TreeEnsemble, _ random: inout RandomSource) -> TreeCategories {
    var categories = TreeCategories()
    for _ in 0..<12 {
        let words = Int.random(in: 0...2, using: &random)
        for _ in 0..<words { categories.words.append(UInt32(truncatingIfNeeded: random.next())) }
        categories.starts.append(Int32(categories.words.count))
    }
    categories.sets = ensemble.features.map { feature in
        feature >= 0 && random.chance(0.4) ? Int32.random(in: 0..<12, using: &random) : -1
    }
    return categories
}
