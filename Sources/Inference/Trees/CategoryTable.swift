// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// What all sets that nodes ask of one feature say of each code: one row a code, one entry a slot.
///
/// A model with categories has a set a node, thousands of them. Asking each for each row of a request takes
/// longer than the walk; copying a row of answers takes about a nanosecond a slot.
struct CategoryTable: Sendable {
    let feature: Int
    let firstSlot: Int
    private let slotCount: Int
    /// Codes from 0 that some set knows; the table has one row more, for all other numbers.
    private let codeCount: Int
    private let rule: TreeRules.CategoryRule
    /// 0 for a member, else 1, or -1 where the slot is negative.
    private let entries: [Int8]

    /// The most entries of a model's tables.
    private static let entryCountMax = 1 << 24

    /// The tables for the sets among `slots`, which are the last of them, feature by feature; none when they
    /// would be too large.
    static func tables(_ slots: [TreeSlot], _ ensemble: TreeEnsemble) -> [CategoryTable] {
        guard let categories = ensemble.categories else { return [] }
        var tables: [CategoryTable] = []
        var entryCount = 0
        var first = slots.firstIndex { $0.set >= 0 } ?? slots.count
        while first < slots.count {
            let feature = slots[first].feature
            let end = slots[first...].firstIndex { $0.feature != feature } ?? slots.count
            let codeCount =
                slots[first..<end].map { slot in
                    32 * Int(categories.starts[Int(slot.set) + 1] - categories.starts[Int(slot.set)])
                }.max() ?? 0
            // Neither factor is above 2^31.
            entryCount += (codeCount + 1) * (end - first)
            guard entryCount <= entryCountMax else { return [] }
            tables.append(
                CategoryTable(
                    Array(slots[first..<end]), first: first, codeCount: codeCount, categories,
                    ensemble.rules.categoryRule))
            first = end
        }
        return tables
    }

    private init(
        _ slots: [TreeSlot], first: Int, codeCount: Int, _ categories: TreeCategories,
        _ rule: TreeRules.CategoryRule
    ) {
        feature = Int(slots[0].feature)
        firstSlot = first
        slotCount = slots.count
        self.codeCount = codeCount
        self.rule = rule
        var entries: [Int8] = []
        entries.reserveCapacity((codeCount + 1) * slots.count)
        for code in 0...codeCount {
            for slot in slots {
                let isMember =
                    code < codeCount && categories.contains(Double(code), set: Int(slot.set), rule: rule)
                entries.append(isMember ? 0 : slot.isNegative ? -1 : 1)
            }
        }
        self.entries = entries
    }

    /// Puts what the slots hold for the number `value` into every `slotStride`th place from `target` on.
    @inline(__always) func write<Value: TreeValue>(_ value: Value, to target: UnsafeMutablePointer<Value>) {
        // Safe because the caller has a place for each slot from `target` on.
        var target = unsafe target
        if value.isNaN {
            for _ in 0..<slotCount {
                unsafe target.pointee = value
                unsafe target += slotStride
            }
            return
        }
        let isCode = rule == .truncated ? value > -1 : value >= 0
        let code = isCode && value < Value(codeCount) ? Int(value) : codeCount
        // Safe because a code is at most `codeCount`, and the table has a row more.
        unsafe entries.withUnsafeBufferPointer { entries in
            for index in code &* slotCount..<(code &+ 1) &* slotCount {
                unsafe target.pointee = Value(entries[index])
                unsafe target += slotStride
            }
        }
    }
}
