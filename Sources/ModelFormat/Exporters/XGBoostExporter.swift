// SPDX-License-Identifier: Apache-2.0
import Base

/// Writes trees as XGBoost's `save_model("model.json")` does, in the layout of version 3.2. XGBoost gives the
/// same Float32 numbers for them.
package enum XGBoostExporter {
    /// - Throws: `FormatError.unsupported` for what XGBoost cannot express.
    package static func write(_ graph: ModelGraph) throws(FormatError) -> [UInt8] {
        let trees = try ExportedTrees(graph)
        let objective = try objective(trees)
        var text = ByteBuffer(capacity: 1 << 16)
        text.append("{\"learner\":{\"attributes\":{},\"feature_names\":" as StaticString)
        text.append(list: trees.featureNames) { $0.append(quoted: $1) }
        text.append(",\"feature_types\":" as StaticString)
        text.append(list: trees.isCategorical) { $0.append(quoted: $1 ? "c" : "float") }
        text.append(",\"gradient_booster\":{\"model\":{\"gbtree_model_param\":{" as StaticString)
        text.append("\"num_parallel_tree\":\"1\",\"num_trees\":\"\(trees.trees.count)\"}")
        text.append(",\"iteration_indptr\":" as StaticString)
        let perRound = trees.outputCount
        let rounds = Array(stride(from: 0, through: trees.trees.count, by: perRound))
        text.append(list: rounds) { $0.append(decimal: Int64($1)) }
        text.append(",\"tree_info\":" as StaticString)
        text.append(list: trees.trees) { $0.append(decimal: Int64($1.group)) }
        text.append(",\"trees\":" as StaticString)
        // What is averaged is divided beforehand: XGBoost only adds.
        let treesOfOutput = trees.trees.count / max(trees.outputCount, 1)
        let divisor = trees.isAverage ? Double(treesOfOutput) : 1
        text.append(list: Array(trees.trees.enumerated())) { buffer, entry in
            append(entry.element, id: entry.offset, trees.featureNames.count, divisor, to: &buffer)
        }
        text.append("},\"name\":\"gbtree\"},\"learner_model_param\":{\"base_score\":" as StaticString)
        text.append(quoted: objective.baseScore)
        text.append(",\"boost_from_average\":\"0\",\"num_class\":" as StaticString)
        text.append(quoted: "\(objective.classCount)")
        text.append(",\"num_feature\":\"\(trees.featureNames.count)\",\"num_target\":\"1\"}")
        text.append(",\"objective\":\(objective.json)},\"version\":[3,2,0]}")
        return Array(copying: text.bytes)
    }

    private struct Objective {
        var json: String
        /// A score whose margin is 0: where the margins start is the first trees' leaves.
        var baseScore: String
        var classCount = 0
    }

    private static func objective(_ trees: ExportedTrees) throws(FormatError) -> Objective {
        let plain = "{\"name\":\"reg:squarederror\",\"reg_loss_param\":{\"scale_pos_weight\":\"1\"}}"
        switch trees.transform {
        case .identity where trees.outputCount == 1, .probability where trees.outputCount == 1:
            return Objective(json: plain, baseScore: "0E0")
        case .logistic where trees.outputCount == 1:
            return Objective(
                json: "{\"name\":\"binary:logistic\",\"reg_loss_param\":{\"scale_pos_weight\":\"1\"}}",
                baseScore: "5E-1")
        case .exponential where trees.outputCount == 1:
            return Objective(
                json:
                    "{\"name\":\"count:poisson\",\"poisson_regression_param\":{\"max_delta_step\":\"0.7\"}}",
                baseScore: "1E0")
        case .softmax:
            return Objective(
                json: "{\"name\":\"multi:softprob\",\"softmax_multiclass_param\":"
                    + "{\"num_class\":\"\(trees.outputCount)\"}}",
                baseScore: "0E0", classCount: trees.outputCount)
        default:
            throw .unsupported(
                part: "the output \(trees.transform.rawValue) with \(trees.outputCount) columns",
                advice: "XGBoost has no objective that answers so; write it as LightGBM or ONNX")
        }
    }

    private static func append(
        _ tree: ExportedTrees.Tree, id: Int, _ featureCount: Int, _ divisor: Double, to text: inout ByteBuffer
    ) {
        let count = tree.features.count
        func list(_ name: String, _ write: (inout ByteBuffer, Int) -> Void) {
            text.append("\"\(name)\":")
            text.append(list: Array(0..<count)) { write(&$0, $1) }
            text.append(UInt8(ascii: ","))
        }
        var parents = [Int](repeating: 2_147_483_647, count: count)
        for node in 0..<count where tree.features[node] >= 0 {
            parents[tree.lefts[node]] = node
            parents[tree.rights[node]] = node
        }
        /// XGBoost sends a category of the set to the right, we to the left.
        func isTurned(_ node: Int) -> Bool { tree.sets[node] != nil }
        func value(_ node: Int) -> Float {
            Float(tree.features[node] < 0 ? tree.values[node] / divisor : tree.values[node])
        }
        text.append("{" as StaticString)
        list("base_weights") { $0.append(real: tree.features[$1] < 0 ? value($1) : 0) }
        appendCategories(tree, to: &text)
        list("default_left") {
            $0.append(decimal: tree.defaultsLeft[$1] != isTurned($1) && tree.features[$1] >= 0 ? Int64(1) : 0)
        }
        text.append("\"id\":\(id),")
        list("left_children") { $0.append(decimal: Int64(isTurned($1) ? tree.rights[$1] : tree.lefts[$1])) }
        list("loss_changes") { buffer, _ in buffer.append(real: 0) }
        list("parents") { $0.append(decimal: Int64(parents[$1])) }
        list("right_children") { $0.append(decimal: Int64(isTurned($1) ? tree.lefts[$1] : tree.rights[$1])) }
        list("split_conditions") {
            // XGBoost reads no infinity; no finite number is at or above the largest but itself.
            let number = isTurned($1) ? 0 : value($1)
            $0.append(real: number == .infinity ? .greatestFiniteMagnitude : number)
        }
        list("split_indices") { $0.append(decimal: Int64(max(tree.features[$1], 0))) }
        list("split_type") { $0.append(decimal: Int64(isTurned($1) ? 1 : 0)) }
        list("sum_hessian") { $0.append(real: tree.covers[$1]) }
        text.append(
            "\"tree_param\":{\"num_deleted\":\"0\",\"num_feature\":\"\(featureCount)\","
                + "\"num_nodes\":\"\(count)\",\"size_leaf_vector\":\"1\"}}"
        )
    }

    private static func appendCategories(_ tree: ExportedTrees.Tree, to text: inout ByteBuffer) {
        var codes: [Int] = []
        var nodes: [Int] = []
        var segments: [Int] = []
        var sizes: [Int] = []
        for (node, set) in tree.sets.enumerated() {
            guard let set else { continue }
            nodes.append(node)
            segments.append(codes.count)
            for code in 0..<set.count * 32 where set[code / 32] >> UInt32(code % 32) & 1 == 1 {
                codes.append(code)
            }
            sizes.append(codes.count - (segments.last ?? 0))
        }
        for (name, numbers) in [
            ("categories", codes), ("categories_nodes", nodes), ("categories_segments", segments),
            ("categories_sizes", sizes),
        ] {
            text.append("\"\(name)\":")
            text.append(list: numbers) { $0.append(decimal: Int64($1)) }
            text.append(UInt8(ascii: ","))
        }
    }
}

extension ByteBuffer {
    /// A number that cannot be taken for an integer: XGBoost refuses those among others.
    fileprivate mutating func append(real value: Float) {
        let text = value.description
        append(text)
        if !text.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") }) {
            append("E0" as StaticString)
        }
    }

    /// `[a,b,…]`.
    fileprivate mutating func append<Element>(
        list: [Element], _ write: (inout ByteBuffer, Element) -> Void
    ) {
        append(UInt8(ascii: "["))
        for (index, element) in list.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            write(&self, element)
        }
        append(UInt8(ascii: "]"))
    }
}
