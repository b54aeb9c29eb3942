// SPDX-License-Identifier: Apache-2.0

/// One tree, its nodes in the order in which they were made: children come after their parent.
struct GrownTree: Sendable {
    /// A node; a leaf when it has no split.
    struct Node: Sendable {
        var split: TreeSplit?
        /// Rows with a numeric feature below this go left.
        var threshold: Float = 0
        var left: Int32 = -1
        var right: Int32 = -1
        /// What the node adds to a margin as a leaf.
        var value: Float = 0
        /// Training rows that came by.
        var rowCount = 0
        /// The sum of their second derivatives.
        var hessian = 0.0
    }

    var nodes: [Node]
    /// The leaves, and where each one's rows are in `TreeGrower.rows`.
    var leafRows: [(node: Int, rows: Range<Int>)]
}
