// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Trees of one depth, or nearly, as levels: no pointers, and half of the memory.
///
/// Level l holds the nodes of depth l of all trees, tree by tree: node i has the children 2i and 2i + 1 of
/// level l + 1, and node t of level 0 is the root of tree t. So a step is one comparison and one addition,
/// `i = 2i + (row[slot] <= threshold)`, and eight walks share the two arrays of their level. A leaf that lies
/// higher than the deepest ones is repeated below. Slots and missing values are those of `TreeForest`.
///
/// Against nodes with offsets, one row of 100 trees of depth 6 takes half of the time
/// (docs/internals/kernels.md).
struct LevelForest<Value: TreeValue, Sum: MarginNumber>: Sendable {
    let depth: Int
    /// For each tree the output that its leaves are added to.
    let groups: [Int32]
    /// All levels one after the other: level l begins at treeCount * (2^l - 1).
    let thresholds: [Value]
    /// Where the gathered row holds what each node reads.
    let places: [UInt16]
    /// Shape [trees, 2^depth].
    let leaves: [Sum]
    let slots: TreeSlots
    let total: TreeTotal<Sum>
    let inputCount: Int

    var treeCount: Int { groups.count }
}

extension TreeForestBuilder {
    /// The most levels; deeper trees are seldom full.
    private static var levelsMax: Int { 10 }
    /// Beyond so many leaves the second form of a model is not worth its memory.
    private static var levelLeavesMax: Int { 1 << 22 }

    /// Nil when levels would not pay: leaves that are not numbers, more slots than sixteen bits count, trees
    /// so uneven that most of the levels would be repetition.
    func levelForest<Value: TreeValue, Sum: MarginNumber>(
        of _: Value.Type, sums _: Sum.Type
    ) -> LevelForest<Value, Sum>? {
        let depth = trees.map(\.depth).max() ?? 0
        guard !trees.isEmpty, depth <= Self.levelsMax, !ensemble.hasLeafVectors,
            ensemble.linearLeaves == nil
        else { return nil }
        let leafCount = nodes.count { $0.slot == nil && $0.source >= 0 }
        let (slots, indices) = slotTable()
        guard trees.count << depth <= min(2 * leafCount, Self.levelLeavesMax),
            slots.count * slotStride <= Int(UInt16.max)
        else {
            return nil
        }
        let nodeCount = trees.count * (1 << depth - 1)
        var thresholds = Array(repeating: Value.nan, count: nodeCount)
        var places = Array(repeating: UInt16(0), count: nodeCount)
        var leaves = Array(repeating: Sum(0), count: trees.count << depth)
        for (tree, compiled) in trees.enumerated() {
            var open = [(place: compiled.start, level: 0, index: tree)]
            while let (place, level, index) = open.popLast() {
                let node = nodes[place]
                guard let slot = node.slot, let slotIndex = indices[slot] else {
                    // A leaf: whatever is compared below it, which is nothing, leads to its value.
                    let below = depth - level
                    for leaf in index << below..<(index + 1) << below {
                        leaves[leaf] = Sum(ensemble.values[node.source])
                    }
                    continue
                }
                let position = trees.count * (1 << level - 1) + index
                thresholds[position] = threshold(node)
                places[position] = UInt16(slotIndex * slotStride)
                open.append((place + node.offset, level + 1, 2 * index))
                open.append((place + node.offset + 1, level + 1, 2 * index + 1))
            }
        }
        return LevelForest(
            depth: depth, groups: ensemble.groups, thresholds: thresholds, places: places, leaves: leaves,
            slots: TreeSlots(slots, ensemble), total: TreeTotal(ensemble), inputCount: inputCount)
    }
}
