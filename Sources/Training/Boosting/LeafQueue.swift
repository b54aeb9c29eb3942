// SPDX-License-Identifier: Apache-2.0

/// A leaf that may be split.
struct GrowingLeaf {
    var node: Int
    var range: Range<Int>
    var depth: Int
    var facts: LeafFacts
    /// The features of the splits above, where that matters.
    var above: [Int] = []
    /// For each feature whether the leaf may be split by it; nil for any.
    var allowed: [Bool]?
    /// The leaf's histogram; nil when it is not to be split, or memory was short.
    var sums: NumberMemory<Int>?
    var split: TreeSplit?
}

/// The leaves that can be split, the next one first: a binary heap.
struct LeafQueue {
    private(set) var leaves: [GrowingLeaf] = []
    let growth: BoostingSettings.Growth

    init(_ growth: BoostingSettings.Growth) { self.growth = growth }

    /// The larger gain, or the lower level; the older among equals.
    private func precedes(_ a: GrowingLeaf, _ b: GrowingLeaf) -> Bool {
        switch growth {
        case .leafWise:
            let (gainA, gainB) = (a.split?.gain ?? 0, b.split?.gain ?? 0)
            return gainA == gainB ? a.node < b.node : gainA > gainB
        case .depthWise:
            return a.depth == b.depth ? a.node < b.node : a.depth < b.depth
        }
    }

    mutating func push(_ leaf: GrowingLeaf) {
        leaves.append(leaf)
        var index = leaves.count - 1
        while index > 0, precedes(leaves[index], leaves[(index - 1) / 2]) {
            leaves.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func pop() -> GrowingLeaf? {
        guard !leaves.isEmpty else { return nil }
        leaves.swapAt(0, leaves.count - 1)
        let popped = leaves.removeLast()
        var index = 0
        while true {
            var next = index
            for child in [2 * index + 1, 2 * index + 2] where child < leaves.count {
                if precedes(leaves[child], leaves[next]) { next = child }
            }
            if next == index { return popped }
            leaves.swapAt(index, next)
            index = next
        }
    }

    /// Takes the histogram of the leaf that is least likely to be split next; nil when none has one.
    mutating func takeSums() -> NumberMemory<Int>? {
        var last: Int?
        for index in leaves.indices where leaves[index].sums != nil {
            if let other = last, precedes(leaves[index], leaves[other]) { continue }
            last = index
        }
        guard let last else { return nil }
        let sums = leaves[last].sums
        leaves[last].sums = nil
        return sums
    }
}
