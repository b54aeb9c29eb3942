// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import ModelFormat
import Preprocess
import Tabular
import Testing

@testable import Training

/// Steps fitted here against what scikit-learn and pandas recorded: Tests/Fixtures/preprocessing.
@Suite struct PreparationParityTests {
    struct Recorded {
        let document: JSONValue

        init() throws {
            var url = URL(fileURLWithPath: #filePath)
            for _ in 0..<2 { url.deleteLastPathComponent() }
            url.appendPathComponent("Fixtures/preprocessing/cases.json")
            let bytes = Array(try Data(contentsOf: url))
            document = try JSONValue.parse(bytes.span)
        }

        func numbers(_ value: JSONValue?) throws -> [[Double]] {
            try #require(value?.array).map { row in try #require(row.array).map { $0.double ?? .nan } }
        }

        func strings(_ name: String) throws -> [[String]] {
            try #require(document[name]?.array).map { row in
                row.string.map { [$0] } ?? row.array?.compactMap(\.string) ?? []
            }
        }

        /// Training rows, then test rows.
        func table(_ name: String) throws -> (Table, trainCount: Int) {
            let (prefix, suffix) =
                name == "nan" ? ("", "_nan") : name == "plain" ? ("", "") : (name + "_", "")
            if name == "cat" || name == "text" || name == "hashed" {
                let kind = name == "cat" ? "cat" : "text"
                let train = try strings("\(kind)_train")
                let all = train + (try strings("\(kind)_test"))
                let columns = all[0].indices.map { index -> Column in
                    let values = all.map { $0[index] }
                    if name != "cat" { return .text(values) }
                    var builder = Column.CategoryBuilder()
                    for value in values { builder.append(value) }
                    return builder.build()
                }
                return (Table(names: columns.indices.map { "c\($0)" }, columns: columns), train.count)
            }
            let train = try numbers(document["\(prefix)train\(suffix)"])
            let all = train + (try numbers(document["\(prefix)test\(suffix)"]))
            let columns = all[0].indices.map { index in Column.numeric(all.map { $0[index] }) }
            return (Table(names: columns.indices.map { "c\($0)" }, columns: columns), train.count)
        }
    }

    /// One action, what it is fitted to, and how many of the columns.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var table = "plain"
        var width: Int?
        var actions: [PreparationAction]
        var target: String?
        /// Columns at the end that the recording has first.
        var tolerance = 1e-12

