// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Builds tree tables from the attributes of the operators.
struct TreeTableReader {
    let description: OperatorDescription

    /// The numbers of a list that is floats, or a tensor of doubles.
    func numbers(_ name: String) throws(OperatorError) -> [Double]? {
        if let tensor = try description.tensor("\(name)_as_tensor") {
            return try Tensor(tensor).converted(toFloating: Double.self)
        }
        return try description.floats(name)?.map { Double($0) }
    }

    private func column(_ name: String, count: Int) throws(OperatorError) -> [Int]? {
        guard let list = try description.integers(name), !list.isEmpty else { return nil }
        guard list.count == count else {
            throw OperatorError("\(name) has \(list.count) of \(count) entries")
        }
        return list
    }

    private func required(_ name: String, count: Int) throws(OperatorError) -> [Int] {
        guard let list = try column(name, count: count) else { throw OperatorError("\(name) is missing") }
        return list
    }

    private struct Key: Hashable {
        var tree: Int
        var node: Int
    }

    /// TreeEnsembleClassifier and TreeEnsembleRegressor: parallel lists, leaves among the nodes.
    ///
    /// - Parameter prefix: `class` or `target`.
    func read<Value>(
        _: Value.Type, prefix: String, outputs: Int
    ) throws(OperatorError) -> TreeTable<Value> {
        guard let trees = try description.integers("nodes_treeids"), trees.count < 1 << 30 else {
            throw OperatorError("nodes_treeids is missing")
        }
        let count = trees.count
        let ids = try required("nodes_nodeids", count: count)
        let features = try required("nodes_featureids", count: count)
        let whenTrue = try required("nodes_truenodeids", count: count)
        let whenFalse = try required("nodes_falsenodeids", count: count)
        let missing = try column("nodes_missing_value_tracks_true", count: count)
        guard let thresholds = try numbers("nodes_values"), thresholds.count == count,
            let modes = try description.strings("nodes_modes"), modes.count == count
        else { throw OperatorError("nodes_values or nodes_modes do not fit \(count) nodes") }
        var table = TreeTable<Value>()
        var places: [Key: Int32] = [:]
        places.reserveCapacity(count)
        var seenTrees: Set<Int> = []
        for index in 0..<count {
            guard places.updateValue(Int32(index), forKey: Key(tree: trees[index], node: ids[index])) == nil
            else { throw OperatorError("tree \(trees[index]) has node \(ids[index]) twice") }
            if seenTrees.insert(trees[index]).inserted { table.roots.append(Int32(index)) }
        }
        let votes = try votes(Value.self, prefix: prefix, outputs: outputs, places: places)
        for index in 0..<count {
            guard let mode = TreeTable<Value>.Mode(name: modes[index]) else {
                throw OperatorError("the mode \"\(modes[index])\" is not known")
            }
            var node = TreeTable<Value>.Node(
                mode: mode, missingIsTrue: missing?[index] == 1, feature: 0,
                threshold: Value(thresholds[index]), whenTrue: 0, whenFalse: 0)
            if mode == .leaf {
                node.whenTrue = Int32(table.votes.count)
                table.votes += votes[index] ?? []
                node.whenFalse = Int32(table.votes.count) - node.whenTrue
            } else {
                guard let yes = places[Key(tree: trees[index], node: whenTrue[index])],
                    let no = places[Key(tree: trees[index], node: whenFalse[index])],
                    (0..<1 << 24).contains(features[index])
                else { throw OperatorError("node \(ids[index]) of tree \(trees[index]) leads nowhere") }
                node.feature = Int32(features[index])
                node.whenTrue = yes
                node.whenFalse = no
            }
            table.nodes.append(node)
        }
        try table.check()
        return table
    }

    /// For each leaf's place its votes, in the order of the file.
    private func votes<Value>(
        _: Value.Type, prefix: String, outputs: Int, places: [Key: Int32]
    ) throws(OperatorError) -> [Int: [TreeTable<Value>.Vote]] {
        guard let trees = try description.integers("\(prefix)_treeids") else {
            throw OperatorError("\(prefix)_treeids is missing")
        }
        let ids = try description.integers("\(prefix)_nodeids") ?? []
        let targets = try description.integers("\(prefix)_ids") ?? []
        let weights = try numbers("\(prefix)_weights") ?? []
        guard ids.count == trees.count, targets.count == trees.count, weights.count == trees.count else {
            throw OperatorError("the lists of \(prefix) have different lengths")
        }
        var votes: [Int: [TreeTable<Value>.Vote]] = [:]
        for index in trees.indices {
            guard let place = places[Key(tree: trees[index], node: ids[index])] else {
                throw OperatorError("\(prefix) \(index) belongs to no node")
            }
            guard (0..<outputs).contains(targets[index]) else {
                throw OperatorError("\(prefix) \(targets[index]) of \(outputs)")
            }
            // Where there is one target, ONNX Runtime looks at a leaf's first weight only; an exporter that
            // copies a classifier's leaves writes one a class.
            if outputs == 1 && votes[Int(place)] != nil { continue }
            votes[Int(place), default: []]
                .append(.init(output: Int32(targets[index]), weight: Value(weights[index])))
        }
        return votes
    }

