// SPDX-License-Identifier: Apache-2.0
import Base
import ModelFormat
import Tabular
import Testing

@testable import Inference

/// Rows that start from margins of their own, as XGBoost and CatBoost answered them
/// (`Tests/Fixtures/models/make_row_margins.py`).
struct RowMarginTests {
    static let names = [
        "xgboost/xgb_binary_logistic", "xgboost/xgb_binary_dart", "xgboost/xgb_count_poisson",
        "xgboost/xgb_multi_softmax", "xgboost/xgb_reg_vectorleaf", "xgboost/xgb_reg_squarederror",
        "catboost/cat_lossguide", "catboost/cat_binary_nan",
    ]

    private struct Setup: ~Copyable {
        let record: JSONValue
        let model: CompiledModel
        let rows: RowBlock
        let margins: RowBlock

        /// The first `count` rows of the case.
        static func make(_ name: String, count: Int) throws -> Setup {
            let text = try OriginalAnswers.file("row_margins.json")
            let record = try #require(try JSONValue.parse(text.span)[name])
            let file = try OriginalAnswers.file("\(name)/model.json")
            let model = try CompiledModel(try ModelFile.load(file.span, fileName: name))
            let all = try OriginalAnswers(name).block(for: model)
            let input = try #require(model.rowMarginInput)
            let given = OriginalAnswers.numbers(record["row_margins"] ?? .null)
            return Setup(
                record: record, model: model,
                rows: block(count, all.columnCount, all.numberType) { all.value(row: $0, column: $1) },
                margins: block(count, input.width, input.numberType) { given[$0 * input.width + $1] })
        }

        private static func block(
            _ rows: Int, _ columns: Int, _ type: NumberType, _ value: (Int, Int) -> Double
        ) -> RowBlock {
            var block = RowBlock()
            block.reset(columnCount: columns, numberType: type)
            block.appendRows(rows)
            for row in 0..<rows {
                for column in 0..<columns { block.set(value(row, column), row: row, column: column) }
            }
            return block
        }
    }

    /// Few rows go another way through the trees than many.
    @Test(arguments: names, [1, 5, 12]) func rows_startFromTheirMargins(name: String, count: Int) throws {
        let setup = try Setup.make(name, count: count)
        let model = setup.model
        #expect(model.rowMarginInput?.name == (name.hasPrefix("catboost") ? "baseline" : "base_margin"))
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.predict(
            setup.rows, startingFrom: setup.margins, into: &predictions, scratch: &scratch)
        let relative = name.hasPrefix("catboost") ? 1e-15 : 0.0
        for (key, found) in [
            ("margin", ImportedAnswers.numbers(predictions.margins)),
            ("predict", ImportedAnswers.numbers(predictions.values)),
        ] {
            guard let value = setup.record[key] else { continue }
            let wanted = Array(OriginalAnswers.numbers(value).prefix(found.count))
            expectAnswers(found, wanted, relative: relative, key)
        }
    }

    @Test(arguments: ["xgboost/xgb_binary_logistic", "xgboost/xgb_reg_squarederror"])
    func contributions_addUpToTheMargin(name: String) throws {
        let setup = try Setup.make(name, count: 12)
        var predictions = Predictions()
        var scratch = InferenceScratch()
        setup.model.explain(setup.rows, into: &predictions, scratch: &scratch)
        setup.model.addToContributions(setup.margins, &predictions)
        let found = ImportedAnswers.numbers(predictions.contributions)
        let wanted = OriginalAnswers.numbers(try #require(setup.record["contribs"]))
        expectAnswers(found, wanted, relative: 1e-5, absolute: 2e-5, "contributions")
        let margins = OriginalAnswers.numbers(try #require(setup.record["margin"]))
        for (row, margin) in margins.enumerated() {
            let width = found.count / margins.count
            let sum = found[row * width..<(row + 1) * width].reduce(0, +)
            #expect(abs(sum - margin) <= 1e-5 * max(1, abs(margin)))
        }
    }

    @Test func librariesWithoutSuchAnInput_haveNone() throws {
        for path in ["lightgbm/lgb_binary/model.txt", "xgboost/xgb_binary_gblinear/model.json"] {
            let file = try OriginalAnswers.file(path)
            let model = try CompiledModel(try ModelFile.load(file.span, fileName: path))
            #expect(model.rowMarginInput == nil)
        }
    }

    @Test func theNativeFormat_keepsTheInput() throws {
        for (path, name) in [
            ("xgboost/xgb_reg_gamma/model.json", "base_margin"),
            ("catboost/cat_lossguide/model.json", "baseline"),
        ] {
            let file = try OriginalAnswers.file(path)
            let bytes = try NativeModel.write(try ModelFile.load(file.span, fileName: path))
            let model = try CompiledModel(try ModelFile.load(bytes.span, fileName: "native"))
            #expect(model.rowMarginInput?.name == name)
        }
    }
}
