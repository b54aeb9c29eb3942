// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// A tree ensemble compiled for the walk: flat nodes, both children of a node side by side, no branch in a step.
///
/// **Missing values cost nothing.** A comparison with NaN is false, and false leads to `base`. A node whose
/// missing values go right keeps its right child there and asks `x <= t` with t the number below the threshold
/// (the same as `x < threshold`). A node whose missing values go left keeps its *left* child there and asks the
/// opposite, `-x <= -threshold`. So there is one kernel, and no test for NaN in it; the negated numbers stand
/// in slots of their own. A *slot* is a feature with a sign, as some node reads it.
///
/// **Gathering.** Before the walk the slots of a row are copied out of the request's block, side by side: rows of
/// many features of which the trees read few become short, and a feature index of any size becomes a small one.
///
/// Nodes lie breadth first; a tree starts on an even index, so that a pair of children shares a cache line.
struct TreeForest<Node: TreeNode>: Sendable {
    /// All trees' nodes; index 1 of each tree is unused.
    let nodes: [Node]
    /// What a leaf adds, parallel to `nodes`; 0 at inner nodes.
    let leafValues: [Float]
    let trees: [Tree]
    let slots: [Slot]
    let baseMargins: [Float]
    let inputCount: Int

    struct Tree: Sendable {
        /// Index of the root in `nodes`.
        var start: Int
        /// Steps from the root to the deepest leaf.
        var depth: Int
        var group: Int
    }

    struct Slot: Sendable, Hashable {
        var feature: UInt32
        /// XORed to the number: the sign bit where the slot holds -x, else 0.
        var signMask: UInt32
    }
}

/// Lays nodes out for `TreeForest`; checks every index of the ensemble that it follows.
struct TreeForestBuilder {
    private let ensemble: TreeEnsemble
    private let inputCount: Int
    private var seen: [Bool]

    /// Nodes in their new order, before they are packed.
    struct LaidOutNode {
        var threshold: Float
        var slot: TreeForest<WideNode>.Slot?
        var base: Int
        var leafValue: Float
    }

    private(set) var nodes: [LaidOutNode] = []
    private(set) var trees: [TreeForest<WideNode>.Tree] = []

    init(_ ensemble: TreeEnsemble, inputCount: Int) throws(InferenceError) {
        self.ensemble = ensemble
        self.inputCount = inputCount
        seen = Array(repeating: false, count: ensemble.nodeCount)
        try checkLengths()
        nodes.reserveCapacity(ensemble.nodeCount + ensemble.treeCount)
        for tree in 0..<ensemble.treeCount { try layOut(tree) }
    }

    /// Packs the laid-out nodes, or nil when an index does not fit `Node`.
    func forest<Node: TreeNode>(of _: Node.Type) -> TreeForest<Node>? {
        // Slots in the order of the features, so that gathering reads forward.
        let used = Set(nodes.compactMap(\.slot))
        let slots = used.sorted { ($0.feature, $0.signMask) < ($1.feature, $1.signMask) }
        let index = Dictionary(uniqueKeysWithValues: zip(slots, 0...))
        var packed: [Node] = []
        packed.reserveCapacity(nodes.count)
        for node in nodes {
            let slot = node.slot.flatMap { index[$0] } ?? 0
            guard let small = Node(threshold: node.threshold, slot: slot, base: node.base) else { return nil }
            packed.append(small)
        }
        return TreeForest<Node>(
            nodes: packed, leafValues: nodes.map(\.leafValue),
            trees: trees.map { .init(start: $0.start, depth: $0.depth, group: $0.group) },
            slots: slots.map { .init(feature: $0.feature, signMask: $0.signMask) },
            baseMargins: ensemble.baseMargins, inputCount: inputCount)
    }

