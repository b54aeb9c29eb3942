// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

/// LightGBM text with one defect each.
@Suite struct HostileLightGBMTests {
    /// One tree: column a <= 0.5, then column b in {1, 3} on the right.
    static let sound = """
        tree
        version=v4
        num_class=1
        num_tree_per_iteration=1
        label_index=0
        max_feature_idx=1
        objective=binary sigmoid:1
        feature_names=a b
        feature_infos=[0:1] 0:1:2:3
        tree_sizes=300

        Tree=0
        num_leaves=3
        num_cat=1
        split_feature=0 1
        split_gain=1 1
        threshold=0.5 0
        decision_type=2 1
        left_child=-1 -2
        right_child=1 -3
        leaf_value=1 2 3
        leaf_weight=1 1 1
        leaf_count=1 1 1
        internal_value=0 0
        internal_weight=3 2
        internal_count=3 2
        cat_boundaries=0 1
        cat_threshold=10
        is_linear=0
        shrinkage=1


        end of trees

        pandas_categorical:null

        """

    static let header: [Defect] = [
        Defect("no version", "missing_part", "version=v4\n", ""),
        Defect("version 5", "unsupported_version", "version=v4", "version=v5"),
        Defect("version twice", "duplicate_name", "version=v4\n", "version=v4\nversion=v3\n"),
        Defect(
            "no trees an iteration", "invalid_value", "num_tree_per_iteration=1", "num_tree_per_iteration=0"),
        Defect("10^12 trees an iteration", "invalid_value", "iteration=1", "iteration=1000000000000"),
        Defect("two trees an iteration, one there", "wrong_shape", "iteration=1", "iteration=2"),
        Defect("no count of features", "missing_part", "max_feature_idx=1\n", ""),
        Defect("feature -2", "invalid_value", "max_feature_idx=1", "max_feature_idx=-2"),
        Defect("2^31 features", "invalid_value", "max_feature_idx=1", "max_feature_idx=2147483648"),
        Defect("a name too few", "wrong_shape", "feature_names=a b", "feature_names=a"),
        Defect("two columns of one name", "invalid_value", "feature_names=a b", "feature_names=a a"),
        Defect("unknown objective", "unsupported", "objective=binary sigmoid:1", "objective=mystery"),
        Defect("sigmoid that is text", "invalid_value", "sigmoid:1", "sigmoid:one"),
        Defect("sigmoid below zero", "invalid_value", "sigmoid:1", "sigmoid:-1"),
        Defect("a tree more promised", "wrong_shape", "tree_sizes=300", "tree_sizes=300 300"),
        Defect("something between trees", "malformed", "\n\nend of trees", "\n\nhello\nend of trees"),
        Defect(
            "parameters that break off", "malformed", "end of trees\n", "end of trees\nparameters:\n[a: 1]\n"),
        Defect(
            "categories of a column too many", "unsupported", "pandas_categorical:null",
            "pandas_categorical:[[1],[2],[3]]"),
        Defect(
            "categories that are no lists", "malformed_json", "pandas_categorical:null",
            "pandas_categorical:[1]"),
        Defect(
            "a category twice", "invalid_value", "pandas_categorical:null",
            "pandas_categorical:[[\"x\",\"x\"]]"),
        Defect(
            "a category that is a list", "malformed_json", "pandas_categorical:null",
            "pandas_categorical:[[[]]]"),
        Defect(
            "a categorical column that is not there", "invalid_value", "pandas_categorical:null",
            "[categorical_feature: 7]\npandas_categorical:[[\"x\"]]"),
    ]

