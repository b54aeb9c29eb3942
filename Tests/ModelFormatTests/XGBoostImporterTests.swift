// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

@Suite struct XGBoostImporterTests {
    static let cases = Repository.names(in: "Tests/Fixtures/models/xgboost").filter { $0.hasPrefix("xgb") }

    @Test func everyVersionHasACase() {
        for prefix in ["xgb12_", "xgb17_", "xgb21_", "xgb_", "xgb34_"] {
            #expect(XGBoostImporterTests.cases.contains { $0.hasPrefix(prefix) }, "\(prefix)")
        }
        #expect(XGBoostImporterTests.cases.count >= 12)
    }

    /// The same model in both encodings is the same graph. What XGBoost answers is compared in
    /// InferenceTests/ImportParityTests.
    @Test(arguments: cases.filter { !$0.hasPrefix("xgb12_") })
    func bothEncodings_giveTheSameGraph(name: String) throws {
        let folder = "Tests/Fixtures/models/xgboost/\(name)"
        guard Repository.names(in: folder).contains("model.ubj") else { return }
        let text = try Repository.bytes("\(folder)/model.json")
        let binary = try Repository.bytes("\(folder)/model.ubj")
        #expect(try ModelFile.recognise(binary.span, fileName: "") == .xgboostUBJSON)
        let graphs = (
            try ModelFile.load(text.span, fileName: name), try ModelFile.load(binary.span, fileName: name)
        )
        #expect(graphs.0 == graphs.1)
    }

    @Test(arguments: cases)
    func anImportedModel_survivesTheNativeFormat(name: String) throws {
        let bytes = try Repository.bytes("Tests/Fixtures/models/xgboost/\(name)/model.json")
        let graph = try ModelFile.load(bytes.span, fileName: name)
        let native = try NativeModel.write(graph)
        #expect(try ModelFile.load(native.span, fileName: name) == graph)
    }

    /// Their margins are differences, so that they cannot be answered column by column.
    @Test func severalExpectiles_areRefused() throws {
        let bytes = try Repository.bytes("Tests/Fixtures/models/xgboost/xgb34_reg_multioutput/model.json")
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("reg:squarederror"))
        let changed = Array(text.replacing("reg:squarederror", with: "reg:expectileerror").utf8)
        let error = #expect(throws: FormatError.self) {
            try ModelFile.load(changed.span, fileName: "model.json")
        }
        #expect(error?.code == "unsupported")
    }

    /// Children stand behind their parent, side by side, and pruned nodes are gone.
    @Test func nodesThatPruningCutOff_areDropped() throws {
        let bytes = try Repository.bytes("Tests/Fixtures/models/xgboost/xgb_binary_exact_prune/model.json")
        let ensemble = try ModelFile.load(bytes.span, fileName: "").ensemble
        let leaves = ensemble.features.count { $0 == -1 }
        #expect(ensemble.nodeCount == 2 * leaves - ensemble.treeCount)
        for node in 0..<ensemble.nodeCount where ensemble.features[node] >= 0 {
            #expect(ensemble.rights[node] == ensemble.lefts[node] + 1)
        }
    }

    @Test func namesLabelsAndFacts_areKept() throws {
        let bytes = try Repository.bytes("Tests/Fixtures/models/xgboost/xgb34_binary_logistic/model.json")
        let graph = try ModelFile.load(bytes.span, fileName: "")
        #expect(graph.schema.features.first == Feature(name: "mean_radius", kind: .numeric))
        #expect(graph.schema.count == 30)
        #expect(graph.output == OutputDescription(transform: .logistic, labels: .integers([0, 1])))
        #expect(graph.lineage.facts["producer"] == "XGBoost 3.4.1")
        #expect(graph.lineage.facts["objective"] == "binary:logistic")
        let old = try Repository.bytes("Tests/Fixtures/models/xgboost/xgb17_multi_softprob/model.json")
        let multi = try ModelFile.load(old.span, fileName: "")
        #expect(multi.schema.features.map(\.name) == ["f0", "f1", "f2", "f3"])
        #expect(multi.output == OutputDescription(transform: .softmax, labels: .integers([0, 1, 2])))
        #expect(multi.lineage.facts["best_iteration"] == "7")
        let regression = try Repository.bytes("Tests/Fixtures/models/xgboost/xgb_reg_gamma/model.json")
        let gamma = try ModelFile.load(regression.span, fileName: "")
        #expect(gamma.output == OutputDescription(transform: .exponential))
    }

    @Test func categoriesByName_becomeTheSchema() throws {
        let bytes = try Repository.bytes("Tests/Fixtures/models/xgboost/xgb34_categorical_strings/model.ubj")
        let graph = try ModelFile.load(bytes.span, fileName: "")
        guard case .categorical(let names) = graph.schema.features[0].kind else {
            Issue.record("c0 is numeric")
            return
        }
        #expect(names.contains("p16") && names.contains("leer"))
        guard case .categorical(let numbers) = graph.schema.features[6].kind else {
            Issue.record("c6_int is numeric")
            return
        }
        #expect(numbers.contains("160"))
        #expect(graph.schema.features[7].kind == .numeric)
        // A name that training never saw is missing, not a code.
        guard case .encode(let encodings) = graph.stages.first else {
            Issue.record("unseen names stay codes")
            return
        }
        #expect(encodings[0] == .ordinal && encodings[7] == .pass)
    }

    @Test func gblinear_isALinearModelInFloat32() throws {
        let bytes = try Repository.bytes("Tests/Fixtures/models/xgboost/xgb17_binary_gblinear/model.json")
        let graph = try ModelFile.load(bytes.span, fileName: "")
        guard case .linear(let model) = graph.estimator else {
            Issue.record("no linear model")
            return
        }
        #expect(model.numberType == .float32)
        #expect(model.coefficients.count == graph.schema.count)
    }
}
