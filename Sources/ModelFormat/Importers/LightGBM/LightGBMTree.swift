// SPDX-License-Identifier: Apache-2.0
import Base

/// One tree as LightGBM's text has it: parallel arrays over inner nodes and, apart, over leaves.
///
/// A child from 0 up is an inner node, one below is the leaf `~child`.
struct LightGBMTree {
    var leafCount = 0
    var features: [Int32] = []
    var thresholds: [Double] = []
    var decisions: [Int32] = []
    var lefts: [Int32] = []
    var rights: [Int32] = []
    var leafValues: [Double] = []
    /// Rows of training at each leaf and inner node; empty in a file without them.
    var leafCounts: [Double] = []
    var internalCounts: [Double] = []
    var categoryBoundaries: [Int32] = []
    var categoryWords: [UInt32] = []
    var isLinear = false
    var leafConstants: [Double] = []
    var leafFeatureCounts: [Int32] = []
    var leafFeatures: [Int32] = []
    var leafCoefficients: [Double] = []
    private var hasLeafCount = false

    /// Forgets the tree, but keeps its memory.
    private mutating func clear() {
        leafCount = 0
        hasLeafCount = false
        isLinear = false
        features.removeAll(keepingCapacity: true)
        thresholds.removeAll(keepingCapacity: true)
        decisions.removeAll(keepingCapacity: true)
        lefts.removeAll(keepingCapacity: true)
        rights.removeAll(keepingCapacity: true)
        leafValues.removeAll(keepingCapacity: true)
        leafCounts.removeAll(keepingCapacity: true)
        internalCounts.removeAll(keepingCapacity: true)
        categoryBoundaries.removeAll(keepingCapacity: true)
        categoryWords.removeAll(keepingCapacity: true)
        leafConstants.removeAll(keepingCapacity: true)
        leafFeatureCounts.removeAll(keepingCapacity: true)
        leafFeatures.removeAll(keepingCapacity: true)
        leafCoefficients.removeAll(keepingCapacity: true)
    }

    /// Reads the lines behind `Tree=`, up to and with the empty line that ends them.
    mutating func read(_ lines: inout LightGBMLines, part: String) throws(FormatError) {
        clear()
        var names = MemberNames()
        while lines.advance(), !lines.isEmpty {
            let name = lines.name
            if !names.insert(name) { throw .duplicateName(part: part, name: name) }
            switch name {
            case "num_leaves":
                leafCount = try lines.integer()
                hasLeafCount = true
            case "split_feature": try lines.readIntegers(into: &features)
            case "threshold": try lines.readDoubles(into: &thresholds)
            case "decision_type": try lines.readIntegers(into: &decisions)
            case "left_child": try lines.readIntegers(into: &lefts)
            case "right_child": try lines.readIntegers(into: &rights)
            case "leaf_value": try lines.readDoubles(into: &leafValues)
            case "leaf_count": try lines.readDoubles(into: &leafCounts)
            case "internal_count": try lines.readDoubles(into: &internalCounts)
            case "cat_boundaries": try lines.readIntegers(into: &categoryBoundaries)
            case "cat_threshold": try lines.readWords(into: &categoryWords)
            case "is_linear": isLinear = try lines.integer() != 0
            case "leaf_const": try lines.readDoubles(into: &leafConstants)
            case "num_features": try lines.readIntegers(into: &leafFeatureCounts)
            case "leaf_features": try lines.readIntegers(into: &leafFeatures)
            case "leaf_coeff": try lines.readDoubles(into: &leafCoefficients)
            default: break
            }
        }
        if !hasLeafCount { throw .missingPart("\(part): num_leaves") }
        try checkCounts(part)
    }

    private func checkCounts(_ part: String) throws(FormatError) {
        if leafCount < 1 { throw .invalidValue(part: "\(part): num_leaves", reason: "it is below 1") }
        // A tree of one leaf has no splits, but some versions write empty or one-element lists for it.
        if leafCount > 1 {
            let inner = leafCount - 1
            let counts = [
                ("split_feature", features.count), ("threshold", thresholds.count),
                ("decision_type", decisions.count), ("left_child", lefts.count),
                ("right_child", rights.count),
            ]
            for (name, count) in counts where count != inner {
                throw .wrongShape(part: "\(part): \(name)", expected: "[\(inner)]", found: "[\(count)]")
            }
        }
        if leafValues.count != leafCount {
            throw .wrongShape(
                part: "\(part): leaf_value", expected: "[\(leafCount)]", found: "[\(leafValues.count)]")
        }
        try checkCategories(part)
        if isLinear { try checkLinearLeaves(part) }
    }

    /// Boundaries begin with 0, never fall, and end with the count of words.
    private func checkCategories(_ part: String) throws(FormatError) {
        guard let last = categoryBoundaries.last else { return }
        var previous: Int32 = 0
        for (index, boundary) in categoryBoundaries.enumerated() {
            if boundary < previous || index == 0 && boundary != 0 {
                throw .invalidValue(
                    part: "\(part): cat_boundaries[\(index)]", reason: "\(boundary) is too small")
            }
            previous = boundary
        }
        if Int(last) != categoryWords.count {
            throw .wrongShape(
                part: "\(part): cat_threshold", expected: "[\(last)]", found: "[\(categoryWords.count)]")
        }
    }

    private func checkLinearLeaves(_ part: String) throws(FormatError) {
        for (name, count) in [("leaf_const", leafConstants.count), ("num_features", leafFeatureCounts.count)]
        where count != leafCount {
            throw .wrongShape(part: "\(part): \(name)", expected: "[\(leafCount)]", found: "[\(count)]")
        }
        var total = 0
        for (leaf, count) in leafFeatureCounts.enumerated() {
            if count < 0 {
                throw .invalidValue(part: "\(part): num_features[\(leaf)]", reason: "it is negative")
            }
            total += Int(count)
        }
        for (name, count) in [("leaf_features", leafFeatures.count), ("leaf_coeff", leafCoefficients.count)]
        where count != total {
            throw .wrongShape(part: "\(part): \(name)", expected: "[\(total)]", found: "[\(count)]")
        }
    }

    /// The words of the set of categories that node `node` looks for.
    func categorySet(of node: Int, part: String) throws(FormatError) -> Range<Int> {
        guard let index = Int(exactly: thresholds[node]), index >= 0, index < categoryBoundaries.count - 1
        else {
            throw .invalidValue(
                part: "\(part): threshold[\(node)]",
                reason: "\(thresholds[node]) is no set of \(max(0, categoryBoundaries.count - 1))")
        }
        return Int(categoryBoundaries[index])..<Int(categoryBoundaries[index + 1])
    }
}
