// SPDX-License-Identifier: Apache-2.0

/// Decision trees whose leaves are added up, as flat arrays over the nodes of all trees.
///
/// A row starts at a tree's root. At a numeric node it goes left when `x < threshold` (or `x <= threshold`,
/// by `rules`), right when not, and to the default side when `x` is missing; at a categorical node it goes
/// left when its code is one of the node's set. At a leaf the tree's value is added to the margin of the
/// tree's group, or a vector to all margins. `docs/reference/model-format.md` has the whole of it.
///
/// Numbers are Float64 in memory whatever their type, so that nobody needs two of everything: with FP32 sums
/// each of them is a Float32.
public struct TreeEnsemble: Sendable, Equatable {
    public var rules: TreeRules
    /// For each tree the index of its root in the node arrays; ascending, the first is 0. A tree's nodes lie
    /// between its root and the next tree's.
    public var roots: [Int32]
    /// For each tree the output that its leaves are added to; 0 where leaves are vectors.
    public var groups: [Int32]
    /// Shape [nodes]: the feature that an inner node looks at; -1 marks a leaf.
    public var features: [Int32]
    /// Shape [nodes]: the threshold of a numeric node; the value of a leaf; 0 at a categorical node and at a
    /// leaf that has a vector.
    public var values: [Double]
    /// Shape [nodes]: index of the left child in the node arrays, greater than the parent's; -1 at a leaf.
    public var lefts: [Int32]
    /// Shape [nodes]: index of the right child, likewise.
    public var rights: [Int32]
    /// Shape [nodes]: where a missing value goes.
    public var defaultsLeft: [Bool]
    /// Shape [nodes], or empty: a numeric node to which a zero is missing too (`TreeRules.zeroLimit`).
    public var zerosMissing: [Bool]
    /// The sets of categorical nodes; nil when every node is numeric.
    public var categories: TreeCategories?
    /// Shape [leaves, outputs], or empty: what the leaves add, in the order of the leaves in the node arrays.
    public var leafVectors: [Double]
    /// Leaves that are linear functions of the row; nil when all are constants.
    public var linearLeaves: LinearLeaves?
    /// Shape [outputs]: where each margin starts, or what is added to it last (`TreeRules.Aggregation`).
    public var baseMargins: [Double]
    /// Shape [nodes], or empty: the weight of the training rows that came by, which explanations need.
    public var covers: [Float]
    /// One a leaf in the order of the leaves in the node arrays, or empty: the number that the library which
    /// grew the tree calls it by. Without them a leaf's number is its index among the leaves of its tree.
    public var leafNumbers: [Int32]

    public init(
        rules: TreeRules = TreeRules(), roots: [Int32] = [], groups: [Int32] = [], features: [Int32] = [],
        values: [Double] = [], lefts: [Int32] = [], rights: [Int32] = [], defaultsLeft: [Bool] = [],
        baseMargins: [Double] = []
    ) {
        self.rules = rules
        self.roots = roots
        self.groups = groups
        self.features = features
        self.values = values
        self.lefts = lefts
        self.rights = rights
        self.defaultsLeft = defaultsLeft
        self.baseMargins = baseMargins
        zerosMissing = []
        leafVectors = []
        covers = []
        leafNumbers = []
    }

    public var treeCount: Int { roots.count }
    public var nodeCount: Int { features.count }
    public var outputCount: Int { baseMargins.count }
    public var hasLeafVectors: Bool { !leafVectors.isEmpty }

    /// The nodes of tree `tree`, its root first.
    public func nodes(ofTree tree: Int) -> Range<Int> {
        Int(roots[tree])..<(tree + 1 < treeCount ? Int(roots[tree + 1]) : nodeCount)
    }
}

/// The sets of category codes that categorical nodes ask for; a row whose code is in the set goes left.
public struct TreeCategories: Sendable, Equatable {
    /// Shape [nodes]: the set of a categorical node; -1 at numeric nodes and leaves.
    public var sets: [Int32]
    /// Shape [sets + 1]: where each set begins in `words`; from 0, ascending, the last is the end.
    public var starts: [Int32]
    /// Code c is in a set when bit c % 32 of its word c / 32 is 1; codes beyond its words are not.
    public var words: [UInt32]

    public init(sets: [Int32] = [], starts: [Int32] = [0], words: [UInt32] = []) {
        self.sets = sets
        self.starts = starts
        self.words = words
    }

    public var setCount: Int { starts.count - 1 }

    /// Whether `code`, the number that a row has in the node's column, is in set `set`. NaN never is.
    public func contains(_ code: Double, set: Int, rule: TreeRules.CategoryRule) -> Bool {
        let start = Int(starts[set])
        let codeCount = (Int(starts[set + 1]) - start) * 32
        // -0.0 is not below 0.
        guard rule == .truncated ? code > -1 : code >= 0, code < Double(codeCount) else { return false }
        let index = Int(code)
        return index < codeCount && words[start + index / 32] >> UInt32(index % 32) & 1 == 1
    }
}

/// Leaves that are linear functions: constant + coefficient * x + …, added in Float64 in the order of the
/// terms. When one of its features is NaN, a leaf adds its plain value instead.
public struct LinearLeaves: Sendable, Equatable {
    /// One a leaf, in the order of the leaves in the node arrays; so `starts`.
    public var constants: [Double]
    /// Shape [leaves + 1]: where the terms of each leaf begin; from 0, ascending, the last is the end.
    public var starts: [Int32]
    /// One a term: a feature, and what it is multiplied by.
    public var features: [Int32]
    public var coefficients: [Double]

    public init(
        constants: [Double] = [], starts: [Int32] = [0], features: [Int32] = [], coefficients: [Double] = []
    ) {
        self.constants = constants
        self.starts = starts
        self.features = features
        self.coefficients = coefficients
    }
}
