// SPDX-License-Identifier: Apache-2.0
import Base

/// One tree as XGBoost has it: parallel arrays over nodes, some of which pruning may have cut off.
struct XGBoostTree {
    private var lefts: [Int32] = []
    private var rights: [Int32] = []
    private var features: [Int32] = []
    private var conditions: [Float] = []
    private var defaultsLeft: [Bool] = []
    private var covers: [Float] = []
    private var splitTypes: [Int32] = []
    private var categories: [Int32] = []
    private var categoryNodes: [Int32] = []
    private var categoryStarts: [Int32] = []
    private var categoryCounts: [Int32] = []
    /// The values of vector leaves: by node up to 3.1, by leaf from 3.2.
    private var nodeVectors: [Float] = []
    private var leafVectors: [Float] = []
    private var nodeCount = 0
    private var leafWidth = 0

    private mutating func clear() {
        lefts.removeAll(keepingCapacity: true)
        rights.removeAll(keepingCapacity: true)
        features.removeAll(keepingCapacity: true)
        conditions.removeAll(keepingCapacity: true)
        defaultsLeft.removeAll(keepingCapacity: true)
        covers.removeAll(keepingCapacity: true)
        splitTypes.removeAll(keepingCapacity: true)
        categories.removeAll(keepingCapacity: true)
        categoryNodes.removeAll(keepingCapacity: true)
        categoryStarts.removeAll(keepingCapacity: true)
        categoryCounts.removeAll(keepingCapacity: true)
        nodeVectors.removeAll(keepingCapacity: true)
        leafVectors.removeAll(keepingCapacity: true)
        leafWidth = 0
    }