    static let trees: [Defect] = [
        Defect("no count of leaves", "missing_part", "num_leaves=3\n", ""),
        Defect("no leaf", "invalid_value", "num_leaves=3", "num_leaves=0"),
        Defect("4 leaves", "wrong_shape", "num_leaves=3", "num_leaves=4"),
        Defect("2^31 leaves", "malformed", "num_leaves=3", "num_leaves=2147483648"),
        Defect("leaves that are text", "malformed", "num_leaves=3", "num_leaves=three"),
        Defect("a member twice", "duplicate_name", "num_cat=1\n", "num_cat=1\nnum_cat=1\n"),
        Defect("a feature too few", "wrong_shape", "split_feature=0 1", "split_feature=0"),
        Defect("a negative feature", "invalid_value", "split_feature=0 1", "split_feature=-1 1"),
        Defect("a feature outside the columns", "invalid_value", "split_feature=0 1", "split_feature=2 1"),
        Defect("a threshold that is text", "malformed", "threshold=0.5 0", "threshold=x 0"),
        Defect("a threshold that is NaN", "malformed", "threshold=0.5 0", "threshold=nan 0"),
        Defect("a set that is not there", "invalid_value", "threshold=0.5 0", "threshold=0.5 1"),
        Defect("a set with a fraction", "invalid_value", "threshold=0.5 0", "threshold=0.5 0.5"),
        Defect("a negative set", "invalid_value", "threshold=0.5 0", "threshold=0.5 -1"),
        Defect("a child that is not there", "invalid_value", "right_child=1 -3", "right_child=2 -3"),
        Defect("a leaf that is not there", "invalid_value", "right_child=1 -3", "right_child=1 -4"),
        Defect("the smallest child", "invalid_value", "right_child=1 -3", "right_child=-2147483648 -3"),
        Defect("a node that is its own child", "invalid_value", "right_child=1 -3", "right_child=1 1"),
        Defect("the root as a child", "invalid_value", "right_child=1 -3", "right_child=1 0"),
        Defect("a leaf with two parents", "invalid_value", "right_child=1 -3", "right_child=1 -2"),
        Defect("an infinite leaf", "invalid_value", "leaf_value=1 2 3", "leaf_value=1 2 inf"),
        Defect("a leaf beyond Float64", "malformed", "leaf_value=1 2 3", "leaf_value=1 2 1e999"),
        Defect("a leaf too few", "wrong_shape", "leaf_value=1 2 3", "leaf_value=1 2"),
        Defect("boundaries that fall", "invalid_value", "cat_boundaries=0 1", "cat_boundaries=0 1 0"),
        Defect("boundaries from 1", "invalid_value", "cat_boundaries=0 1", "cat_boundaries=1 1"),
        Defect("boundaries beyond the words", "wrong_shape", "cat_boundaries=0 1", "cat_boundaries=0 2"),
        Defect("a word of 33 bits", "malformed", "cat_threshold=10", "cat_threshold=4294967296"),
        Defect("a negative word", "malformed", "cat_threshold=10", "cat_threshold=-1"),
        Defect("linear leaves without constants", "wrong_shape", "is_linear=0", "is_linear=1"),
        Defect(
            "a leaf with a negative count of terms", "invalid_value", "is_linear=0",
            "is_linear=1\nleaf_const=1 2 3\nnum_features=0 -1 1\nleaf_features=0\nleaf_coeff=1"),
        Defect(
            "a term too few", "wrong_shape", "is_linear=0",
            "is_linear=1\nleaf_const=1 2 3\nnum_features=0 1 1\nleaf_features=0\nleaf_coeff=1"),
        Defect(
            "a term of a column that is not there", "invalid_value", "is_linear=0",
            "is_linear=1\nleaf_const=1 2 3\nnum_features=0 1 0\nleaf_features=2\nleaf_coeff=1"),
    ]

    @Test(arguments: header + trees) func eachDefect_isRefusedByItsCode(defect: Defect) {
        defect.expectRefusal(in: HostileLightGBMTests.sound)
    }

    @Test func theSoundModel_isRead() throws {
        let bytes = Array(HostileLightGBMTests.sound.utf8)
        let graph = try ModelFile.load(bytes.span, fileName: "")
        #expect(graph.output == OutputDescription(transform: .logistic, labels: .integers([0, 1])))
        #expect(graph.ensemble.rules.sumType == .float64 && graph.ensemble.rules.comparison == .lessOrEqual)
        #expect(graph.ensemble.values == [0.5, 1, 0, 2, 3])
        #expect(graph.ensemble.categories?.words == [10])
        #expect(graph.ensemble.leafNumbers == [0, 1, 2])
        #expect(graph.ensemble.covers == [3, 1, 2, 1, 1])
    }

    @Test func linesOfWindows_andFilesOfVersion2_areRead() throws {
        let unix = Array(HostileLightGBMTests.sound.utf8)
        let windows = Array(HostileLightGBMTests.sound.replacing("\n", with: "\r\n").utf8)
        #expect(try ModelFile.load(windows.span, fileName: "") == ModelFile.load(unix.span, fileName: ""))
        // LightGBM 2 wrote the importances right behind the trees.
        let old = HostileLightGBMTests.sound.replacing("version=v4", with: "version=v2")
            .replacing("tree_sizes=300\n", with: "").replacing(
                "end of trees\n", with: "feature importances:\na=1\n")
        let bytes = Array(old.utf8)
        #expect(try ModelFile.load(bytes.span, fileName: "").ensemble.treeCount == 1)
    }

    /// Inputs within 1.0000000180025095e-35 of zero are zero to LightGBM; a threshold in that range moves to
    /// its edge, which decides the same.
    @Test(arguments: [
        ("0", 1.0000000180025095e-35), ("1e-36", 1.0000000180025095e-35),
        ("-1e-36", (-1.0000000180025095e-35).nextDown), ("1.1e-35", 1.1e-35), ("-1.1e-35", -1.1e-35),
    ])
    func thresholdsWithinZero_moveToItsEdge(threshold: String, expected: Double) throws {
        let text = HostileLightGBMTests.sound.replacing("threshold=0.5", with: "threshold=" + threshold)
        let bytes = Array(text.utf8)
        #expect(try ModelFile.load(bytes.span, fileName: "").ensemble.values[0] == expected)
    }

    @Test func aTreeOfOneLeaf_isRead() throws {
        let start = try #require(HostileLightGBMTests.sound.firstRange(of: "Tree=0")).lowerBound
        let header = HostileLightGBMTests.sound[..<start]
        let bytes = Array(
            (header + "Tree=0\nnum_leaves=1\nnum_cat=0\nsplit_feature=\nleaf_value=7\n\nend of trees\n").utf8)
        let ensemble = try ModelFile.load(bytes.span, fileName: "").ensemble
        #expect(ensemble.values == [7] && ensemble.nodeCount == 1)
    }
}
