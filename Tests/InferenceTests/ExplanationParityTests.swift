// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

@testable import Inference

/// Contributions and leaves as the libraries themselves give them.
struct ExplanationParityTests {
    private static let cases = ["xgboost", "lightgbm", "catboost"].flatMap { ImportParityTests.cases($0) }

    private static func file(_ name: String) -> String {
        let files = Directories.names(OriginalAnswers.root + name)
        return files.contains("model.txt") ? "model.txt" : "model.json"
    }

    @Test(arguments: cases) func contributions_areThoseOfTheLibrary(name: String) throws {
        let original = try OriginalAnswers(name)
        let keys = ["contribs", "contrib", "shap"]
        guard let wanted = keys.lazy.compactMap({ original.numbers($0) }).first else { return }
        var answers = try ImportedAnswers("\(name)/\(Self.file(name))", original)
        try #require(answers.model.outputs.contains { $0.kind == .contributions })
        var scratch = InferenceScratch()
        answers.model.explain(
            original.block(for: answers.model), into: &answers.predictions, scratch: &scratch)
        let found = ImportedAnswers.numbers(answers.predictions.contributions)
        // XGBoost computes its own in Float32, from sums of a few hundred in one case.
        let relative = name.hasPrefix("xgboost") ? 1e-5 : 1e-6
        expectAnswers(found, wanted, relative: relative, absolute: 1e-6, "contributions")
        let margins = answers.margins
        let width = answers.model.schema.count + 1
        for (index, margin) in margins.enumerated() {
            let sum = found[index * width..<(index + 1) * width].reduce(0, +)
            let tolerance = answers.predictions.numberType == .float32 ? 2e-6 : 1e-12
            #expect(abs(sum - margin) <= tolerance * max(1, abs(margin)), "row and output \(index)")
        }
    }

    @Test(arguments: cases) func leaves_areThoseOfTheLibrary(name: String) throws {
        let original = try OriginalAnswers(name)
        guard let wanted = original.numbers("leaf") else { return }
        var answers = try ImportedAnswers("\(name)/\(Self.file(name))", original)
        var scratch = InferenceScratch()
        answers.model.findLeaves(
            original.block(for: answers.model), into: &answers.predictions, scratch: &scratch)
        #expect(ImportedAnswers.numbers(answers.predictions.leaves) == wanted)
    }

    @Test func theLibrariesAnsweredEnough() throws {
        var explained = 0
        for name in Self.cases {
            let original = try OriginalAnswers(name)
            let keys = ["contribs", "contrib", "shap"]
            if keys.contains(where: { original.numbers($0) != nil }) { explained += 1 }
        }
        #expect(explained >= 14)
    }
}
