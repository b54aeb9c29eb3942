// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

/// CatBoost JSON with one defect each.
@Suite struct HostileCatBoostTests {
    /// One symmetric tree: number > 0.5, category "red", and a statistic of the category > 0.25.
    static let sound = """
        {"ctr_data":{"t":{"counter_denominator":0,"hash_map":["18446744073709551615",9,9,"7",1,3],\
        "hash_stride":3}},\
        "features_info":{"cat_features_hash":[{"hash":11,"value":"red"},{"hash":4294967295,"value":"blue"}],\
        "categorical_features":[{"feature_id":"","feature_index":0,"flat_feature_index":1,"values":[11]}],\
        "ctrs":[{"borders":[0.25],"ctr_type":"Borders","elements":[{"cat_feature_index":0,\
        "combination_element":"cat_feature_value"}],"identifier":"t","prior_denomerator":1,\
        "prior_numerator":0,"scale":1,"shift":0,"target_border_idx":0}],\
        "float_features":[{"borders":[0.5],"feature_id":"size","feature_index":0,"flat_feature_index":0,\
        "has_nans":true,"nan_value_treatment":"AsTrue"}]},\
        "model_info":{"class_params":{"class_names":["no","yes"]},\
        "params":{"loss_function":{"type":"Logloss"}}},\
        "oblivious_trees":[{"leaf_values":[0,1,2,3,4,5,6,7],"leaf_weights":[1,1,1,1,1,1,1,1],\
        "splits":[{"split_index":0},{"split_index":1},{"split_index":2}]}],"scale_and_bias":[1,[0.5]]}
        """

    static let defects: [Defect] = [
        Defect("cut off", "malformed_json", "[1,[0.5]]}", "[1,[0.5]]"),
        Defect("something behind it", "malformed_json", "[1,[0.5]]}", "[1,[0.5]]}]"),
        Defect(
            "trees of both kinds", "missing_part", "\"oblivious_trees\"", "\"trees\":[],\"oblivious_trees\""),
        Defect("no loss function", "unsupported", "\"type\":\"Logloss\"", ""),
        Defect("unknown loss function", "unsupported", "Logloss", "Mystery"),
        Defect("a leaf too few", "wrong_shape", "[0,1,2,3,4,5,6,7]", "[0,1,2,3,4,5,6]"),
        Defect("no leaves", "wrong_shape", "[0,1,2,3,4,5,6,7]", "[]"),
        Defect("a split that is not there", "invalid_value", "{\"split_index\":2}", "{\"split_index\":3}"),
        Defect("a negative split", "invalid_value", "{\"split_index\":2}", "{\"split_index\":-1}"),
        Defect("a split without a number", "missing_part", "{\"split_index\":2}", "{}"),
        Defect(
            "forty levels", "invalid_value", "{\"split_index\":2}",
            [String](repeating: "{\"split_index\":2}", count: 38).joined(separator: ",")),
        Defect("two biases for one number a leaf", "wrong_shape", "[0.5]]}", "[0.5,0.5]]}"),
        Defect("a scale that is text", "malformed_json", "[1,[0.5]]", "[\"1\",[0.5]]"),
        Defect("no bias", "missing_part", "[1,[0.5]]", "[1]"),
        Defect("three parts of scale and bias", "malformed_json", "[1,[0.5]]", "[1,[0.5],2]"),
        Defect("a leaf beyond Float64", "malformed_json", "[0,1,2,3,4", "[0,1,2,3,4e999"),
        Defect("a missing value treated as something else", "unknown_part", "AsTrue", "AsMaybe"),
        Defect(
            "column 10^9", "invalid_value", "\"flat_feature_index\":1", "\"flat_feature_index\":1000000000"),
        Defect("column -1", "invalid_value", "\"flat_feature_index\":1", "\"flat_feature_index\":-1"),
        Defect("a feature without a column", "missing_part", "\"flat_feature_index\":0,", ""),
        Defect("a text feature", "unsupported", "\"ctrs\"", "\"text_features\":[{}],\"ctrs\""),
        Defect("an embedding", "unsupported", "\"ctrs\"", "\"embedding_features\":[{}],\"ctrs\""),
        Defect(
            "categories without names", "unsupported",
            "[{\"hash\":11,\"value\":\"red\"},{\"hash\":4294967295,\"value\":\"blue\"}]", "null"),
        Defect("a category twice", "invalid_value", "\"value\":\"blue\"", "\"value\":\"red\""),
        Defect("a hash of 33 bits", "missing_part", "4294967295", "4294967296"),
        Defect("a one-hot value of 33 bits", "invalid_value", "\"values\":[11]", "\"values\":[4294967296]"),
        Defect(
            "an unknown statistic", "unknown_part", "\"ctr_type\":\"Borders\"", "\"ctr_type\":\"Horoscope\""),
        Defect(
            "a statistic of nothing", "invalid_value",
            "[{\"cat_feature_index\":0,\"combination_element\":\"cat_feature_value\"}]", "[]"),
        Defect(
            "a statistic of a feature that is not there", "invalid_value", "{\"cat_feature_index\":0",
            "{\"cat_feature_index\":1"),
        Defect("a part of an unknown kind", "unknown_part", "cat_feature_value", "moon_phase"),
        Defect("a table that is not there", "missing_part", "\"identifier\":\"t\"", "\"identifier\":\"u\""),
        Defect("a table of broken rows", "invalid_value", "\"7\",1,3]", "\"7\",1]"),
        Defect("a table whose rows do not begin with keys", "invalid_value", "\"7\",1,3]", "1,\"7\",3]"),
        Defect("a table of rows of nothing", "invalid_value", "\"hash_stride\":3", "\"hash_stride\":0"),
        Defect("a key that is no number", "invalid_value", "\"7\"", "\"seven\""),
        Defect("a key twice", "invalid_value", "\"7\",1,3]", "\"7\",1,3,\"7\",1,3]"),
        Defect(
            "a statistic that is infinite", "invalid_value", "\"prior_denomerator\":1",
            "\"prior_denomerator\":0"),
    ]

