// SPDX-License-Identifier: Apache-2.0
import Base

/// One tree as XGBoost's JSON has it: parallel arrays over nodes, some of which pruning may have cut off.
struct XGBoostTree {
    private var lefts: [Int32] = []
    private var rights: [Int32] = []
    private var features: [Int32] = []
    private var conditions: [Float] = []
    private var defaultsLeft: [Bool] = []
    /// The nodes that a row can reach, breadth first; positions are those in the ensemble, less the root's.
    private var order: [Int32] = []
    private var isReached: [Bool] = []

    /// Reads the next tree; the arrays' memory is used again.
    mutating func read(_ document: inout DocumentReader, part: String) throws(FormatError) {
        lefts.removeAll(keepingCapacity: true)
        rights.removeAll(keepingCapacity: true)
        features.removeAll(keepingCapacity: true)
        conditions.removeAll(keepingCapacity: true)
        defaultsLeft.removeAll(keepingCapacity: true)
        var nodeCount: Int?
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "tree_param": nodeCount = try readParameters(&document, part: part)
            case "left_children": try document.readIndices(into: &lefts, part: part, name: name)
            case "right_children": try document.readIndices(into: &rights, part: part, name: name)
            case "split_indices": try document.readIndices(into: &features, part: part, name: name)
            case "split_conditions":
                try document.beginArray()
                while try document.nextElement() { conditions.append(try document.readFloat()) }
            case "default_left": try readDefaults(&document)
            case "split_type", "categories_nodes": try refuseCategories(&document, part: part, name: name)
            default: try document.skipValue()
            }
        }
        guard let nodeCount else { throw .missingPart("\(part).tree_param.num_nodes") }
        try checkCounts(nodeCount, part: part)
    }

    private func readParameters(_ document: inout DocumentReader, part: String) throws(FormatError) -> Int? {
        var nodeCount: Int?
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: "\(part).tree_param") {
            switch name {
            case "num_nodes": nodeCount = try document.readCount(of: "\(part).tree_param.num_nodes")
            case "size_leaf_vector":
                if try document.readCount(of: "\(part).tree_param.size_leaf_vector") > 1 {
                    throw .unsupported(
                        part: "\(part): a vector leaf",
                        advice: "train with multi_strategy=\"one_output_per_tree\"")
                }
            default: try document.skipValue()
            }
        }
        return nodeCount
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

    /// `split_type` has a 1 for a categorical split, `categories_nodes` the number of each such node.
    private func refuseCategories(
        _ document: inout DocumentReader, part: String, name: String
    ) throws(FormatError) {
        try document.beginArray()
        while try document.nextElement() {
            if try document.readInt64() != 0 || name == "categories_nodes" {
                throw .unsupported(
                    part: "\(part): a categorical split",
                    advice: "encode the categories as numbers before training")
            }
        }
    }

    private func checkCounts(_ nodeCount: Int, part: String) throws(FormatError) {
        if nodeCount == 0 {
            throw .invalidValue(part: "\(part).tree_param.num_nodes", reason: "there is no node")
        }
        let counts = [
            ("left_children", lefts.count), ("right_children", rights.count),
            ("split_indices", features.count),
            ("split_conditions", conditions.count), ("default_left", defaultsLeft.count),
        ]
        for (name, count) in counts where count != nodeCount {
            throw .wrongShape(part: "\(part).\(name)", expected: "[\(nodeCount)]", found: "[\(count)]")
        }
    }

    /// Adds the nodes that a row can reach to `ensemble`, renumbered breadth first: children lie behind their
    /// parent and side by side. What a row meets on its way stays the same.
    mutating func append(to ensemble: inout TreeEnsemble, part: String) throws(FormatError) {
        guard let root = Int32(exactly: ensemble.nodeCount) else {
            throw .invalidValue(part: part, reason: "the trees have more than 2^31 - 1 nodes")
        }
        ensemble.roots.append(root)
        order.removeAll(keepingCapacity: true)
        isReached.removeAll(keepingCapacity: true)
        isReached.append(contentsOf: repeatElement(false, count: lefts.count))
        order.append(0)
        isReached[0] = true
        var next = 0
        while next < order.count {
            let node = Int(order[next])
            next += 1
            ensemble.values.append(Double(conditions[node]))
            // Only the left child tells a leaf: trees with vector leaves keep something else in the right
            // one.
            if lefts[node] == -1 {
                ensemble.features.append(-1)
                ensemble.defaultsLeft.append(false)
                ensemble.lefts.append(-1)
                ensemble.rights.append(-1)
                continue
            }
            if conditions[node].isNaN {
                throw .invalidValue(part: "\(part).split_conditions[\(node)]", reason: "a threshold is NaN")
            }
            if features[node] < 0 {
                throw .invalidValue(part: "\(part).split_indices[\(node)]", reason: "it is negative")
            }
            ensemble.features.append(features[node])
            ensemble.defaultsLeft.append(defaultsLeft[node])
            // Safe from overflow: nodes are 4 bytes of input at least, and 2^31 of them were refused above.
            let left = Int(root) + order.count
            guard let leftIndex = Int32(exactly: left), let rightIndex = Int32(exactly: left + 1) else {
                throw .invalidValue(part: part, reason: "the trees have more than 2^31 - 1 nodes")
            }
            ensemble.lefts.append(leftIndex)
            ensemble.rights.append(rightIndex)
            try reach(lefts[node], from: node, part: part, name: "left_children")
            try reach(rights[node], from: node, part: part, name: "right_children")
        }
    }

    private mutating func reach(
        _ child: Int32, from node: Int, part: String, name: StaticString
    ) throws(FormatError) {
        let index = Int(child)
        if index < 1 || index >= lefts.count {
            throw .invalidValue(
                part: "\(part).\(name)[\(node)]", reason: "\(child) is no node of \(lefts.count)")
        }
        if isReached[index] {
            throw .invalidValue(
                part: "\(part).\(name)[\(node)]", reason: "node \(child) is reached twice: no tree")
        }
        isReached[index] = true
        order.append(child)
    }
}
