// SPDX-License-Identifier: Apache-2.0

/// A tree ensemble compiled for the walk: flat nodes, both children of a node side by side, no branch in a
/// step.
///
/// **Missing values cost nothing.** A comparison with NaN is false, and false leads to the first child. A
/// node whose missing values go right has its right child there and asks `x <= t` with t the number below
/// the threshold (the same as `x < threshold`). A node whose missing values go left has its *left* child
/// there and asks the opposite, `-x <= -threshold`. So there is one kernel, without a test for NaN; the
/// negated numbers stand in slots of their own. A *slot* is a feature with a sign, as some node reads it.
///
/// **Gathering.** Before the walk the slots of the rows are copied out of the request's block, eight rows
/// interleaved: rows of many features of which the trees read few become short, a feature index of any size
/// becomes a small one, and eight walks need one pointer to their rows.
///
/// Nodes lie breadth first; a tree starts on an even index, so that a pair of children shares a cache line.
struct TreeForest<Node: TreeNode>: Sendable {
    /// All trees' nodes; index 1 of each tree is unused.
    let nodes: [Node]
    /// What a leaf adds, parallel to `nodes`; 0 at inner nodes.
    let leafValues: [Float]
    let trees: [CompiledTree]
    let slots: [TreeSlot]
    let baseMargins: [Float]
    let inputCount: Int
}

/// Where a tree lies in the nodes of its forest.
struct CompiledTree: Sendable {
    /// Index of the root.
    var start: Int
    /// Steps from the root to the deepest leaf.
    var depth: Int
    /// The output that its leaves are added to.
    var group: Int
}

/// A number that some node reads: a feature or its negative.
struct TreeSlot: Sendable, Hashable, Comparable {
    var feature: UInt32
    /// XORed to the number: the sign bit where the slot holds -x, else 0.
    var signMask: UInt32

    static func < (left: TreeSlot, right: TreeSlot) -> Bool {
        (left.feature, left.signMask) < (right.feature, right.signMask)
    }
}
