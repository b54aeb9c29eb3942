// SPDX-License-Identifier: Apache-2.0
import Foundation
import Inference
import ModelFormat
import Tabular
import Testing

@testable import Registry

struct BestIterationTests {
    /// A fixture of XGBoost that stopped early, its graph, and the trees up to the best iteration.
    private func fixture(_ name: String) throws -> ModelGraph {
        let path = URL(fileURLWithPath: #filePath)
            .appending(path: "../../Fixtures/models/xgboost/\(name)/model.json").standardized
        let bytes = Array(try Data(contentsOf: path))
        return try ModelFile.load(bytes.span, fileName: "model.json")
    }

    private func trees(_ graph: ModelGraph) -> Int {
        guard case .treeEnsemble(let ensemble) = graph.estimator else { return 0 }
        return ensemble.treeCount
    }

    @Test(arguments: ["xgb17_multi_softprob", "xgb17_reg_squarederror", "xgb17_categorical_onehot"])
    func treesAfterTheBestIteration_areLeftOut(name: String) throws {
        var graph = try fixture(name)
        guard case .treeEnsemble(let ensemble) = graph.estimator else {
            Issue.record("\(name) has no trees")
            return
        }
        graph.lineage.facts["best_iteration"] = "1"
        let best = try #require(graph.upToBestIteration)
        try best.validate()
        let parallel = graph.lineage.facts["num_parallel_tree"].flatMap { Int($0) } ?? 1
        #expect(trees(best) == 2 * ensemble.outputCount * parallel)
        // The margin of all trees less that of the rest: each prefix adds what its trees say.
        let compiled = try CompiledModel(best)
        #expect(compiled.schema.count == graph.schema.count)
        for useless in ["0x", "-1", "\(ensemble.treeCount)", "\(Int.max)"] {
            graph.lineage.facts["best_iteration"] = useless
            #expect(graph.upToBestIteration == nil, "\(useless)")
        }
    }

    @Test func thePolicy_decides() throws {
        let path = URL(fileURLWithPath: #filePath)
            .appending(path: "../../Fixtures/models/xgboost/xgb17_reg_squarederror/model.json").standardized
        var text = try String(contentsOf: path, encoding: .utf8)
        let stated = try #require(text.firstMatch(of: /"best_iteration":\s*"(\d+)"/))
        text.replaceSubrange(stated.range, with: "\"best_iteration\":\"0\"")
        let store = try TestStore()
        for name in ["all", "best"] { try store.write(Array(text.utf8), to: "\(name)/1/model.json") }
        try store.write(Array("best_iteration: true".utf8), to: "best/model.yaml")
        try store.look()
        let answers = store.registry.view.models.mapValues { slot in
            slot.newest.map { TestModel.answer(of: $0) }
        }
        #expect(answers["all"] != nil && answers["best"] != nil && answers["all"] != answers["best"])
        // Changed, the version is loaded again by the new policy.
        try store.write(Array("best_iteration: false".utf8), to: "best/model.yaml")
        try store.settle()
        let again = store.registry.view.models["best"]?.newest.map { TestModel.answer(of: $0) }
        #expect(again == answers["all"])
    }
}
