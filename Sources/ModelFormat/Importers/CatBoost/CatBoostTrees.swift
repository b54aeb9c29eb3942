// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Reads CatBoost's trees: symmetric ones, whose levels all ask one question, and trees of nodes.
struct CatBoostTrees {
    /// More levels are not made by CatBoost, and a level more doubles a symmetric tree.
    static let levelsMax = 24

    private let splits: [CatBoostFeatures.Split]
    /// The category codes of each hash.
    private var codes: [UInt32: [Int]] = [:]
    private var tree = ImportedTree()
    private(set) var builder: EnsembleBuilder
    /// Numbers a leaf; nil before the first tree.
    private(set) var width: Int?

    init(splits: [CatBoostFeatures.Split], hashes: [UInt32], scale: Double) {
        self.splits = splits
        for (code, hash) in hashes.enumerated() { codes[hash, default: []].append(code) }
        builder = EnsembleBuilder(
            rules: TreeRules(
                inputType: .float32, sumType: .float64, comparison: .lessOrEqual,
                categoryRule: .negativeIsNoMember, aggregation: .scaled(scale), rowMargins: .baseline),
            hasCovers: true)
    }

    // MARK: Symmetric trees

    mutating func readSymmetric(_ document: inout DocumentReader) throws(FormatError) {
        try document.beginArray()
        while try document.nextElement() {
            let part = "oblivious_trees[\(builder.treeCount)]"
            var (values, weights, levels): ([Double], [Double], [Int]) = ([], [], [])
            var names = MemberNames()
            try document.beginObject()
            while let name = try document.nextMember(&names, of: part) {
                switch name {
                case "leaf_values": values = try document.readDoubles()
                case "leaf_weights": weights = try document.readDoubles()
                case "splits":
                    if try document.peek() == .null {
                        try document.readNull()
                        continue
                    }
                    try document.beginArray()
                    while try document.nextElement() {
                        levels.append(try readSplit(&document, part: "\(part).splits[\(levels.count)]"))
                    }
                default: try document.skipValue()
                }
            }
            try appendSymmetric(levels, values: values, weights: weights, part: part)
        }
    }

    /// As a tree of nodes whose last split is asked first: leaf l is then the l-th from the left, for bit k
    /// of l is the answer to split k.
    private mutating func appendSymmetric(
        _ levels: [Int], values: [Double], weights: [Double], part: String
    ) throws(FormatError) {
        let depth = levels.count
        if depth > CatBoostTrees.levelsMax {
            throw .invalidValue(
                part: part, reason: "\(depth) levels are more than \(CatBoostTrees.levelsMax)")
        }
        let leafCount = 1 << depth
        if values.isEmpty || values.count % leafCount != 0 {
            throw .wrongShape(
                part: "\(part).leaf_values", expected: "[a multiple of \(leafCount)]",
                found: "[\(values.count)]")
        }
        try begin(leafWidth: values.count / leafCount, part: part)
        for level in 0..<depth {
            let split = splits[levels[depth - 1 - level]]
            for index in (1 << level) - 1..<(2 << level) - 1 {
                tree.nodes.append(
                    node(split, below: Int32(2 * index + 1), above: Int32(2 * index + 2)))
            }
        }
        for leaf in 0..<leafCount {
            appendLeaf(
                values[leaf * (values.count / leafCount)..<(leaf + 1) * (values.count / leafCount)],
                weight: weights.count == leafCount ? weights[leaf] : -1, number: leaf)
        }
        if weights.count == leafCount {
            for index in stride(from: leafCount - 2, through: 0, by: -1) {
                tree.nodes[index].cover = tree.nodes[2 * index + 1].cover + tree.nodes[2 * index + 2].cover
            }
        }
        try builder.append(tree, group: 0, part: part)
    }

    // MARK: Trees of nodes

    mutating func readNodes(_ document: inout DocumentReader) throws(FormatError) {
        try document.beginArray()
        while try document.nextElement() {
            let part = "trees[\(builder.treeCount)]"
            tree.clear()
            var leafCount = 0
            _ = try readNode(&document, leafCount: &leafCount, part: part)
            try builder.append(tree, group: 0, part: part)
        }
    }