    /// Reads the next tree; the arrays' memory is used again.
    mutating func read(_ document: inout DocumentReader, part: String) throws(FormatError) {
        clear()
        var hasParameters = false
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "tree_param": hasParameters = try readParameters(&document, part: "\(part).tree_param")
            case "left_children": try document.readIndices(into: &lefts, part: part, name: name)
            case "right_children": try document.readIndices(into: &rights, part: part, name: name)
            case "split_indices": try document.readIndices(into: &features, part: part, name: name)
            case "split_conditions": try document.readFloats(into: &conditions)
            case "default_left": try readDefaults(&document)
            case "sum_hessian": try document.readFloats(into: &covers)
            case "split_type": try document.readIndices(into: &splitTypes, part: part, name: name)
            case "categories": try document.readIndices(into: &categories, part: part, name: name)
            case "categories_nodes": try document.readIndices(into: &categoryNodes, part: part, name: name)
            case "categories_segments":
                try document.readIndices(into: &categoryStarts, part: part, name: name)
            case "categories_sizes": try document.readIndices(into: &categoryCounts, part: part, name: name)
            case "base_weights": try document.readFloats(into: &nodeVectors)
            case "leaf_weights": try document.readFloats(into: &leafVectors)
            default: try document.skipValue()
            }
        }
        if !hasParameters { throw .missingPart("\(part).tree_param.num_nodes") }
        try checkCounts(part)
    }

    /// True when the count of nodes is among them.
    private mutating func readParameters(
        _ document: inout DocumentReader, part: String
    ) throws(FormatError) -> Bool {
        var hasCount = false
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "num_nodes":
                nodeCount = try document.readCount(of: "\(part).num_nodes")
                hasCount = true
            case "size_leaf_vector":
                let width = try document.readCount(of: "\(part).size_leaf_vector")
                if width > XGBoostImporter.groupCountMax {
                    throw .invalidValue(
                        part: "\(part).size_leaf_vector",
                        reason: "\(width) is above \(XGBoostImporter.groupCountMax)")
                }
                // 0 up to 1.7, 1 from 2.0: a scalar.
                leafWidth = width > 1 ? width : 0
            default: try document.skipValue()
            }
        }
        return hasCount
    }

    /// 0 and 1 since 1.6, booleans before.
    private mutating func readDefaults(_ document: inout DocumentReader) throws(FormatError) {
        try document.beginArray()
        while try document.nextElement() {
            if try document.peek() == .bool {
                defaultsLeft.append(try document.readBool())
            } else {
                defaultsLeft.append(try document.readInt64() != 0)
            }
        }
    }

    private func checkCounts(_ part: String) throws(FormatError) {
        if nodeCount == 0 {
            throw .invalidValue(part: "\(part).tree_param.num_nodes", reason: "there is no node")
        }
        func optional(_ count: Int) -> Int { count == 0 ? nodeCount : count }
        let counts = [
            ("left_children", lefts.count), ("right_children", rights.count),
            ("split_indices", features.count), ("split_conditions", conditions.count),
            ("default_left", defaultsLeft.count), ("sum_hessian", optional(covers.count)),
            ("split_type", optional(splitTypes.count)),
        ]
        for (name, count) in counts where count != nodeCount {
            throw .wrongShape(part: "\(part).\(name)", expected: "[\(nodeCount)]", found: "[\(count)]")
        }
        let sets = categoryNodes.count
        for (name, count) in [
            ("categories_segments", categoryStarts.count), ("categories_sizes", categoryCounts.count),
        ] where count != sets {
            throw .wrongShape(part: "\(part).\(name)", expected: "[\(sets)]", found: "[\(count)]")
        }
        if leafWidth > 0 && leafVectors.isEmpty && nodeVectors.count != nodeCount * leafWidth {
            throw .wrongShape(
                part: "\(part).base_weights", expected: "[\(nodeCount), \(leafWidth)]",
                found: "[\(nodeVectors.count)]")
        }
    }

    // MARK: The tree in our words

    /// Fills `tree` with the nodes as they stand.
    func convert(into tree: inout ImportedTree, part: String) throws(FormatError) {
        tree.clear()
        tree.leafWidth = leafWidth
        if leafWidth > 0 {
            tree.leafVectors = (leafVectors.isEmpty ? nodeVectors : leafVectors).map(Double.init)
        }
        tree.nodes.reserveCapacity(nodeCount)
        for index in 0..<nodeCount {
            var node = ImportedTree.Node()
            node.cover = covers.isEmpty ? -1 : covers[index]
            node.value = Double(conditions[index])
            node.leafNumber = Int32(truncatingIfNeeded: index)
            // Only the left child tells a leaf: vector leaves from 3.2 keep their number in the right one.
            if lefts[index] == -1 {
                node.leafIndex = leafVectors.isEmpty ? node.leafNumber : rights[index]
            } else {
                if !splitTypes.isEmpty && splitTypes[index] > 1 {
                    throw .unknownPart("\(part).split_type[\(index)] = \(splitTypes[index])")
                }
                node.feature = try feature(index, part: part)
                node.left = lefts[index]
                node.right = rights[index]
                node.defaultsLeft = defaultsLeft[index]
            }
            tree.nodes.append(node)
        }
        try convertCategories(into: &tree, part: part)
    }

    /// A negative feature of an inner node would read as the mark of a leaf. Nodes that pruning took out
    /// have 2^31 - 1, or -1 in some versions, but are leaves by their left child.
    private func feature(_ index: Int, part: String) throws(FormatError) -> Int32 {
        if features[index] < 0 {
            throw .invalidValue(part: "\(part).split_indices[\(index)]", reason: "it is negative")
        }
        return features[index]
    }

    /// The categories that a node lists go right, all others left: the other way round than ours.
    private func convertCategories(into tree: inout ImportedTree, part: String) throws(FormatError) {
        var isCategorical = splitTypes.map { $0 == 1 }
        if splitTypes.isEmpty { isCategorical = [Bool](repeating: false, count: nodeCount) }
        for (index, node) in categoryNodes.enumerated() {
            let start = Int(categoryStarts[index])
            let (end, overflow) = start.addingReportingOverflow(Int(categoryCounts[index]))
            guard !overflow, start >= 0, end >= start, end <= categories.count, node >= 0, node < nodeCount,
                isCategorical[Int(node)]
            else {
                throw .invalidValue(
                    part: "\(part).categories_nodes[\(index)]",
                    reason: "node \(node) with the categories \(start)..<\(end) does not fit the tree")
            }
            for position in start..<end where categories[position] < 0 || categories[position] >= 1 << 24 {
                throw .invalidValue(
                    part: "\(part).categories[\(position)]",
                    reason: "\(categories[position]) is not from 0 to 2^24 - 1")
            }
            // A node that is listed but was pruned to a leaf has no use for its set.
            if tree.nodes[Int(node)].feature == -1 { continue }
            let set = tree.appendSet(categories[start..<end].lazy.map(Int.init))
            if tree.words.count > EnsembleBuilder.categoryWordsMax {
                throw EnsembleBuilder.tooManyCategories(part)
            }
            tree.nodes[Int(node)].set = set
            swap(&tree.nodes[Int(node)])
            isCategorical[Int(node)] = false
        }
        for (index, isLeftOver) in isCategorical.enumerated()
        where isLeftOver && tree.nodes[index].feature != -1 {
            throw .missingPart("\(part).categories_nodes for the categorical node \(index)")
        }
    }

    private func swap(_ node: inout ImportedTree.Node) {
        (node.left, node.right) = (node.right, node.left)
        node.defaultsLeft.toggle()
    }
}