    private func checkLengths() throws(InferenceError) {
        guard !ensemble.baseMargins.isEmpty else { throw .noOutputs }
        let nodeCount = ensemble.nodeCount
        for (name, count) in [
            ("tree values", ensemble.values.count), ("tree lefts", ensemble.lefts.count),
            ("tree rights", ensemble.rights.count), ("tree defaultsLeft", ensemble.defaultsLeft.count),
        ] where count != nodeCount {
            throw .arrayLength(name: name, expected: nodeCount, got: count)
        }
        guard ensemble.groups.count == ensemble.treeCount else {
            throw .arrayLength(name: "tree groups", expected: ensemble.treeCount, got: ensemble.groups.count)
        }
    }

    /// Breadth first from the root. A child must lie behind its parent inside the tree and have one parent, so
    /// that no cycle, and no diamond that multiplies, is ever followed.
    private mutating func layOut(_ tree: Int) throws(InferenceError) {
        let root = Int(ensemble.roots[tree])
        let end = tree + 1 < ensemble.treeCount ? Int(ensemble.roots[tree + 1]) : ensemble.nodeCount
        let group = Int(ensemble.groups[tree])
        guard root >= 0, root < end, end <= ensemble.nodeCount, group >= 0,
            group < ensemble.baseMargins.count
        else { throw .treeRange(tree: tree) }

        let start = nodes.count
        let unused = LaidOutNode(threshold: .nan, slot: nil, base: 0, leafValue: 0)
        nodes.append(unused)
        nodes.append(unused)
        // (node of the ensemble, place within the tree, depth)
        var queue: [(node: Int, place: Int, depth: Int)] = [(root, 0, 0)]
        var head = 0
        var depth = 0
        while head < queue.count {
            let (node, place, level) = queue[head]
            head += 1
            depth = max(depth, level)
            guard ensemble.features[node] >= 0 else {
                nodes[start + place] = LaidOutNode(
                    threshold: .nan, slot: nil, base: place, leafValue: ensemble.values[node])
                continue
            }
            let base = nodes.count - start
            nodes[start + place] = try innerNode(node, tree: tree, base: base)
            let children = try children(of: node, tree: tree, end: end)
            nodes.append(unused)
            nodes.append(unused)
            let missingLeft = ensemble.defaultsLeft[node]
            queue.append((missingLeft ? children.left : children.right, base, level + 1))
            queue.append((missingLeft ? children.right : children.left, base + 1, level + 1))
        }
        trees.append(.init(start: start, depth: depth, group: group))
    }

    private func innerNode(_ node: Int, tree: Int, base: Int) throws(InferenceError) -> LaidOutNode {
        let feature = Int(ensemble.features[node])
        guard feature < inputCount else {
            throw .treeNode(tree: tree, node: node, defect: .featureOutside)
        }
        let threshold = ensemble.values[node]
        // What x <= t must answer instead of x < threshold: false for every x when the threshold is -inf or NaN
        // (t is NaN), and for a node that asks the opposite true for every number that is not NaN.
        let asked: Float =
            if ensemble.defaultsLeft[node] {
                threshold.isNaN ? .infinity : -threshold
            } else {
                threshold.isNaN || threshold == -.infinity ? .nan : threshold.nextDown
            }
        let signMask: UInt32 = ensemble.defaultsLeft[node] ? 1 << 31 : 0
        return LaidOutNode(
            threshold: asked, slot: .init(feature: UInt32(feature), signMask: signMask), base: base,
            leafValue: 0)
    }

    private mutating func children(
        of node: Int, tree: Int, end: Int
    ) throws(InferenceError) -> (left: Int, right: Int) {
        let left = Int(ensemble.lefts[node])
        let right = Int(ensemble.rights[node])
        guard left > node, left < end, right > node, right < end else {
            throw .treeNode(tree: tree, node: node, defect: .childOutside)
        }
        for child in [left, right] {
            guard !seen[child] else { throw .treeNode(tree: tree, node: child, defect: .childShared) }
            seen[child] = true
        }
        return (left, right)
    }
}
