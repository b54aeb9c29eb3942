// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

/// XGBoost JSON with one defect each.
@Suite struct HostileXGBoostTests {
    /// One tree: f0 < 0.5, then f1 < 1.5 on the right.
    static let sound = """
        {"learner":{"attributes":{},"feature_names":["f0","f1"],"feature_types":["float","float"],\
        "gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"1"},\
        "iteration_indptr":[0,1],"tree_info":[0],"trees":[{"categories":[],"categories_nodes":[],\
        "default_left":[1,0,1,0,0],"id":0,"left_children":[1,-1,3,-1,-1],"parents":[2147483647,0,0,2,2],\
        "right_children":[2,-1,4,-1,-1],"split_conditions":[5E-1,-1E0,1.5E0,2E0,3E0],\
        "split_indices":[0,0,1,0,0],"split_type":[0,0,0,0,0],\
        "tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"5","size_leaf_vector":"1"}}]},\
        "name":"gbtree"},"learner_model_param":{"base_score":"[5E-1]","boost_from_average":"1",\
        "num_class":"0","num_feature":"2","num_target":"1"},"objective":{"name":"reg:squarederror",\
        "reg_loss_param":{"scale_pos_weight":"1"}}},"version":[3,4,1]}
        """

    /// The root becomes a categorical node; the list of categories is what the arguments say.
    static func categorical(
        _ name: String, node: String, start: String, size: String, categories: String
    ) -> Defect {
        Defect(
            name, "invalid_value", "\"categories\":[],\"categories_nodes\":[]",
            "\"categories\":[\(categories)],\"categories_nodes\":[\(node)],"
                + "\"categories_segments\":[\(start)],\"categories_sizes\":[\(size)]",
            also: ("\"split_type\":[0,", "\"split_type\":[1,"))
    }

    static let syntax: [Defect] = [
        Defect("cut off", "malformed_json", "[3,4,1]}", "[3,4,1]"),
        Defect("something behind it", "malformed_json", "[3,4,1]}", "[3,4,1]}]"),
        Defect(
            "member twice", "duplicate_name", "\"tree_info\":[0],", "\"tree_info\":[0],\"tree_info\":[0],"),
        Defect("learner twice", "duplicate_name", "\"version\"", "\"learner\":{},\"version\""),
        Defect("trees twice", "duplicate_name", "\"name\":\"gbtree\"", "\"model\":{},\"name\":\"gbtree\""),
        Defect("learner is an array", "malformed_json", "{\"learner\":{", "{\"learner\":[{"),
        Defect("child is text", "malformed_json", "[1,-1,3,-1,-1]", "[\"1\",-1,3,-1,-1]"),
        Defect("child is a fraction", "malformed_json", "[1,-1,3,-1,-1]", "[1.5,-1,3,-1,-1]"),
        Defect("child of 10^21", "malformed_json", "[1,-1,3,-1,-1]", "[1000000000000000000000,-1,3,-1,-1]"),
        Defect("threshold overflows", "malformed_json", "5E-1,-1E0", "5E999,-1E0"),
        Defect("parameter is a number", "malformed_json", "\"num_class\":\"0\"", "\"num_class\":0"),
        Defect(
            "brackets 100,000 deep", "malformed_json", "\"id\":0",
            "\"id\":" + String(repeating: "[", count: 100_000)),
    ]

