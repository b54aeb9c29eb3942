// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// A number that some node reads: a feature, its negative, or what a set of categories says of it.
struct TreeSlot: Sendable, Hashable, Comparable {
    var feature: UInt32
    /// The slot holds -x.
    var isNegative = false
    /// A zero is missing too.
    var zeroIsMissing = false
    /// The set of a categorical node: the slot holds 0 for a member and 1 for others. -1 for a numeric node.
    var set: Int32 = -1

    /// Plain slots first, which the gathering copies without a question, those with x before those with -x;
    /// then zeros that are missing; then the sets, feature by feature. Each kind by feature, so that it reads
    /// forward.
    static func < (left: TreeSlot, right: TreeSlot) -> Bool {
        func rank(_ slot: TreeSlot) -> (Int, UInt32, Int32, Int) {
            let sign = slot.isNegative ? 1 : 0
            return slot.isPlain
                ? (sign, slot.feature, -1, 0) : (slot.set < 0 ? 2 : 3, slot.feature, slot.set, sign)
        }
        return rank(left) < rank(right)
    }

    var isPlain: Bool { !zeroIsMissing && set < 0 }

    /// What the slot holds for the number `value` of its feature.
    func number<Value: TreeValue>(
        _ value: Value, _ categories: TreeCategories?, _ rule: TreeRules.CategoryRule
    ) -> Value {
        if value.isNaN { return value }
        if set >= 0, let categories {
            let isMember = categories.contains(Double(value), set: Int(set), rule: rule)
            return (isMember ? 0 as Value : 1).withSign(flipped: isNegative)
        }
        if zeroIsMissing, abs(Double(value)) <= TreeRules.zeroLimit { return .nan }
        return value.withSign(flipped: isNegative)
    }
}
