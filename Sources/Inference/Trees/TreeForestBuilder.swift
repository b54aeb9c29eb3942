// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Lays the nodes of an ensemble out for `TreeForest`, and checks every index that it follows.
struct TreeForestBuilder {
    private let ensemble: TreeEnsemble
    private let inputCount: Int
    private var seen: [Bool]
    private var nodes: [LaidOutNode] = []
    private var trees: [CompiledTree] = []

    /// A node in its new place, before it is packed.
    private struct LaidOutNode {
        var threshold: Float
        var slot: TreeSlot?
        var offset: Int
        var leafValue: Float

        static let unused = LaidOutNode(threshold: .nan, slot: nil, offset: 0, leafValue: 0)
    }

    init(_ ensemble: TreeEnsemble, inputCount: Int) throws(InferenceError) {
        self.ensemble = ensemble
        self.inputCount = inputCount
        seen = Array(repeating: false, count: ensemble.nodeCount)
        try checkLengths()
        nodes.reserveCapacity(ensemble.nodeCount + ensemble.treeCount)
        for tree in 0..<ensemble.treeCount { try layOut(tree) }
    }

    /// Packs the laid-out nodes; nil when a number does not fit into `Node`.
    func forest<Node: TreeNode>(of _: Node.Type) -> TreeForest<Node>? {
        // Slots in the order of the features, so that gathering reads forward.
        let slots = Set(nodes.compactMap(\.slot)).sorted()
        let indices = Dictionary(uniqueKeysWithValues: zip(slots, 0...))
        var packed: [Node] = []
        packed.reserveCapacity(nodes.count)
        for node in nodes {
            let slot = node.slot.flatMap { indices[$0] } ?? 0
            guard let small = Node(threshold: node.threshold, slot: slot, offset: node.offset) else {
                return nil
            }
            packed.append(small)
        }
        return TreeForest<Node>(
            nodes: packed, leafValues: nodes.map(\.leafValue), trees: trees, slots: slots,
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

    /// Breadth first from the root. A child must lie behind its parent inside the tree and have one parent,
    /// so that no cycle, and no diamond that multiplies, is ever followed.
    private mutating func layOut(_ tree: Int) throws(InferenceError) {
        let root = Int(ensemble.roots[tree])
        let end = tree + 1 < ensemble.treeCount ? Int(ensemble.roots[tree + 1]) : ensemble.nodeCount
        let group = Int(ensemble.groups[tree])
        guard root >= 0, root < end, end <= ensemble.nodeCount, group >= 0,
            group < ensemble.baseMargins.count
        else { throw .treeRange(tree: tree) }

        let start = nodes.count
        nodes.append(.unused)
        nodes.append(.unused)
        var queue: [(node: Int, place: Int, level: Int)] = [(root, start, 0)]
        var head = 0
        var depth = 0
        while head < queue.count {
            let (node, place, level) = queue[head]
            head += 1
            depth = max(depth, level)
            guard ensemble.features[node] >= 0 else {
                nodes[place].leafValue = ensemble.values[node]
                continue
            }
            let base = nodes.count
            nodes[place] = try innerNode(node, tree: tree, offset: base - place)
            let children = try children(of: node, tree: tree, end: end)
            nodes.append(.unused)
            nodes.append(.unused)
            let missingLeft = ensemble.defaultsLeft[node]
            queue.append((missingLeft ? children.left : children.right, base, level + 1))
            queue.append((missingLeft ? children.right : children.left, base + 1, level + 1))
        }
        trees.append(CompiledTree(start: start, depth: depth, group: group))
    }

    private func innerNode(_ node: Int, tree: Int, offset: Int) throws(InferenceError) -> LaidOutNode {
        let feature = Int(ensemble.features[node])
        guard feature < inputCount else {
            throw .treeNode(tree: tree, node: node, defect: .featureOutside)
        }
        let threshold = ensemble.values[node]
        if ensemble.defaultsLeft[node] {
            // Right when x >= threshold; by a NaN threshold every number goes right, hence +infinity.
            return LaidOutNode(
                threshold: threshold.isNaN ? .infinity : -threshold,
                slot: TreeSlot(feature: UInt32(feature), signMask: 1 << 31), offset: offset, leafValue: 0)
        }
        // Left when x < threshold, which no number is when that is -infinity or NaN; nothing is <= NaN.
        return LaidOutNode(
            threshold: threshold == -.infinity ? .nan : threshold.nextDown,
            slot: TreeSlot(feature: UInt32(feature), signMask: 0), offset: offset, leafValue: 0)
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
