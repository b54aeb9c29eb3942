// SPDX-License-Identifier: Apache-2.0
package import Preprocess

/// Why a graph cannot be compiled. Data never causes one: a compiled model answers every row.
package enum InferenceError: Error, Equatable, CustomStringConvertible {
    case preprocessing(PreprocessingError)
    /// An array of the estimator has another length than its shape says.
    case arrayLength(name: String, expected: Int, got: Int)
    /// Node `node` (index in the node arrays) of tree `tree` is wrong.
    case treeNode(tree: Int, node: Int, defect: TreeDefect)
    /// Tree `tree` begins outside the node arrays, not after its predecessor, or adds to no output.
    case treeRange(tree: Int)
    /// Trees that compare in Float64 and add up in Float32, which no library has.
    case treeTypes
    /// Layer `layer` (from 0) has no outputs, or weights that are no whole rows.
    case layerShape(layer: Int)
    /// The transform cannot be applied to so many margins.
    case transform(name: String, outputCount: Int)
    /// The number of labels is not the number of classes.
    case labelCount(expected: Int, got: Int)
    /// An operator graph cannot be run.
    case graph(GraphError)
    /// The model answers nothing.
    case noOutputs

    package enum TreeDefect: String, Sendable {
        /// A child that lies outside the tree or not after its parent.
        case childOutside = "child outside its tree"
        /// A node with two parents.
        case childShared = "node with two parents"
        /// A feature index beyond the estimator's input.
        case featureOutside = "feature outside the input"
    }

    package var code: String {
        switch self {
        case .preprocessing(let error): error.code
        case .arrayLength: "inference.array_length"
        case .treeNode: "inference.tree_node"
        case .treeRange: "inference.tree_range"
        case .treeTypes: "inference.tree_types"
        case .layerShape: "inference.layer_shape"
        case .transform: "inference.transform"
        case .labelCount: "inference.label_count"
        case .graph(let error):
            error.kind == .unsupportedOperator ? "inference.unsupported_operator" : "inference.graph"
        case .noOutputs: "inference.no_outputs"
        }
    }

    package var description: String {
        switch self {
        case .preprocessing(let error):
            error.description
        case .arrayLength(let name, let expected, let got):
            "\(name) has \(got) elements where \(expected) are needed"
        case .treeNode(let tree, let node, let defect):
            "tree \(tree), node \(node): \(defect.rawValue)"
        case .treeRange(let tree):
            "tree \(tree) has no valid place in the node arrays or no valid group"
        case .treeTypes:
            "trees with FP64 inputs add up in FP64, not in FP32"
        case .layerShape(let layer):
            "layer \(layer) has no outputs or weights that are no whole rows"
        case .transform(let name, let outputCount):
            "the output transform \(name) does not fit \(outputCount) margins a row"
        case .labelCount(let expected, let got):
            "the model has \(expected) classes but \(got) labels"
        case .graph(let error):
            error.description
        case .noOutputs:
            "the model has no outputs"
        }
    }
}