    /// TreeEnsemble: interior nodes and leaves in tables of their own.
    func readCombined<Value>(_: Value.Type, outputs: Int) throws(OperatorError) -> TreeTable<Value> {
        guard let splits = try description.tensor("nodes_splits").map({ Tensor($0) }),
            let weights = try description.tensor("leaf_weights").map({ Tensor($0) }),
            let modes = try description.tensor("nodes_modes").map({ Tensor($0) }),
            let roots = try description.integers("tree_roots"),
            let targets = try description.integers("leaf_targetids")
        else { throw OperatorError("nodes_splits, nodes_modes, leaf_weights, … are missing") }
        let thresholds = try splits.converted(toFloating: Double.self)
        let kinds = try modes.convertedToLongs()
        let values = try weights.converted(toFloating: Double.self)
        let count = thresholds.count
        guard kinds.count == count, values.count == targets.count, count + values.count < 1 << 30 else {
            throw OperatorError("the lists of nodes or leaves have different lengths")
        }
        let features = try required("nodes_featureids", count: count)
        let yes = try required("nodes_truenodeids", count: count)
        let no = try required("nodes_falsenodeids", count: count)
        let yesLeaf = try required("nodes_trueleafs", count: count)
        let noLeaf = try required("nodes_falseleafs", count: count)
        let missing = try column("nodes_missing_value_tracks_true", count: count)
        var lists = try memberLists(Value.self)[...]
        var table = TreeTable<Value>()
        for index in 0..<count {
            guard (0...6).contains(kinds[index]),
                let mode = TreeTable<Value>.Mode(rawValue: UInt8(kinds[index])),
                (0..<1 << 24).contains(features[index])
            else { throw OperatorError("node \(index) has the mode \(kinds[index])") }
            var threshold = Value(thresholds[index])
            if mode == .member {
                guard let list = lists.popFirst() else { throw OperatorError("a set of members is missing") }
                threshold = Value(table.members.count)
                table.members.append(list)
            }
            table.nodes.append(
                .init(
                    mode: mode, missingIsTrue: missing?[index] == 1, feature: Int32(features[index]),
                    threshold: threshold,
                    whenTrue: try child(yes[index], isLeaf: yesLeaf[index] != 0, count, values.count),
                    whenFalse: try child(no[index], isLeaf: noLeaf[index] != 0, count, values.count)))
        }
        for (index, value) in values.enumerated() {
            guard (0..<outputs).contains(targets[index]) else {
                throw OperatorError("target \(targets[index])")
            }
            table.votes.append(.init(output: Int32(targets[index]), weight: Value(value)))
            table.nodes.append(
                .init(
                    mode: .leaf, missingIsTrue: false, feature: 0, threshold: 0, whenTrue: Int32(index),
                    whenFalse: 1))
        }
        for root in roots {
            guard (0..<count).contains(root) else { throw OperatorError("a root \(root)") }
            // A tree that is one leaf says so by a node whose children are that leaf both.
            let node = table.nodes[root]
            table.roots.append(
                node.whenTrue == node.whenFalse && node.whenTrue >= count ? node.whenTrue : Int32(root))
        }
        try table.check()
        return table
    }

    private func child(
        _ place: Int, isLeaf: Bool, _ nodes: Int, _ leaves: Int
    ) throws(OperatorError) -> Int32 {
        guard (0..<(isLeaf ? leaves : nodes)).contains(place) else { throw OperatorError("a child \(place)") }
        return Int32(isLeaf ? nodes + place : place)
    }

    /// Lists in the order of the nodes that ask for them, NaN between them.
    private func memberLists<Value: BinaryFloatingPoint>(_: Value.Type) throws(OperatorError) -> [[Value]] {
        guard let tensor = try description.tensor("membership_values") else { return [] }
        var lists: [[Value]] = []
        var list: [Value] = []
        for value in try Tensor(tensor).converted(toFloating: Double.self) {
            if value.isNaN {
                lists.append(list)
                list = []
            } else {
                list.append(Value(value))
            }
        }
        if !list.isEmpty { lists.append(list) }
        return lists
    }
}
