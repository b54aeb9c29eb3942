// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Lays the nodes of an ensemble out for `TreeForest`, and checks every index that it follows.
struct TreeForestBuilder {
    let ensemble: TreeEnsemble
    let inputCount: Int
    private var seen: [Bool]
    /// The leaves before each node of the ensemble.
    private(set) var leafIndices: [Int32] = []
    private(set) var nodes: [LaidOutNode] = []
    private(set) var trees: [CompiledTree] = []

    /// A node in its new place, before it is packed.
    struct LaidOutNode {
        /// The node of the ensemble that it was; -1 when the place is unused.
        var source: Int
        /// What it reads; nil for a leaf.
        var slot: TreeSlot?
        var offset: Int

        static let unused = LaidOutNode(source: -1, slot: nil, offset: 0)
    }

    init(_ ensemble: TreeEnsemble, inputCount: Int) throws(InferenceError) {
        self.ensemble = ensemble
        self.inputCount = inputCount
        seen = Array(repeating: false, count: ensemble.nodeCount)
        try checkLengths()
        nodes.reserveCapacity(ensemble.nodeCount + ensemble.treeCount)
        for tree in 0..<ensemble.treeCount { try layOut(tree) }
        leafIndices.reserveCapacity(ensemble.nodeCount)
        var leafCount: Int32 = 0
        for feature in ensemble.features {
            leafIndices.append(leafCount)
            if feature < 0 { leafCount += 1 }
        }
        try checkLeaves(Int(leafCount))
    }

    /// Packs the laid-out nodes; nil when a number does not fit into `Node`.
    func forest<Node: TreeNode, Sum: MarginNumber>(
        of _: Node.Type, sums _: Sum.Type
    ) -> TreeForest<Node, Sum>? {
        let (slots, indices) = slotTable()
        var packed: [Node] = []
        packed.reserveCapacity(nodes.count)
        for node in nodes {
            let slot = node.slot.flatMap { indices[$0] } ?? 0
            guard let small = Node(threshold: threshold(node), slot: slot, offset: node.offset) else {
                return nil
            }
            packed.append(small)
        }
        return TreeForest(
            nodes: packed, leaves: leaves(), trees: trees, slots: TreeSlots(slots, ensemble),
            total: TreeTotal(ensemble), inputCount: inputCount)
    }

    /// All slots that nodes read, sorted, and the index of each.
    func slotTable() -> ([TreeSlot], [TreeSlot: Int]) {
        let slots = Set(nodes.compactMap(\.slot)).sorted()
        return (slots, Dictionary(uniqueKeysWithValues: zip(slots, 0...)))
    }

    func threshold<Value: TreeValue>(_ node: LaidOutNode) -> Value {
        guard let slot = node.slot else { return .nan }
        let bound: Value =
            slot.set >= 0 ? 0 : .bound(ensemble.values[node.source], ensemble.rules.comparison)
        return slot.isNegative ? .opposite(bound) : bound
    }

    private func leaves<Sum: MarginNumber>() -> TreeLeaves<Sum> {
        let isManifold = ensemble.hasLeafVectors || ensemble.linearLeaves != nil
        return TreeLeaves(
            values: nodes.map { $0.slot == nil && $0.source >= 0 ? Sum(ensemble.values[$0.source]) : 0 },
            indices: isManifold ? nodes.map { $0.source < 0 ? 0 : leafIndices[$0.source] } : [],
            numbers: leafNumbers(), vectors: ensemble.leafVectors.map { Sum($0) },
            linear: ensemble.linearLeaves)
    }

    /// What each place's leaf is called; 0 at inner nodes.
    private func leafNumbers() -> [Int32] {
        var numbers = Array(repeating: Int32(0), count: nodes.count)
        for (tree, compiled) in trees.enumerated() {
            let end = tree + 1 < trees.count ? trees[tree + 1].start : nodes.count
            let first = leafIndices[Int(ensemble.roots[tree])]
            for place in compiled.start..<end where nodes[place].source >= 0 && nodes[place].slot == nil {
                let leaf = leafIndices[nodes[place].source]
                numbers[place] = ensemble.leafNumbers.isEmpty ? leaf - first : ensemble.leafNumbers[Int(leaf)]
            }
        }
        return numbers
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
        if !ensemble.zerosMissing.isEmpty && ensemble.zerosMissing.count != nodeCount {
            throw .arrayLength(
                name: "tree zerosMissing", expected: nodeCount, got: ensemble.zerosMissing.count)
        }
        guard let categories = ensemble.categories else { return }
        let isSound =
            categories.sets.count == nodeCount && categories.starts.first == 0
            && categories.starts.last.map(Int.init) == categories.words.count
            && zip(categories.starts, categories.starts.dropFirst()).allSatisfy { $0 <= $1 }
            && categories.sets.allSatisfy { $0 >= -1 && Int($0) < categories.setCount }
        guard isSound else {
            throw .arrayLength(name: "tree categories", expected: nodeCount, got: categories.sets.count)
        }
    }

    private func checkLeaves(_ leafCount: Int) throws(InferenceError) {
        let vectorCount = leafCount * ensemble.outputCount
        if ensemble.hasLeafVectors && ensemble.leafVectors.count != vectorCount {
            throw .arrayLength(
                name: "tree leafVectors", expected: vectorCount, got: ensemble.leafVectors.count)
        }
        if !ensemble.leafNumbers.isEmpty && ensemble.leafNumbers.count != leafCount {
            throw .arrayLength(
                name: "tree leafNumbers", expected: leafCount, got: ensemble.leafNumbers.count)
        }
        guard let linear = ensemble.linearLeaves else { return }
        let isSound =
            linear.constants.count == leafCount && linear.starts.count == leafCount + 1
            && linear.starts.first == 0 && linear.starts.last.map(Int.init) == linear.features.count
            && zip(linear.starts, linear.starts.dropFirst()).allSatisfy { $0 <= $1 }
            && linear.coefficients.count == linear.features.count
            && linear.features.allSatisfy { $0 >= 0 && Int($0) < inputCount }
        guard isSound else {
            throw .arrayLength(name: "tree linearLeaves", expected: leafCount, got: linear.constants.count)
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
                nodes[place].source = node
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
        var slot = TreeSlot(feature: UInt32(feature), isNegative: ensemble.defaultsLeft[node])
        slot.set = ensemble.categories?.sets[node] ?? -1
        slot.zeroIsMissing = slot.set < 0 && !ensemble.zerosMissing.isEmpty && ensemble.zerosMissing[node]
        return LaidOutNode(source: node, slot: slot, offset: offset)
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
