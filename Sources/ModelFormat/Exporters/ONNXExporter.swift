// SPDX-License-Identifier: Apache-2.0

/// Writes models as ONNX.
///
/// Trees that read the rows as they come are `TreeEnsembleRegressor` of ai.onnx.ml 3 on an input `input` [N,
/// features] of Float32, with an output `predictions` [N, outputs]; missing values are NaN, categories are
/// codes. Everything else is a pipeline: `ONNXPipeline`.
package enum ONNXExporter {
    /// - Throws: `FormatError.unsupported` for what ONNX's operators cannot express.
    package static func write(_ graph: ModelGraph) throws(FormatError) -> [UInt8] {
        guard case .treeEnsemble = graph.estimator, !ExportedTrees.needsStages(graph) else {
            var pipeline = ONNXPipeline()
            return try pipeline.write(graph)
        }
        return try writeTrees(try ExportedTrees(graph))
    }

    private static func writeTrees(_ trees: ExportedTrees) throws(FormatError) -> [UInt8] {
        try check(trees)
        var model = ProtobufWriter()
        model.add(1, 8)  // ir_version
        model.add(2, "modeld")
        model.add(7) { graph in
            graph.add(1) {
                $0 = treeNode(
                    trees, input: "input", output: operation(trees) == nil ? "predictions" : "margins")
            }
            if let name = operation(trees) {
                graph.add(1) { node in
                    node.add(1, "margins")
                    node.add(2, "predictions")
                    node.add(3, "transform")
                    node.add(4, name)
                }
            }
            graph.add(2, "trees")
            graph.add(11) { $0 = tensor("input", trees.featureNames.count) }
            graph.add(12) { $0 = tensor("predictions", trees.outputCount) }
        }
        for (domain, version) in [("ai.onnx.ml", 3), ("", 17)] {
            model.add(8) { operators in
                operators.add(1, domain)
                operators.add(2, version)
            }
        }
        return model.bytes
    }

    /// What the operator of trees can say.
    static func check(_ trees: ExportedTrees) throws(FormatError) {
        if trees.trees.contains(where: { $0.sets.contains { $0 != nil } }) {
            throw .unsupported(
                part: "splits by sets of categories",
                advice: "TreeEnsembleRegressor has none; train with --ordered-categories or write XGBoost")
        }
        guard [.identity, .probability, .logistic, .softmax, .exponential].contains(trees.transform) else {
            throw .unsupported(
                part: "the output \(trees.transform.rawValue)",
                advice: "sums, probabilities and exponentials can be written as ONNX, nothing else")
        }
    }

    /// A ValueInfoProto: Float32 [N, width].
    private static func tensor(_ name: String, _ width: Int) -> ProtobufWriter {
        var value = ProtobufWriter()
        value.add(1, name)
        value.add(2) { type in
            type.add(1) { tensor in
                tensor.add(1, 1)  // FLOAT
                tensor.add(2) { shape in
                    shape.add(1) { $0.add(2, "N") }
                    shape.add(1) { $0.add(1, width) }
                }
            }
        }
        return value
    }

    static func treeNode(_ trees: ExportedTrees, input: String, output: String) -> ProtobufWriter {
        var columns = NodeColumns()
        for (index, tree) in trees.trees.enumerated() { columns.append(tree, index) }
        var node = ProtobufWriter()
        node.add(1, input)
        node.add(2, output)
        node.add(3, "trees")
        node.add(4, "TreeEnsembleRegressor")
        node.add(7, "ai.onnx.ml")
        attribute("aggregate_function", trees.isAverage && trees.outputCount == 1 ? "AVERAGE" : "SUM", &node)
        attribute("post_transform", trees.transform == .softmax ? "SOFTMAX" : "NONE", &node)
        node.add(5) {
            $0.add(1, "n_targets")
            $0.add(3, trees.outputCount)
            $0.add(20, 2)
        }
        // A mean over trees of one output each is a sum of divided leaves.
        let divisor =
            trees.isAverage && trees.outputCount > 1 ? Float(trees.trees.count / trees.outputCount) : 1
        for (name, values) in columns.integers { attribute(name, values, &node) }
        attribute("nodes_values", columns.values, &node)
        attribute("target_weights", columns.weights.map { $0 / divisor }, &node)
        node.add(5) {
            $0.add(1, "nodes_modes")
            for mode in columns.modes { $0.add(9, mode) }
            $0.add(20, 8)
        }
        return node
    }

    /// What makes predictions of the trees' sums; ONNX Runtime leaves the regressor's own `LOGISTIC` out.
    static func operation(_ trees: ExportedTrees) -> String? {
        switch trees.transform {
        case .exponential: "Exp"
        case .logistic: "Sigmoid"
        default: nil
        }
    }

    private static func attribute(_ name: String, _ value: String, _ node: inout ProtobufWriter) {
        node.add(5) {
            $0.add(1, name)
            $0.add(4, value)
            $0.add(20, 3)
        }
    }

    private static func attribute(_ name: String, _ values: [Int], _ node: inout ProtobufWriter) {
        node.add(5) {
            $0.add(1, name)
            $0.add(8, values)
            $0.add(20, 7)
        }
    }

    private static func attribute(_ name: String, _ values: [Float], _ node: inout ProtobufWriter) {
        node.add(5) {
            $0.add(1, name)
            $0.add(7, values)
            $0.add(20, 6)
        }
    }

    /// The operator's parallel lists, one entry a node, and for leaves one more.
    private struct NodeColumns {
        var treeIDs: [Int] = []
        var nodeIDs: [Int] = []
        var features: [Int] = []
        var trueIDs: [Int] = []
        var falseIDs: [Int] = []
        var missingIsTrue: [Int] = []
        var values: [Float] = []
        var modes: [String] = []
        var targetTrees: [Int] = []
        var targetNodes: [Int] = []
        var targets: [Int] = []
        var weights: [Float] = []

        var integers: [(String, [Int])] {
            [
                ("nodes_treeids", treeIDs), ("nodes_nodeids", nodeIDs), ("nodes_featureids", features),
                ("nodes_truenodeids", trueIDs), ("nodes_falsenodeids", falseIDs),
                ("nodes_missing_value_tracks_true", missingIsTrue), ("target_treeids", targetTrees),
                ("target_nodeids", targetNodes), ("target_ids", targets),
            ]
        }

        mutating func append(_ tree: ExportedTrees.Tree, _ index: Int) {
            for node in tree.features.indices {
                let isLeaf = tree.features[node] < 0
                treeIDs.append(index)
                nodeIDs.append(node)
                features.append(isLeaf ? 0 : tree.features[node])
                trueIDs.append(isLeaf ? 0 : tree.lefts[node])
                falseIDs.append(isLeaf ? 0 : tree.rights[node])
                missingIsTrue.append(!isLeaf && tree.defaultsLeft[node] ? 1 : 0)
                values.append(isLeaf ? 0 : Float(tree.values[node]))
                modes.append(isLeaf ? "LEAF" : "BRANCH_LT")
                guard isLeaf else { continue }
                targetTrees.append(index)
                targetNodes.append(node)
                targets.append(tree.group)
                weights.append(Float(tree.values[node]))
            }
        }
    }
}
