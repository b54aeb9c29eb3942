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

    @Test(arguments: cases)
    func theOriginalsAnswers_areReproduced(name: String) throws {
        let bytes = try Repository.bytes("Tests/Fixtures/models/xgboost/\(name)/model.json")
        let graph = try ModelFile.load(bytes.span, fileName: name)
        let recorded = try RecordedCase("Tests/Fixtures/models/xgboost/\(name)/case.json")
        let ensemble = graph.ensemble
        let margins = recorded.rows.map { TreeReference.margins(ensemble, row: $0) }
        let predictions = margins.map { TreeReference.predictions(graph.output.transform, margins: $0) }
        // XGBoost's margins for multi:softmax are a row of all classes, as here.
        expectClose(margins.flatMap(\.self), recorded.margins, recorded, "margins of \(name)")
        expectClose(predictions.flatMap(\.self), recorded.predictions, recorded, "predictions of \(name)")
        #expect(graph.inputType == .float32)
    }

    private func expectClose(_ found: [Float], _ wanted: [Double], _ recorded: RecordedCase, _ what: String) {
        #expect(found.count == wanted.count, "\(what)")
        var far = 0
        for (found, wanted) in zip(found, wanted) {
            let limit = recorded.absoluteTolerance + recorded.relativeTolerance * abs(wanted)
            if !(abs(Double(found) - wanted) <= limit) { far += 1 }
        }
        #expect(far == 0, "\(what): \(far) of \(found.count) differ")
    }

    @Test(arguments: cases)
    func anImportedModel_survivesTheNativeFormat(name: String) throws {
        let bytes = try Repository.bytes("Tests/Fixtures/models/xgboost/\(name)/model.json")
        let graph = try ModelFile.load(bytes.span, fileName: name)
        let native = try NativeModel.write(graph)
        #expect(try ModelFile.load(native.span, fileName: name) == graph)
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

    @Test(arguments: [
        ("xgb17_binary_gblinear", "gblinear"), ("xgb17_categorical_onehot", "categorical"),
        ("xgb21_binary_dart", "dart"), ("xgb21_categorical_partition", "categorical"),
        ("xgb21_reg_vectorleaf", "vector leaf"), ("xgb34_categorical_strings", "categorical"),
        ("xgb34_reg_multioutput", "targets"), ("xgb_binary_dart", "dart"),
        ("xgb_reg_vectorleaf", "vector leaf"),
    ])
    func whatIsNotReadYet_isRefusedByName(name: String, word: String) throws {
        let bytes = try Repository.bytes("Tests/Fixtures/models/xgboost-unsupported/\(name)/model.json")
        let error = #expect(throws: FormatError.self) { try ModelFile.load(bytes.span, fileName: name) }
        #expect(error?.code == "unsupported")
        #expect(error?.description.contains(word) == true)
    }
}
