// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// The tensors of a tree ensemble; those after `base_margins` are there when the trees need them.
extension GraphReader {
    mutating func trees(_ rules: TreeRules) throws(FormatError) -> TreeEnsemble {
        let roots: [Int32] = try vector("estimator.roots", .int32)
        let groups: [Int32] = try vector("estimator.groups", .int32, count: roots.count)
        let features = try wholeNumbers("estimator.features", count: nil)
        let count = features.count
        let values = try numbers("estimator.values", rules.sumType, count: count)
        let lefts = try children("estimator.lefts", count: count)
        let rights = try children("estimator.rights", count: count)
        let defaultsLeft = try flags("estimator.defaults_left", count: count)
        let baseMargins = try numbers("estimator.base_margins", rules.sumType)
        var ensemble = TreeEnsemble(
            rules: rules, roots: roots, groups: groups, features: features, values: values, lefts: lefts,
            rights: rights, defaultsLeft: defaultsLeft, baseMargins: baseMargins)
        if holds("estimator.zeros_missing") {
            ensemble.zerosMissing = try flags("estimator.zeros_missing", count: count)
        }
        if holds("estimator.category_sets") { ensemble.categories = try categories(nodeCount: count) }
        if holds("estimator.leaf_vectors") {
            let leafCount = features.count { $0 == -1 }
            ensemble.leafVectors = try numbers("estimator.leaf_vectors", rules.sumType, rows: leafCount)
        }
        if holds("estimator.linear_constants") { ensemble.linearLeaves = try linearLeaves() }
        if holds("estimator.covers") {
            ensemble.covers =
                if let narrow = try narrow("estimator.covers", count: count, rows: nil) {
                    narrow.map { Float($0) }
                } else {
                    try vector("estimator.covers", .float32, count: count)
                }
        }
        if holds("estimator.leaf_numbers") {
            ensemble.leafNumbers = try vector("estimator.leaf_numbers", .int32)
        }
        return ensemble
    }

    private mutating func flags(_ name: String, count: Int) throws(FormatError) -> [Bool] {
        let flags: [UInt8] = try vector(name, .bool, count: count)
        if flags.contains(where: { $0 > 1 }) {
            throw .invalidValue(part: name, reason: "a boolean is neither 0 nor 1")
        }
        return flags.map { $0 == 1 }
    }

    private mutating func categories(nodeCount: Int) throws(FormatError) -> TreeCategories {
        let sets: [Int32] = try vector("estimator.category_sets", .int32, count: nodeCount)
        let starts: [Int32] = try vector("estimator.category_starts", .int32)
        let words: [Int32] = try vector("estimator.category_words", .int32)
        return TreeCategories(
            sets: sets, starts: starts, words: words.map { UInt32(bitPattern: $0) })
    }

    private mutating func linearLeaves() throws(FormatError) -> LinearLeaves {
        let constants: [Double] = try vector("estimator.linear_constants", .float64)
        let starts: [Int32] = try vector("estimator.linear_starts", .int32)
        let features: [Int32] = try vector("estimator.linear_features", .int32)
        let coefficients: [Double] = try vector("estimator.linear_coefficients", .float64)
        return LinearLeaves(
            constants: constants, starts: starts, features: features, coefficients: coefficients)
    }
}