    static let parts: [Defect] = [
        Defect("no version", "missing_part", ",\"version\":[3,4,1]", ""),
        Defect("version of two numbers", "missing_part", "[3,4,1]", "[3,4]"),
        Defect("version 0", "unsupported_version", "[3,4,1]", "[0,90,0]"),
        Defect("version 4", "unsupported_version", "[3,4,1]", "[4,0,0]"),
        Defect("no booster", "missing_part", "\"name\":\"gbtree\"", "\"nome\":\"gbtree\""),
        Defect("unknown booster", "unsupported", "\"name\":\"gbtree\"", "\"name\":\"gbforest\""),
        Defect(
            "a dart weight too many", "wrong_shape", "\"tree_info\"",
            "\"weight_drop\":[1E0,1E0],\"tree_info\""),
        Defect(
            "dart weights twice", "duplicate_name", "\"name\":\"gbtree\"",
            "\"weight_drop\":[1E0],\"gbtree\":{\"weight_drop\":[1E0]},\"name\":\"gbtree\""),
        Defect("dart without weights", "missing_part", "\"name\":\"gbtree\"", "\"name\":\"dart\""),
        Defect(
            "dart weight infinite", "invalid_value", "\"tree_info\"",
            "\"weight_drop\":[Infinity],\"tree_info\""),
        Defect("gblinear without weights", "missing_part", "\"name\":\"gbtree\"", "\"name\":\"gblinear\""),
        Defect(
            "gblinear with too few weights", "wrong_shape",
            "\"iteration_indptr\":[0,1]", "\"weights\":[1E0,2E0]",
            also: ("\"name\":\"gbtree\"", "\"name\":\"gblinear\"")),
        Defect(
            "gblinear with a NaN", "invalid_value",
            "\"iteration_indptr\":[0,1]", "\"weights\":[1E0,NaN,3E0]",
            also: ("\"name\":\"gbtree\"", "\"name\":\"gblinear\"")),
        Defect(
            "no model", "missing_part", "\"gradient_booster\":{\"model\":",
            "\"gradient_booster\":{\"modell\":"),
        Defect("custom objective", "unsupported", "\"reg:squarederror\"", "\"mine\""),
        Defect("no objective", "unsupported", "\"name\":\"reg:squarederror\",", ""),
        Defect("no base score", "missing_part", "\"base_score\":\"[5E-1]\",", ""),
        Defect("base score that is text", "invalid_value", "\"[5E-1]\"", "\"half\""),
        Defect("base score NaN", "invalid_value", "\"[5E-1]\"", "\"nan\""),
        Defect("base score infinite", "invalid_value", "\"[5E-1]\"", "\"1E39\""),
        Defect("base score empty", "invalid_value", "\"[5E-1]\"", "\"[]\""),
        Defect("base score hexadecimal", "invalid_value", "\"[5E-1]\"", "\"0x1p3\""),
        Defect("two base scores", "wrong_shape", "\"[5E-1]\"", "\"[5E-1,5E-1]\""),
        Defect(
            "no feature count", "missing_part", ",\"num_feature\":\"2\",\"num_target\"", ",\"num_target\""),
        Defect(
            "no feature", "invalid_value", "\"num_feature\":\"2\",\"num_target\"",
            "\"num_feature\":\"0\",\"num_target\""),
        Defect(
            "2^31 features", "invalid_value", "\"num_feature\":\"2\",\"num_target\"",
            "\"num_feature\":\"2147483648\",\"num_target\""),
        Defect(
            "10^21 features", "invalid_value", "\"num_feature\":\"2\",\"num_target\"",
            "\"num_feature\":\"1000000000000000000000\",\"num_target\""),
        Defect(
            "a million and more classes", "invalid_value", "\"num_class\":\"0\"",
            "\"num_class\":\"2000000000\""),
        Defect("classes below zero", "invalid_value", "\"num_class\":\"0\"", "\"num_class\":\"-1\""),
        Defect(
            "two targets and two classes", "invalid_value", "\"num_class\":\"0\"", "\"num_class\":\"2\"",
            also: ("\"num_target\":\"1\"", "\"num_target\":\"2\"")),
        Defect("targets that are text", "invalid_value", "\"num_target\":\"1\"", "\"num_target\":\"two\""),
        Defect("three names for two features", "wrong_shape", "[\"f0\",\"f1\"]", "[\"f0\",\"f1\",\"f2\"]"),
        Defect("two features of one name", "invalid_value", "[\"f0\",\"f1\"]", "[\"f0\",\"f0\"]"),
        Defect(
            "categories of one feature of two", "wrong_shape", "\"iteration_indptr\":[0,1]",
            "\"cats\":{\"enc\":[{}]}"),
        Defect(
            "category offsets beyond the bytes", "invalid_value", "\"iteration_indptr\":[0,1]",
            "\"cats\":{\"enc\":[{\"offsets\":[0,2],\"values\":[97]},{}]}"),
        Defect(
            "category offsets that fall", "invalid_value", "\"iteration_indptr\":[0,1]",
            "\"cats\":{\"enc\":[{\"offsets\":[1,0],\"values\":[97]},{}]}"),
        Defect(
            "a category that is not UTF-8", "unsupported", "\"iteration_indptr\":[0,1]",
            "\"cats\":{\"enc\":[{\"offsets\":[0,1],\"values\":[-1]},{}]}"),
        Defect(
            "a category twice", "invalid_value", "\"iteration_indptr\":[0,1]",
            "\"cats\":{\"enc\":[{\"offsets\":[0,1,2],\"values\":[97,97]},{}]}"),
        Defect(
            "more trees promised than there are",
            "wrong_shape", "\"num_trees\":\"1\"", "\"num_trees\":\"2\""),
        Defect("a group too many", "wrong_shape", "\"tree_info\":[0]", "\"tree_info\":[0,0]"),
        Defect("a group outside the outputs", "invalid_value", "\"tree_info\":[0]", "\"tree_info\":[1]"),
        Defect("a negative group", "invalid_value", "\"tree_info\":[0]", "\"tree_info\":[-1]"),
        Defect(
            "a hinge of three classes", "invalid_value",
            "\"num_class\":\"0\",\"num_feature\":\"2\",\"num_target\":\"1\"},"
                + "\"objective\":{\"name\":\"reg:squarederror\"",
            "\"num_class\":\"3\",\"num_feature\":\"2\",\"num_target\":\"1\"},"
                + "\"objective\":{\"name\":\"binary:hinge\""
        ),
    ]