        var testDescription: String { name }
    }

    static func oneHot(_ change: (inout OneHotRule) -> Void) -> PreparationAction {
        var rule = OneHotRule()
        change(&rule)
        return .oneHot(rule)
    }

    static func text(_ change: (inout TextRule, inout TermRule) -> Void) -> PreparationAction {
        var (rule, terms) = (TextRule(), TermRule())
        change(&rule, &terms)
        return .terms(rule, terms)
    }

    static let cases: [Case] = [
        Case(name: "standard", table: "nan", actions: [.scale(.standard)]),
        Case(name: "robust", table: "nan", actions: [.scale(.robust)]),
        Case(name: "max_abs", actions: [.scale(.maxAbs)]),
        Case(name: "min_max", actions: [.scale(.minMax(low: 0, high: 1, clips: false))]),
        Case(name: "min_max_clip", actions: [.scale(.minMax(low: -1, high: 2, clips: true))]),
        Case(name: "normalize_l1", table: "signed", actions: [.normalize(.l1)]),
        Case(name: "normalize_l2", table: "signed", actions: [.normalize(.l2)]),
        Case(name: "normalize_max", table: "signed", actions: [.normalize(.max)]),
        Case(name: "quantile_uniform", actions: [.transform(.quantile(.uniform, count: 25))]),
        Case(name: "quantile_normal", actions: [.transform(.quantile(.normal, count: 25))]),
        Case(name: "bin_quantile", actions: [.bin(count: 5, .quantile), .ordinal]),
        Case(name: "bin_uniform", actions: [.bin(count: 4, .uniform), .ordinal]),
        Case(name: "bin_one_hot", actions: [.bin(count: 3, .uniform), .oneHot(OneHotRule())]),
        Case(name: "polynomial", actions: [.polynomial(degree: 3, interactionOnly: false)]),
        Case(name: "interactions", actions: [.polynomial(degree: 2, interactionOnly: true)]),
        Case(name: "impute_mean", table: "nan", actions: [.impute(.mean, indicator: false)]),
        Case(name: "impute_median", table: "nan", actions: [.impute(.median, indicator: false)]),
        Case(name: "impute_most_frequent", table: "nan", actions: [.impute(.mostFrequent, indicator: false)]),
        Case(name: "impute_constant", table: "nan", actions: [.impute(.constant(-7.5), indicator: false)]),
        Case(name: "impute_indicator", table: "nan", actions: [.impute(.mean, indicator: true)]),
        Case(name: "pca", actions: [.principalComponents(count: 3, whiten: false)]),
        Case(name: "pca_whiten", actions: [.principalComponents(count: 2, whiten: true)]),
        Case(name: "one_hot", table: "cat", actions: [oneHot { _ in }]),
        Case(name: "one_hot_drop", table: "cat", actions: [oneHot { $0.dropsFirst = true }]),
        Case(name: "one_hot_min_count", table: "cat", actions: [oneHot { $0.countMin = 5 }]),
        Case(name: "one_hot_max", table: "cat", actions: [oneHot { $0.columnsMax = 4 }]),
        Case(name: "ordinal", table: "cat", actions: [.ordinal]),
        Case(name: "target_smooth", table: "cat", actions: [.target(smooth: 10, folds: 5)], target: "y"),
        Case(name: "target_auto", table: "cat", actions: [.target(smooth: nil, folds: 5)], target: "y"),
        Case(
            name: "target_classes", table: "cat", actions: [.target(smooth: nil, folds: 5)], target: "classes"
        ),
        Case(name: "tf_idf", table: "text", actions: [text { _, _ in }]),
        Case(
            name: "tf_idf_pairs", table: "text",
            actions: [
                text {
                    ($0.wordsMax, $0.isSublinear) = (2, true)
                    ($1.textsMin, $1.norm) = (3, .l1)
                }
            ]),
        Case(
            name: "counts", table: "text",
            actions: [
                text {
                    $0.isLowercased = false
                    ($1.isWeighted, $1.norm) = (false, nil)
                }
            ]),
        Case(name: "text_hash", table: "text", actions: [.termHash(TextRule(), buckets: 16, norm: .l2)]),
        Case(
            name: "text_hash_pairs", table: "text",
            actions: [
                .termHash(
                    {
                        var rule = TextRule()
                        (rule.wordsMin, rule.wordsMax, rule.isSigned) = (2, 3, false)
                        return rule
                    }(), buckets: 7, norm: nil)
            ]),
        Case(name: "hash", table: "text", actions: [.hash(buckets: 8, isSigned: true)]),
    ]

    static func prepare(
        _ table: Table, trainCount: Int, actions: [PreparationAction], target: Target? = nil
    ) throws -> (PreparedTable, FeatureSchema) {
        let train = Array(0..<trainCount)
        let split = Split(train: train, test: Array(trainCount..<table.rowCount))
        let schema = try #require(table.schema(of: table.names, rows: train))
        let recipe = PreparationRecipe(actions.map { PreparationStep(.all, $0) })
        return (
            try recipe.fit(table, schema: schema, target: target, split: split, seed: 7), schema
        )
    }

    /// Rows as the daemon prepares them.
    static func serve(_ table: Table, rows: [Int], _ prepared: PreparedTable, _ schema: FeatureSchema) throws
        -> [[Double]]
    {
        let plan = try PreprocessingPlan(prepared.stages, schema: schema)
        var raw = RowBlock()
        table.fill(&raw, rows: rows[...], schema: schema, as: .float64)
        var result = RowBlock()
        var scratch = PreprocessingScratch()
        plan.run(raw, into: &result, as: .float64, scratch: &scratch)
        return rows.indices.map { row in
            (0..<result.columnCount).map { result.value(row: row, column: $0) }
        }
    }

    @Test(arguments: cases) func steps_equalScikitLearn(_ item: Case) throws {
        let recorded = try Recorded()
        let (table, trainCount) = try recorded.table(item.table)
        var target: Target?
        if let name = item.target {
            let values = try #require(recorded.document[name]?.array).compactMap(\.double)
            let column = Column.numeric(values + [Double](repeating: 0, count: table.rowCount - trainCount))
            target = try Target(
                "y", in: Table(names: ["y"], columns: [column]),
                task: name == "y" ? .regression : .classification)
        }
        let (prepared, schema) = try Self.prepare(
            table, trainCount: trainCount, actions: item.actions, target: target)
        let got = try Self.serve(table, rows: Array(trainCount..<table.rowCount), prepared, schema)
        let expected = try recorded.numbers(recorded.document["cases"]?[item.name])
        try Self.compare(got, expected, tolerance: item.tolerance)
    }

    static func compare(_ got: [[Double]], _ expected: [[Double]], tolerance: Double) throws {
        try #require(got.count == expected.count)
        for (row, (values, wanted)) in zip(got, expected).enumerated() {
            try #require(values.count == wanted.count, "row \(row) has another width")
            for (column, (value, want)) in zip(values, wanted).enumerated() {
                let agrees =
                    value.isNaN && want.isNaN || abs(value - want) <= tolerance * max(1, abs(want))
                #expect(agrees, "row \(row), column \(column): \(value) is not \(want)")
            }
        }
    }

    @Test(arguments: [
        ("yeo_johnson", "signed", PowerFamily.yeoJohnson), ("box_cox", "plain", .boxCox),
    ])
    func powers_equalScikitLearnsAtItsExponents(name: String, table: String, family: PowerFamily) throws {
        let recorded = try Recorded()
        let (all, trainCount) = try recorded.table(table)
        let lambdas = try #require(recorded.document["lambdas"]?[name]?.array).compactMap(\.double)
        let expected = try recorded.numbers(recorded.document["cases"]?[name])
        for (column, lambda) in lambdas.enumerated() {
            guard case .numeric(let values) = all.columns[column] else { continue }
            let fitted = PowerFit.lambda(family, Array(values[..<trainCount]))
            // Brent's tolerance on either side: the likelihood is flat at its top.
            #expect(abs(fitted - lambda) < 2e-6 * max(1, abs(lambda)), "\(fitted) is not \(lambda)")
            for (row, value) in values[trainCount...].enumerated() {
                let got =
                    family == .boxCox ? boxCox(abs(value), lambda) : yeoJohnson(value, lambda)
                let want = expected[row][column]
                #expect(abs(got - want) <= 1e-12 * max(1, abs(want)), "\(got) is not \(want)")
            }
        }
    }

    @Test func dates_comeApartAsPandasTakesThem() throws {
        let recorded = try Recorded()
        let dates = try recorded.strings("dates").map { $0[0] }
        let seconds = try dates.map { try #require(DateText.parse($0)) }
        let table = Table(names: ["d"], columns: [.date(seconds)])
        let (prepared, schema) = try Self.prepare(
            table, trainCount: dates.count, actions: [.date(DatePart.allCases)])
        let got = try Self.serve(table, rows: Array(dates.indices), prepared, schema)
        let expected = try recorded.numbers(recorded.document["cases"]?["date"])
        // pandas counts fractions in whole microseconds.
        try Self.compare(got, expected, tolerance: 1e-12)
    }

    @Test(arguments: cases.filter { $0.target == nil })
    func whatIsTrainedOn_isWhatIsServed(_ item: Case) throws {
        let (table, trainCount) = try Recorded().table(item.table)
        let (prepared, schema) = try Self.prepare(table, trainCount: trainCount, actions: item.actions)
        let rows = Array(0..<trainCount)
        let served = try Self.serve(table, rows: rows, prepared, schema)
        var trained = RowBlock()
        prepared.table.fill(&trained, rows: rows[...], schema: prepared.schema, as: .float64)
        for row in rows {
            for column in 0..<trained.columnCount {
                #expect(
                    served[row][column].bitPattern == trained.value(row: row, column: column).bitPattern)
            }
        }
    }

    @Test func targetEncoding_leavesARowsOwnTargetOut() throws {
        // A category for each row: inside the folds it is unseen, so no row may see its own target.
        var builder = Column.CategoryBuilder()
        for row in 0..<20 { builder.append("r\(row)") }
        let targets = (0..<20).map { Double($0 * $0) }
        let table = Table(names: ["id"], columns: [builder.build()])
        let target = try Target(
            "y", in: Table(names: ["y"], columns: [.numeric(targets)]), task: .regression)
        let (prepared, schema) = try Self.prepare(
            table, trainCount: 20, actions: [.target(smooth: 0, folds: 4)], target: target)
        guard case .numeric(let trained) = prepared.table.columns[0] else {
            Issue.record("the encoded column is not numeric")
            return
        }
        let mean = targets.reduce(0, +) / 20
        #expect(zip(trained, targets).allSatisfy { abs($0 - $1) > 1 || abs($1 - mean) < 40 })
        #expect(Set(trained).count <= 4)
        let served = try Self.serve(table, rows: Array(0..<20), prepared, schema).map { $0[0] }
        #expect(served == targets)
    }
}