    @Test(arguments: defects) func eachDefect_isRefusedByItsCode(defect: Defect) {
        defect.expectRefusal(in: HostileCatBoostTests.sound)
    }

    @Test func theSoundModel_isRead_andSurvivesTheNativeFormat() throws {
        let bytes = Array(HostileCatBoostTests.sound.utf8)
        let graph = try ModelFile.load(bytes.span, fileName: "")
        #expect(graph.schema.features.map(\.name) == ["size", "1"])
        #expect(graph.output == OutputDescription(transform: .logistic, labels: .strings(["no", "yes"])))
        #expect(graph.ensemble.baseMargins == [0.5])
        #expect(graph.ensemble.covers.first == 8)
        guard case .categoryStatistics(let statistics) = graph.stages.first else {
            Issue.record("no statistics")
            return
        }
        // (counts above the border + 0) / (all + 1), and nothing for the mark of a free place.
        #expect(statistics.tables[0].keys == [7] && statistics.tables[0].values == [3.0 / 5])
        #expect(statistics.tables[0].unknown == 0)
        #expect(statistics.hashes == [11, .max])
        let native = try NativeModel.write(graph)
        #expect(try ModelFile.load(native.span, fileName: "") == graph)
    }

    /// Nested trees are read by recursion, which the reader's limit of depth bounds.
    @Test func treesOfNodes_thatAreTooDeep_areRefused() {
        let open = String(repeating: "{\"left\":", count: 100_000)
        let text = HostileCatBoostTests.sound.replacing("\"oblivious_trees\"", with: "\"trees\":[\(open)")
        let bytes = Array(text.utf8)
        #expect(throws: FormatError.self) { try ModelFile.load(bytes.span, fileName: "") }
    }

    @Test(arguments: [
        ("{}", "missing_part"), ("{\"value\":1,\"left\":{\"value\":1}}", "missing_part"),
        ("{\"left\":{\"value\":1},\"right\":{\"value\":1}}", "missing_part"),
        ("{\"left\":{\"value\":1},\"right\":{\"value\":[1,2]},\"split\":{\"split_index\":0}}", "wrong_shape"),
        ("{\"left\":{\"value\":1},\"right\":{\"value\":1},\"split\":{\"split_index\":9}}", "invalid_value"),
        ("{\"value\":[]}", "wrong_shape"),
    ])
    func aDefectiveTreeOfNodes_isRefused(node: String, code: String) throws {
        let start = try #require(HostileCatBoostTests.sound.firstRange(of: "\"oblivious_trees\"")).lowerBound
        let text = HostileCatBoostTests.sound[..<start] + "\"trees\":[\(node)],\"scale_and_bias\":[1,[0]]}"
        let bytes = Array(text.utf8)
        let error = #expect(throws: FormatError.self) { try ModelFile.load(bytes.span, fileName: "") }
        #expect(error?.code == code, "\(error.map(\.description) ?? "accepted")")
    }
}
