// SPDX-License-Identifier: Apache-2.0
import Inference
import Tabular
import TestKit
import Testing

@testable import Registry

/// What a job keeps of a model for itself.
struct PinnedModelTests {
    private func answer(of model: CompiledModel) -> Double {
        var rows = RowBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        rows.reset(columnCount: model.schema.count, numberType: model.inputType)
        rows.appendRows(1)
        model.predict(rows, into: &predictions, scratch: &scratch)
        return predictions.values.value(row: 0, column: 0)
    }

    /// Whatever the policy says later, and whatever becomes of the version.
    @Test(arguments: [true, false]) func aPinnedModel_answersAsTheOneThatWasServed(best: Bool) throws {
        let store = try TestStore(serving: "models")
        try store.write(Fixtures.bytes("models/xgb_early_stopping.json"), to: "models/m/1/model.json")
        try store.write(Array("best_iteration: \(best)".utf8), to: "models/m/model.yaml")
        try store.look()
        let loaded = try #require(store.registry.view.models["m"]?.newest)
        #expect(loaded.endsAtBestIteration == best)
        try PinnedModel.pin(
            "m", "1", endsAtBestIteration: loaded.endsAtBestIteration, of: store.path("models"),
            into: store.path("job"))
        try store.remove("models")
        let pinned = try PinnedModel.load(store.path("job"), digest: loaded.digest, engine: ONNXEngine())
        #expect(answer(of: pinned) == answer(of: loaded.model))
        #expect(throws: RegistryError.self) {
            try PinnedModel.load(store.path("job"), digest: "other", engine: ONNXEngine())
        }
    }

    @Test func theTwoKindsOfAnswers_differ() throws {
        let store = try TestStore()
        for name in ["all", "best"] {
            try store.write(Fixtures.bytes("models/xgb_early_stopping.json"), to: "\(name)/1/model.json")
        }
        try store.write(Array("best_iteration: true".utf8), to: "best/model.yaml")
        try store.look()
        let models = store.registry.view.models
        let all = try #require(models["all"]?.newest), best = try #require(models["best"]?.newest)
        #expect(answer(of: all.model) != answer(of: best.model))
    }
}
