// SPDX-License-Identifier: Apache-2.0

/// margins = coefficients · x + intercepts, all in Float64.
public struct LinearModel: Sendable, Equatable {
    /// Row-major, shape [outputs, features]; `features` is the width after preprocessing.
    public var coefficients: [Double]
    /// Shape [outputs].
    public var intercepts: [Double]

    public init(coefficients: [Double], intercepts: [Double]) {
        self.coefficients = coefficients
        self.intercepts = intercepts
    }

    public var outputCount: Int { intercepts.count }
}

/// Decision trees whose leaves are added up, as flat arrays over the nodes of all trees.
///
/// A row starts at a tree's root; at an inner node it goes left when `x < threshold`, right when not, and to
/// the default side when `x` is NaN; at a leaf the tree's value is added to the margin of the tree's group.
/// Sums are Float32, from the base margin, in tree order, as XGBoost does.
public struct TreeEnsemble: Sendable, Equatable {
    /// For each tree the index of its root in the node arrays; ascending, the first is 0. A tree's nodes lie
    /// between its root and the next tree's.
    public var roots: [Int32]
    /// For each tree the output that its leaves are added to.
    public var groups: [Int32]
    /// Shape [nodes]: the feature that an inner node looks at; -1 marks a leaf.
    public var features: [Int32]
    /// Shape [nodes]: the threshold of an inner node; the value of a leaf.
    public var values: [Float]
    /// Shape [nodes]: index of the left child in the node arrays, greater than the parent's; -1 at a leaf.
    public var lefts: [Int32]
    /// Shape [nodes]: index of the right child, likewise.
    public var rights: [Int32]
    /// Shape [nodes]: where a missing value goes.
    public var defaultsLeft: [Bool]
    /// Shape [groups]: where each margin starts.
    public var baseMargins: [Float]

    public init(
        roots: [Int32], groups: [Int32], features: [Int32], values: [Float], lefts: [Int32], rights: [Int32],
        defaultsLeft: [Bool], baseMargins: [Float]
    ) {
        self.roots = roots
        self.groups = groups
        self.features = features
        self.values = values
        self.lefts = lefts
        self.rights = rights
        self.defaultsLeft = defaultsLeft
        self.baseMargins = baseMargins
    }

    public var treeCount: Int { roots.count }
    public var nodeCount: Int { features.count }
    public var outputCount: Int { baseMargins.count }
}

/// Fully connected layers in Float32.
public struct MultilayerPerceptron: Sendable, Equatable {
    public var layers: [Layer]

    public init(layers: [Layer]) { self.layers = layers }

    /// y = activation(weights · x + biases)
    public struct Layer: Sendable, Equatable {
        /// Row-major, shape [outputs, inputs].
        public var weights: [Float]
        /// Shape [outputs].
        public var biases: [Float]
        public var activation: Activation

        public init(weights: [Float], biases: [Float], activation: Activation) {
            self.weights = weights
            self.biases = biases
            self.activation = activation
        }

        public var outputCount: Int { biases.count }
        public var inputCount: Int { biases.isEmpty ? 0 : weights.count / biases.count }
    }

    public enum Activation: String, Sendable, CaseIterable {
        case identity, relu, tanh, logistic
    }

    public var outputCount: Int { layers.last?.outputCount ?? 0 }
}
