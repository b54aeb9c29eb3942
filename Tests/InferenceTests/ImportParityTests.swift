// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

@testable import Inference

/// Models that other libraries saved, with what those libraries predicted for the rows beside them.
struct ImportParityTests {
    static func cases(_ library: String) -> [String] {
        Directories.names(OriginalAnswers.root + library).filter { !$0.contains(".") }
            .map { "\(library)/\($0)" }
    }

    @Test func everyLibraryHasItsCases() {
        #expect(ImportParityTests.cases("xgboost").count >= 42)
        #expect(ImportParityTests.cases("lightgbm").count >= 24)
        #expect(ImportParityTests.cases("catboost").count >= 3)
    }

    /// Bit for bit, whichever version saved the model.
    @Test(arguments: cases("xgboost"), ["model.json", "model.ubj"])
    func xgboost_isAnsweredAsXGBoostDid(name: String, file: String) throws {
        guard Directories.names(OriginalAnswers.root + name).contains(file) else { return }
        let original = try OriginalAnswers(name)
        let answers = try ImportedAnswers("\(name)/\(file)", original)
        expectAnswers(
            answers.margins, try #require(original.numbers("margin")), relative: 0, "margin")
        expectAnswers(
            answers.values, try #require(original.numbers("predict")), relative: 0, "predict")
        if let leaves = original.numbers("leaf"), !answers.leaves.isEmpty {
            #expect(answers.leaves == leaves)
        }
    }

    @Test(arguments: cases("lightgbm")) func lightGBM_isAnsweredAsLightGBMDid(name: String) throws {
        let original = try OriginalAnswers(name)
        let answers = try ImportedAnswers("\(name)/model.txt", original)
        expectAnswers(answers.margins, try #require(original.numbers("raw")), relative: 1e-12, "raw")
        expectAnswers(answers.values, try #require(original.numbers("predict")), relative: 1e-12, "predict")
        if let leaves = original.numbers("leaf"), !answers.leaves.isEmpty {
            #expect(answers.leaves == leaves)
        }
    }

    @Test(arguments: cases("catboost")) func catBoost_isAnsweredAsCatBoostDid(name: String) throws {
        let original = try OriginalAnswers(name)
        var answers = try ImportedAnswers("\(name)/model.json", original)
        if let raw = original.numbers("raw") {
            expectAnswers(answers.margins, raw, relative: 1e-12, "raw")
        }
        if let predictions = original.numbers("predict") {
            expectAnswers(answers.values, predictions, relative: 1e-12, "predict")
        }
        guard let probabilities = original.numbers("proba") else { return }
        if answers.model.outputs.contains(where: { $0.kind == .probabilities }) {
            answers.predictions.deriveProbabilities()
            expectAnswers(
                ImportedAnswers.numbers(answers.predictions.probabilities), probabilities, relative: 1e-12,
                "proba")
        }
        guard case .integers(let labels)? = answers.graph.output.labels else { return }
        if let classes = original.numbers("class") {
            let found = (0..<answers.rowCount).map { Double(labels[answers.predictions.labelIndex(row: $0)]) }
            #expect(found == classes)
        }
    }

    /// scikit-learn's own prediction is the label; probabilities stand beside it.
    @Test(arguments: cases("skops"), [false, true])
    func skops_isAnsweredAsScikitLearnDid(name: String, isConverted: Bool) throws {
        let original = try OriginalAnswers(name)
        var answers = try ImportedAnswers("\(name)/model.skops", original, isConverted: isConverted)
        // Networks add up in Float32, and so does the model that boosting starts from.
        let isNetwork = if case .multilayerPerceptron = answers.graph.estimator { true } else { false }
        let startsFromModel = name.contains("more_boosting_from")
        let relative = isNetwork ? 2e-5 : startsFromModel ? 1e-6 : 1e-12
        if let labels = answers.graph.output.labels {
            let found = (0..<answers.rowCount).map { answers.predictions.labelIndex(row: $0) }
            #expect(answers.model.outputs[0].width == nil)
            switch labels {
            case .integers(let numbers):
                #expect(answers.model.outputs[0].datatype == .int64)
                #expect(found.map { Double(numbers[$0]) } == original.numbers("predict"))
            case .strings(let names):
                #expect(answers.model.outputs[0].datatype == .bytes)
                #expect(found.map { names[$0] } == original.strings("predict"))
            }
        } else {
            expectAnswers(
                answers.values, try #require(original.numbers("predict")), relative: relative,
                absolute: relative, "predict")
        }
        guard let probabilities = original.numbers("predict_proba") else { return }
        try #require(answers.model.outputs.contains { $0.kind == .probabilities })
        answers.predictions.deriveProbabilities()
        expectAnswers(
            ImportedAnswers.numbers(answers.predictions.probabilities), probabilities, relative: relative,
            absolute: isNetwork || startsFromModel ? 1e-6 : 1e-15, "predict_proba")
    }
}
