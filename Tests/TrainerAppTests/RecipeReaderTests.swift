// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing
import Training

@testable import TrainerApp

@Suite struct RecipeReaderTests {
    private func read(_ text: String) throws(AppError) -> [PreparationStep] {
        try RecipeReader(path: "steps.yaml").recipe(text.utf8Span.span).steps
    }

    @Test func steps_areReadInTheirOrder() throws {
        let steps = try read(
            """
            preprocess:
              - impute: {columns: numeric, strategy: constant, constant: -1, indicator: true}
              - scale: {columns: [a, b], method: min_max, max: 2, clip: true}
              - transform: {columns: a, method: quantile_normal, quantiles: 50}
              - text: {columns: text, method: hash, buckets: 8, norm: none}
              - drop: {columns: [c]}
            """)
        #expect(
            steps == [
                PreparationStep(.numeric, .impute(.constant(-1), indicator: true)),
                PreparationStep(.named(["a", "b"]), .scale(.minMax(low: 0, high: 2, clips: true))),
                PreparationStep(.named(["a"]), .transform(.quantile(.normal, count: 50))),
                PreparationStep(.text, .termHash(TextRule(), buckets: 8, norm: nil)),
                PreparationStep(.named(["c"]), .drop),
            ])
    }

    @Test func aListAlone_isAlsoARecipe() throws {
        #expect(try read("- ordinal: {columns: categorical}").count == 1)
        #expect(try read("# nothing").isEmpty)
    }

    @Test(arguments: [
        ("- polish: {columns: all}", "1:3: \"polish\" is no step"),
        ("- scale: {columns: all, metod: robust}", "\"metod\" is none of its options"),
        ("- scale: {method: robust}", "columns is missing"),
        (
            "- scale: {columns: all, method: fine}",
            "method is standard, robust, min_max, max_abs, not \"fine\""
        ),
        ("- bin: {columns: all, bins: 1}", "bins is a whole number from 2 to 10000, not \"1\""),
        ("- clip: {columns: all, low_quantile: 2}", "low_quantile is from 0 to 1"),
        ("- date: {columns: d, parts: [year, eon]}", "not \"eon\""),
        ("- impute: {columns: all, strategy: constant}", "constant needs the option constant"),
        ("- transform: {columns: all}", "method is missing"),
        ("- {columns: all, scale: {}}", "a step is one word"),
        ("scale: {columns: all}", "a list of steps is expected"),
        ("- scale: all", "the options of scale are a mapping"),
    ])
    func whatIsWrong_isNamedWithItsPlace(text: String, reason: String) throws {
        let error = try #require(throws: AppError.self) { try read(text) }
        #expect(
            error.message.hasPrefix("steps.yaml:1:") && error.message.contains(reason), "\(error.message)")
        #expect(error.status == .usage)
    }
}
