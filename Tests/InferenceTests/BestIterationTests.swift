// SPDX-License-Identifier: Apache-2.0
import Base
import ModelFormat
import Tabular
import Testing

@testable import Inference

/// Models without the trees after an iteration, as XGBoost answered them by `iteration_range`
/// (`Tests/Fixtures/models/make_best_iteration.py`).
struct BestIterationTests {
    static let names = [
        "xgb_binary_logistic", "xgb_binary_dart", "xgb_multi_softmax", "xgb_reg_vectorleaf",
        "xgb_count_poisson", "xgb_categorical_partition", "xgb21_multi_softprob_forest",
        "xgb34_reg_multioutput", "xgb17_reg_squarederror",
    ]

    private static func record(_ name: String) throws -> JSONObject {
        let text = try OriginalAnswers.file("best_iteration.json")
        return try #require(try JSONValue.parse(text.span)[name]?.object)
    }

    @Test(arguments: names) func treesUpToAnIteration_answerAsXGBoostDoes(name: String) throws {
        let record = try Self.record("xgboost/\(name)")
        let file = try OriginalAnswers.file("xgboost/\(name)/model.json")
        var graph = try ModelFile.load(file.span, fileName: "model.json")
        #expect(record.members.count >= 2)
        for member in record.members {
            graph.lineage.facts["best_iteration"] = member.key
            let model = try CompiledModel(try #require(graph.upToBestIteration, "\(member.key)"))
            let rows = try OriginalAnswers("xgboost/\(name)").block(for: model)
            var predictions = Predictions()
            var scratch = InferenceScratch()
            model.predict(rows, into: &predictions, scratch: &scratch)
            let wanted = OriginalAnswers.numbers(member.value)
            let found = Array(ImportedAnswers.numbers(predictions.margins).prefix(wanted.count))
            expectAnswers(found, wanted, relative: 0, "\(name) up to \(member.key)")
        }
    }

    @Test func aModelThatStoppedEarly_answersByAllTreesOrTheBest() throws {
        let record = try Self.record("early_stopping")
        let file = try OriginalAnswers.file("xgb_early_stopping.json")
        let graph = try ModelFile.load(file.span, fileName: "model.json")
        let best = try #require(record["best_iteration"]?.integer)
        #expect(graph.lineage.facts["best_iteration"] == "\(best)")
        let values = try #require(record["rows"]?.array).map { OriginalAnswers.numbers($0) }
        for (key, graph) in [("all", graph), ("best", try #require(graph.upToBestIteration))] {
            let model = try CompiledModel(graph)
            var rows = RowBlock()
            rows.reset(columnCount: 4, numberType: model.inputType)
            rows.appendRows(values.count)
            for (row, numbers) in values.enumerated() {
                for (column, number) in numbers.enumerated() { rows.set(number, row: row, column: column) }
            }
            var predictions = Predictions()
            var scratch = InferenceScratch()
            model.predict(rows, into: &predictions, scratch: &scratch)
            let wanted = OriginalAnswers.numbers(try #require(record[key]))
            expectAnswers(ImportedAnswers.numbers(predictions.values), wanted, relative: 0, key)
        }
    }
}