    /// A node with all beneath it; returns its index. The reader's depth limit bounds the recursion.
    private mutating func readNode(
        _ document: inout DocumentReader, leafCount: inout Int, part: String
    ) throws(FormatError) -> Int32 {
        let index = tree.nodes.count
        tree.nodes.append(ImportedTree.Node())
        var (left, right, split): (Int32?, Int32?, Int?) = (nil, nil, nil)
        var values: [Double]?
        var weight = -1.0
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "left": left = try readNode(&document, leafCount: &leafCount, part: part)
            case "right": right = try readNode(&document, leafCount: &leafCount, part: part)
            case "split": split = try readSplit(&document, part: "\(part).split")
            case "value":
                values =
                    try document.peek() == .array ? try document.readDoubles() : [try document.readDouble()]
            case "weight": weight = try document.readDouble()
            default: try document.skipValue()
            }
        }
        if let left, let right, let split {
            tree.nodes[index] = node(splits[split], below: left, above: right)
            tree.nodes[index].cover = tree.nodes[Int(left)].cover + tree.nodes[Int(right)].cover
        } else if let values, left == nil, right == nil {
            try fillLeaf(index, values, weight: weight, number: leafCount, part: part)
            leafCount += 1
        } else {
            throw .missingPart("\(part): left, right and split, or value, of a node")
        }
        return Int32(truncatingIfNeeded: index)
    }

    private mutating func fillLeaf(
        _ index: Int, _ values: [Double], weight: Double, number: Int, part: String
    ) throws(FormatError) {
        try setWidth(values.count, part: part)
        tree.leafWidth = values.count > 1 ? values.count : 0
        appendLeaf(values[...], weight: weight, number: number)
        tree.nodes[index] = tree.nodes.removeLast()
    }

    // MARK: Parts

    private func readSplit(_ document: inout DocumentReader, part: String) throws(FormatError) -> Int {
        var index: Int64?
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            if name == "split_index" { index = try document.readInt64() } else { try document.skipValue() }
        }
        guard let index else { throw .missingPart("\(part).split_index") }
        guard index >= 0, index < Int64(splits.count) else {
            throw .invalidValue(
                part: "\(part).split_index", reason: "\(index) is no split of \(splits.count)")
        }
        return Int(index)
    }

    private mutating func begin(leafWidth: Int, part: String) throws(FormatError) {
        try setWidth(leafWidth, part: part)
        tree.clear()
        tree.leafWidth = leafWidth > 1 ? leafWidth : 0
    }

    private mutating func setWidth(_ count: Int, part: String) throws(FormatError) {
        if count < 1 || count > XGBoostImporter.groupCountMax || width.map({ $0 != count }) ?? false {
            throw .wrongShape(
                part: part, expected: "leaves of \(width ?? 1) numbers", found: "leaves of \(count)")
        }
        width = count
    }

    private mutating func appendLeaf(_ values: ArraySlice<Double>, weight: Double, number: Int) {
        var node = ImportedTree.Node()
        node.leafNumber = Int32(truncatingIfNeeded: number)
        node.leafIndex = node.leafNumber
        node.cover = Float(weight)
        if tree.leafWidth > 0 {
            tree.leafVectors.append(contentsOf: values)
        } else {
            node.value = values.first ?? 0
        }
        tree.nodes.append(node)
    }

    /// A node that sends rows whose answer is yes to `above`.
    private mutating func node(
        _ split: CatBoostFeatures.Split, below: Int32, above: Int32
    ) -> ImportedTree.Node {
        var node = ImportedTree.Node()
        switch split {
        case .above(let column, let border, let missingIsAbove):
            node.feature = Int32(truncatingIfNeeded: column)
            node.value = Double(border)
            (node.left, node.right) = (below, above)
            node.defaultsLeft = !missingIsAbove
        case .equal(let column, let hash):
            // Members go left with us.
            node.feature = Int32(truncatingIfNeeded: column)
            node.set = tree.appendSet(codes[hash] ?? [])
            (node.left, node.right) = (above, below)
            node.defaultsLeft = false
        }
        return node
    }
}

extension DocumentReader {
    mutating func readDoubles() throws(FormatError) -> [Double] {
        var numbers: [Double] = []
        try beginArray()
        while try nextElement() { numbers.append(try readDouble()) }
        return numbers
    }
}