    static let trees: [Defect] = [
        Defect("no parameters", "missing_part", "\"num_nodes\":\"5\",", ""),
        Defect("no nodes", "invalid_value", "\"num_nodes\":\"5\"", "\"num_nodes\":\"0\""),
        Defect("more nodes promised", "wrong_shape", "\"num_nodes\":\"5\"", "\"num_nodes\":\"6\""),
        Defect(
            "10^21 nodes", "invalid_value",
            "\"num_nodes\":\"5\"", "\"num_nodes\":\"1000000000000000000000\""),
        Defect("negative nodes", "invalid_value", "\"num_nodes\":\"5\"", "\"num_nodes\":\"-5\""),
        Defect("a left child too few", "wrong_shape", "[1,-1,3,-1,-1]", "[1,-1,3,-1]"),
        Defect("a threshold too few", "wrong_shape", ",3E0]", "]"),
        Defect("no right children", "wrong_shape", "\"right_children\":[2,-1,4,-1,-1],", ""),
        Defect("child outside the tree", "invalid_value", "[1,-1,3,-1,-1]", "[1,-1,5,-1,-1]"),
        Defect("child 2^31 - 1", "invalid_value", "[1,-1,3,-1,-1]", "[1,-1,2147483647,-1,-1]"),
        Defect("child 2^31", "invalid_value", "[1,-1,3,-1,-1]", "[1,-1,2147483648,-1,-1]"),
        Defect("child -2", "invalid_value", "[1,-1,3,-1,-1]", "[-2,-1,3,-1,-1]"),
        Defect("root is a child", "invalid_value", "[1,-1,3,-1,-1]", "[1,-1,0,-1,-1]"),
        Defect("node is its own child", "invalid_value", "[1,-1,3,-1,-1]", "[1,-1,2,-1,-1]"),
        Defect("both children the same", "invalid_value", "[2,-1,4,-1,-1]", "[1,-1,4,-1,-1]"),
        Defect("right child missing", "invalid_value", "[2,-1,4,-1,-1]", "[2,-1,-1,-1,-1]"),
        Defect("feature outside the columns", "invalid_value", "[0,0,1,0,0]", "[0,0,2,0,0]"),
        Defect("feature of 2^31 - 1", "invalid_value", "[0,0,1,0,0]", "[2147483647,0,1,0,0]"),
        Defect("feature -1", "invalid_value", "[0,0,1,0,0]", "[-1,0,1,0,0]"),
        Defect("NaN threshold", "invalid_value", "[5E-1,", "[NaN,"),
        Defect("infinite leaf", "invalid_value", ",2E0,", ",Infinity,"),
        Defect("leaf beyond Float32", "invalid_value", ",2E0,", ",2E39,"),
        Defect("NaN leaf", "invalid_value", ",2E0,", ",NaN,"),
        Defect(
            "a categorical split without categories", "missing_part", "\"split_type\":[0,",
            "\"split_type\":[1,"),
        Defect("an unknown kind of split", "unknown_part", "\"split_type\":[0,", "\"split_type\":[2,"),
        Defect(
            "a node with categories, but no range", "wrong_shape", "\"categories_nodes\":[]",
            "\"categories_nodes\":[0]"),
        categorical("categories of a numeric split", node: "2", start: "0", size: "1", categories: "1"),
        categorical(
            "categories of a node that is not there", node: "5", start: "0", size: "1", categories: "1"),
        categorical("categories of a negative node", node: "-1", start: "0", size: "1", categories: "1"),
        categorical("categories beyond the list", node: "0", start: "0", size: "2", categories: "1"),
        categorical("categories before the list", node: "0", start: "-1", size: "1", categories: "1"),
        categorical("a negative count of categories", node: "0", start: "0", size: "-1", categories: "1"),
        categorical("counts that wrap", node: "0", start: "2147483647", size: "2147483647", categories: "1"),
        categorical("a negative category", node: "0", start: "0", size: "1", categories: "-1"),
        categorical("category 2^24", node: "0", start: "0", size: "1", categories: "16777216"),
        Defect(
            "a vector leaf without vectors", "wrong_shape",
            "\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"3\""),
        Defect(
            "a vector leaf of 10^9 numbers", "invalid_value",
            "\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"1000000000\""),
        Defect(
            "a vector that is not there", "invalid_value",
            "\"size_leaf_vector\":\"1\"}", "\"size_leaf_vector\":\"2\"},\"leaf_weights\":[1E0,2E0]"),
        Defect("a weight of rows too few", "wrong_shape", "\"id\":0", "\"sum_hessian\":[1E0]"),
        Defect("default that is text", "malformed_json", "[1,0,1,0,0]", "[\"left\",0,1,0,0]"),
    ]

