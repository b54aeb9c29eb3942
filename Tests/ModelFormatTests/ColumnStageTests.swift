// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ModelFormat
@testable import Tabular

/// Stages of named columns: written and read back, and refused by name.
@Suite struct ColumnStageTests {
    static let schema = FeatureSchema(features: [
        Feature(name: "age", kind: .numeric),
        Feature(name: "plan", kind: .categorical(categories: ["a", "b"])),
        Feature(name: "joined", kind: .date), Feature(name: "note", kind: .text),
    ])

    static func graph(_ stages: [ColumnStage], width: Int? = nil) throws -> ModelGraph {
        var frame = ColumnFrame(schema)
        for stage in stages { try frame.apply(stage, part: "stages") }
        let count = width ?? frame.columns.count
        return ModelGraph(
            schema: schema, stages: stages.map { .columns($0) },
            estimator: .linear(
                LinearModel(coefficients: [Double](repeating: 0.5, count: count), intercepts: [0])),
            output: OutputDescription(transform: .identity))
    }

    static let keep = ColumnStage(inputs: ["age"], outputs: ["age"], operation: .keep)

    /// Every operation once, with values that it may have.
    static let stages: [ColumnStage] = {
        func stage(_ inputs: [String], _ outputs: [String], _ operation: ColumnOperation) -> ColumnStage {
            ColumnStage(inputs: inputs, outputs: outputs, operation: operation)
        }
        var rule = TextRule()
        (rule.wordsMax, rule.isSublinear) = (2, true)
        return [
            stage(["age", "plan"], ["age", "plan"], .fill(values: [1, 0])),
            stage(["note", "joined"], ["n", "j"], .missingIndicator),
            stage(["age"], ["r"], .rescale(offsets: [1], divisors: [2])),
            stage(["age"], ["m"], .multiplyAdd(multipliers: [1], addends: [2])),
            stage(["age"], ["c"], .clip(minimums: [-.infinity], maximums: [3])),
            stage(["age"], ["f"], .function(.log1p)),
            stage(["age"], ["y"], .power(.yeoJohnson, lambdas: [0.5])),
            stage(["age"], ["x"], .power(.boxCox, lambdas: [2])),
            stage(["age"], ["q"], .quantile(quantiles: [1, 2, 3], count: 3, distribution: .normal)),
            stage(["age", "joined"], ["b", "d"], .bin(edges: [[1, 2], []])),
            stage(["b"], ["b0", "b1"], .oneHot(positions: [0, 1, -1, 1, -1])),
            stage(["plan"], ["p", "p2"], .lookup(values: [1, 2, 3, .nan, 5, 6, 7, 8])),
            stage(["joined"], ["year", "week"], .dateParts([.year, .week])),
            stage(["age", "r"], ["age r", "r^2"], .polynomial(powers: [1, 1, 0, 2])),
            stage(["age", "r"], ["u", "v"], .normalize(.l2)),
            stage(["note"], ["h0", "h1"], .hash(TextRule())),
            stage(["note"], ["t0", "t1"], .textHash(TextRule(), norm: .l1)),
            stage(["note"], ["w"], .termWeights(rule, terms: ["größe x"], weights: [1.5], norm: nil)),
            stage(["age", "r"], ["pca0"], .project(means: [1, 2], components: [0.5, 0.5])),
            stage(["age", "b1", "w", "joined"], ["age", "b1", "w", "joined"], .keep),
        ]
    }()

    @Test func everyOperation_isReadAsItWasWritten() throws {
        let graph = try Self.graph(Self.stages)
        try graph.validate()
        let bytes = try NativeModel.write(graph)
        let read = try NativeModel.read(bytes.span).stages
        for (stage, wanted) in zip(read, graph.stages) {
            // NaN is not equal to itself: compared as text.
            #expect("\(stage)" == "\(wanted)")
        }
        #expect(read.count == graph.stages.count)
        #expect(try NativeModel.write(try NativeModel.read(bytes.span)) == bytes)
    }

