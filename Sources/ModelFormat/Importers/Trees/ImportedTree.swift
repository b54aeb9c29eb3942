// SPDX-License-Identifier: Apache-2.0

/// One tree as an importer read it: nodes in the order of the file, the root first, some perhaps out of
/// reach. Nothing is checked yet; `EnsembleBuilder` does it.
struct ImportedTree {
    struct Node {
        /// The feature that an inner node looks at; -1 marks a leaf.
        var feature: Int32 = -1
        var left: Int32 = -1
        var right: Int32 = -1
        /// The threshold of a numeric node, the value of a leaf.
        var value = 0.0
        var defaultsLeft = false
        var zeroIsMissing = false
        /// The set of a categorical node, an index into `setStarts`; -1 at any other.
        var set: Int32 = -1
        /// At a leaf: what the library calls it, and which vector or linear function of the tree it has.
        var leafNumber: Int32 = 0
        var leafIndex: Int32 = 0
        var cover: Float = 0
    }

    var nodes: [Node] = []
    /// Sets of categories: set s has `words[setStarts[s]..<setStarts[s + 1]]`, one bit a code.
    var setStarts: [Int] = [0]
    var words: [UInt32] = []
    /// What leaves add, one vector of `leafWidth` numbers a leaf index; empty when leaves are scalars.
    var leafVectors: [Double] = []
    var leafWidth = 0
    /// One function a leaf index; nil when leaves are constants.
    var linearLeaves: LinearLeaves?

    /// Forgets the tree, but keeps its memory.
    mutating func clear() {
        nodes.removeAll(keepingCapacity: true)
        setStarts.removeAll(keepingCapacity: true)
        setStarts.append(0)
        words.removeAll(keepingCapacity: true)
        leafVectors.removeAll(keepingCapacity: true)
        leafWidth = 0
        linearLeaves = nil
    }

    /// Adds the set of `codes`, none of which is negative, and returns its index.
    mutating func appendSet(_ codes: some Sequence<Int>) -> Int32 {
        let start = words.count
        for code in codes {
            let word = start + code / 32
            if word >= words.count {
                words.append(contentsOf: repeatElement(0, count: word - words.count + 1))
            }
            words[word] |= 1 << UInt32(code % 32)
        }
        setStarts.append(words.count)
        return Int32(setStarts.count - 2)
    }

    /// Adds a set that is bits already, and returns its index.
    mutating func appendSet(words bits: some Sequence<UInt32>) -> Int32 {
        words.append(contentsOf: bits)
        setStarts.append(words.count)
        return Int32(setStarts.count - 2)
    }
}