    @Test(arguments: syntax + parts + trees)
    func eachDefect_isRefusedByItsCode(defect: Defect) {
        defect.expectRefusal(in: HostileXGBoostTests.sound)
    }

    @Test func theSoundModel_isRead() throws {
        let bytes = Array(HostileXGBoostTests.sound.utf8)
        let graph = try ModelFile.load(bytes.span, fileName: "")
        #expect(TreeReference.margins(graph.ensemble, row: [0.5, 1.5]) == [3.5])
        #expect(TreeReference.margins(graph.ensemble, row: [.nan, 0]) == [-0.5])
        #expect(TreeReference.margins(graph.ensemble, row: [1, .nan]) == [2.5])
    }

    @Test func booleansAsBefore16_andBracketsOfEveryKind_areRead() throws {
        let text = HostileXGBoostTests.sound
            .replacing("[1,0,1,0,0]", with: "[true,false,true,false,false]")
            .replacing("\"[5E-1]\"", with: "\"( 5E-1 )\"")
        let bytes = Array(text.utf8)
        let graph = try ModelFile.load(bytes.span, fileName: "")
        #expect(TreeReference.margins(graph.ensemble, row: [.nan, 0]) == [-0.5])
    }

    @Test func unreachableNodes_mayHoldAnything() throws {
        // The node on the right becomes a leaf; nodes 3 and 4 are left over, as pruning leaves them.
        let text = HostileXGBoostTests.sound
            .replacing("[1,-1,3,-1,-1]", with: "[1,-1,-1,-1,-1]").replacing("2E0,3E0]", with: "NaN,NaN]")
        let bytes = Array(text.utf8)
        let graph = try ModelFile.load(bytes.span, fileName: "")
        #expect(graph.ensemble.nodeCount == 3)
        #expect(TreeReference.margins(graph.ensemble, row: [0.5, 0]) == [2])
    }

    /// 1.00000005960464477539062500000001 is a hair above the middle between 1 and the next Float32; by way
    /// of Float64 it would fall on the middle and then down.
    @Test func thresholds_areRoundedOnce() throws {
        let text = HostileXGBoostTests.sound.replacing("[5E-1,", with: "[1.00000005960464477539062500000001,")
        let bytes = Array(text.utf8)
        let graph = try ModelFile.load(bytes.span, fileName: "")
        #expect(graph.ensemble.values[0] == Double(Float(1).nextUp))
    }

    @Test func everyTruncation_isRefused() {
        let whole = Array(HostileXGBoostTests.sound.utf8)
        for length in 0..<whole.count {
            let part = Array(whole[..<length])
            #expect(throws: FormatError.self) { try ModelFile.load(part.span, fileName: "") }
        }
    }

    @Test func flippedBits_neverTrap() {
        var bytes = Array(HostileXGBoostTests.sound.utf8)
        for bit in 0..<(bytes.count * 8) {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            if let graph = try? ModelFile.load(bytes.span, fileName: "") {
                #expect(throws: Never.self) { try graph.validate() }
            }
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }
}