    struct Defect: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var stage: ColumnStage
        var part: String
    }

    static let defects: [Defect] = {
        func defect(
            _ name: String, _ inputs: [String], _ outputs: [String], _ operation: ColumnOperation,
            _ part: String
        ) -> Defect {
            Defect(
                testDescription: name,
                stage: ColumnStage(inputs: inputs, outputs: outputs, operation: operation), part: part)
        }
        var long = TextRule()
        (long.wordsMin, long.wordsMax) = (3, 2)
        return [
            defect("unknown input", ["agee"], ["x"], .missingIndicator, "inputs"),
            defect("no input", [], ["x"], .normalize(.l1), "inputs"),
            defect("no output", ["age"], [], .keep, "outputs"),
            defect("an output twice", ["age", "age"], ["x", "x"], .missingIndicator, "outputs"),
            defect("an output without a name", ["age"], [""], .missingIndicator, "outputs"),
            defect("two outputs of one input", ["age"], ["x", "y"], .function(.exp), "outputs"),
            defect("a fill too few", ["age", "plan"], ["age", "plan"], .fill(values: [1]), "values"),
            defect("a fill that is no code", ["plan"], ["plan"], .fill(values: [2]), "values"),
            defect("a fill that is no number", ["age"], ["age"], .fill(values: [.nan]), "values"),
            defect("a text filled", ["note"], ["note"], .fill(values: [0]), "inputs"),
            defect("a text scaled", ["note"], ["x"], .rescale(offsets: [0], divisors: [1]), "inputs"),
            defect("a divisor of 0", ["age"], ["x"], .rescale(offsets: [0], divisors: [0]), "divisors"),
            defect(
                "an infinite addend", ["age"], ["x"], .multiplyAdd(multipliers: [1], addends: [.infinity]),
                "addends"),
            defect("a minimum above", ["age"], ["x"], .clip(minimums: [2], maximums: [1]), "minimums"),
            defect(
                "an exponent that is no number", ["age"], ["x"], .power(.boxCox, lambdas: [.nan]), "lambdas"),
            defect(
                "descending quantiles", ["age"], ["x"],
                .quantile(quantiles: [2, 1], count: 2, distribution: .uniform), "quantiles"),
            defect(
                "one quantile", ["age"], ["x"], .quantile(quantiles: [2], count: 1, distribution: .uniform),
                "quantiles"),
            defect("equal edges", ["age"], ["x"], .bin(edges: [[1, 1]]), "values"),
            defect("one hot of a number", ["age"], ["x"], .oneHot(positions: [0, 0]), "inputs"),
            defect("a position too few", ["plan"], ["x"], .oneHot(positions: [0, 0, 0]), "positions"),
            defect("a position beyond", ["plan"], ["x"], .oneHot(positions: [0, 1, 0, 0]), "positions"),
            defect("a value too many", ["plan"], ["x"], .lookup(values: [1, 2, 3, 4, 5]), "values"),
            defect("parts of a number", ["age"], ["x"], .dateParts([.year]), "inputs"),
            defect("a part too few", ["joined"], ["x", "y"], .dateParts([.year]), "parts"),
            defect("a power below 0", ["age"], ["x"], .polynomial(powers: [-1]), "powers"),
            defect("a power above 64", ["age"], ["x"], .polynomial(powers: [65]), "powers"),
            defect("a hash of a category", ["plan"], ["x"], .hash(TextRule()), "inputs"),
            defect("terms of no words", ["note"], ["x"], .textHash(long, norm: nil), "words_min"),
            defect(
                "a term twice", ["note"], ["x", "y"],
                .termWeights(TextRule(), terms: ["a", "a"], weights: [1, 1], norm: nil), "term_bytes"),
            defect(
                "a weight too few", ["note"], ["x"],
                .termWeights(TextRule(), terms: ["a"], weights: [], norm: nil), "weights"),
            defect(
                "a component too few", ["age", "joined"], ["x"], .project(means: [0, 0], components: [1]),
                "components"),
        ]
    }()

    @Test(arguments: defects) func defects_areRefusedByTheirPart(_ defect: Defect) throws {
        let graph = ModelGraph(
            schema: Self.schema, stages: [.columns(defect.stage), .columns(Self.keep)],
            estimator: .linear(LinearModel(coefficients: [1], intercepts: [0])),
            output: OutputDescription(transform: .identity))
        let error = try #require(throws: FormatError.self) { try graph.validate() }
        guard case .invalidValue(let part, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(part == "stages[0].\(defect.part)")
    }

    @Test func aTextLeftForTheEstimator_isRefused() throws {
        let graph = ModelGraph(
            schema: Self.schema,
            estimator: .linear(LinearModel(coefficients: [1, 1, 1, 1], intercepts: [0])),
            output: OutputDescription(transform: .identity))
        #expect(
            throws: FormatError.invalidValue(
                part: "stages", reason: "the text \"note\" is left for the estimator")
        ) { try graph.validate() }
    }

    @Test func aNamedStageBehindOthers_isRefused() throws {
        let graph = ModelGraph(
            schema: FeatureSchema(features: [Feature(name: "age", kind: .numeric)]),
            stages: [.impute(values: [0]), .columns(Self.keep)],
            estimator: .linear(LinearModel(coefficients: [1], intercepts: [0])),
            output: OutputDescription(transform: .identity))
        #expect(throws: FormatError.self) { try graph.validate() }
    }

    @Test(arguments: ["fill", "polish", ""]) func aKindThatIsNotKnown_isRefusedByItsName(kind: String) throws
    {
        var raw = RawFile(try NativeModel.write(try Self.graph([Self.keep])))
        let with = kind == "fill" ? "\\\"kind\\\":\\\"fill\\\"" : "\\\"kind\\\":\\\"\(kind)\\\""
        raw.header = raw.header.replacing("\\\"kind\\\":\\\"keep\\\"", with: with)
        let bytes = raw.bytes
        #expect(throws: FormatError.self) { try NativeModel.read(bytes.span) }
    }

    @Test func theExampleOfThePage_isRead() throws {
        let text = try FormatPageTests.example("named stages")
        let stages: [ColumnStage] = [
            ColumnStage(inputs: ["age"], outputs: ["age"], operation: .fill(values: [40])),
            ColumnStage(
                inputs: ["joined"], outputs: ["joined_year", "joined_month"],
                operation: .dateParts([.year, .month])),
            ColumnStage(
                inputs: ["plan"], outputs: ["plan=basic", "plan=plus"],
                operation: .oneHot(positions: [0, 1, -1, -1])),
            ColumnStage(
                inputs: ["age", "joined_year", "joined_month", "plan=basic", "plan=plus"],
                outputs: ["age", "joined_year", "joined_month", "plan=basic", "plan=plus"], operation: .keep),
        ]
        let header = RawFile(try NativeModel.write(try Self.graph(stages))).header
            .replacing("\\\"", with: "\"")
        #expect(header.contains("\"stages\":" + FormatPageTests.compact(text)))
    }
}
