// SPDX-License-Identifier: Apache-2.0
import Base
import ModelFormat
import Tabular
import Testing

@testable import Inference

/// Models that XGBoost saved, with what XGBoost itself predicted for the rows beside them.
struct XGBoostParityTests {
    private static let directory: String = {
        let parts = #filePath.split(separator: "/").dropLast(2)
        return "/" + parts.joined(separator: "/") + "/Fixtures/models/xgboost/"
    }()

    private static let cases = [
        "xgb12_binary_exact_prune", "xgb12_multi_missing_rf", "xgb12_multi_softprob",
        "xgb12_reg_squarederror", "xgb17_count_poisson", "xgb17_multi_softprob", "xgb17_reg_squarederror",
        "xgb21_binary_logistic_missing", "xgb21_count_poisson_lossguide", "xgb21_multi_softprob_forest",
        "xgb34_binary_logistic", "xgb34_count_poisson", "xgb34_multi_softprob", "xgb34_survival_aft",
        "xgb_binary_exact_prune", "xgb_binary_hinge", "xgb_binary_logistic", "xgb_binary_logitraw",
        "xgb_binary_monotone", "xgb_binary_stump1", "xgb_multi_digits", "xgb_multi_softmax", "xgb_rank_map",
        "xgb_rank_ndcg", "xgb_rank_pairwise", "xgb_reg_absoluteerror", "xgb_reg_gamma", "xgb_reg_logistic",
        "xgb_reg_squarederror", "xgb_reg_tweedie",
    ]

    /// The numbers of arrays of any shape, one after the other; `null` is missing.
    private func numbers(_ value: JSONValue?) -> [Double] {
        switch value {
        case .array(let elements): elements.flatMap { numbers($0) }
        case .integer(let number): [Double(number)]
        case .number(let number): [number]
        case .string("Infinity"): [.infinity]
        case .string("-Infinity"): [-.infinity]
        case .null: [.nan]
        default: []
        }
    }

    @Test(arguments: cases) func recordedRows_areAnsweredAsXGBoostDid(name: String) throws {
        let file = try File.read(Self.directory + name + "/model.json", limit: 1 << 24)
        let model = try CompiledModel(try ModelFile.load(file.span, fileName: name))
        let text = try File.read(Self.directory + name + "/case.json", limit: 1 << 24)
        let record = try JSONValue.parse(text.span)
        let rows = try #require(record["input"]?["rows"]?.array).map { numbers($0) }
        var input = RowBlock()
        input.reset(columnCount: model.schema.count, numberType: model.inputType)
        input.appendRows(rows.count)
        for (row, values) in rows.enumerated() {
            for (column, value) in values.enumerated() { input.set(value, row: row, column: column) }
        }
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.predict(input, into: &predictions, scratch: &scratch)

        let relative = try #require(record["tolerance"]?["rtol"]?.double)
        let absolute = try #require(record["tolerance"]?["atol"]?.double)
        // XGBoost 1.2 added the base margin after the leaves; every later version begins with it, as we do.
        let isExact = !name.hasPrefix("xgb12_") || name == "xgb12_binary_exact_prune"
        func compare(_ got: borrowing RowBlock, _ expected: [Double], _ what: String) {
            #expect(got.cellCount == expected.count, "\(what)")
            guard got.cellCount == expected.count else { return }
            let values = got.float32
            for (index, expected) in expected.enumerated() {
                if isExact {
                    #expect(values[index].bitPattern == Float(expected).bitPattern, "\(what) \(index)")
                } else {
                    let difference = abs(Double(values[index]) - expected)
                    #expect(difference <= absolute + relative * abs(expected), "\(what) \(index)")
                }
            }
        }
        compare(predictions.margins, numbers(record["expected"]?["margin"]), "margin")
        compare(predictions.values, numbers(record["expected"]?["predict"]), "predict")
    }
}
