// SPDX-License-Identifier: Apache-2.0
import Tabular
import Testing

@testable import Serving

struct InputBinderTests {
    private static let numeric = binder([("a", nil), ("b", nil), ("c", nil)])
    private static let mixed = binder([("n", nil), ("c", ["red", "green"])])

    private static func binder(_ features: [(String, [String]?)]) -> InputBinder {
        let features = features.map { name, categories in
            Feature(name: name, kind: categories.map { .categorical(categories: $0) } ?? .numeric)
        }
        return InputBinder(index: SchemaIndex(FeatureSchema(features: features)), modelName: "m")
    }

    @Test func aMatrix_fillsAllColumns() throws {
        var binder = Self.numeric
        let target = try binder.bind("input")
        #expect(target == InputBinder.Target(firstColumn: 0, columnCount: 3, isCategorical: false))
        try binder.requireAll()
    }

    @Test func columns_comeInAnyOrder() throws {
        var binder = Self.numeric
        #expect(try binder.bind("c").firstColumn == 2)
        #expect(try binder.bind("a").firstColumn == 0)
        #expect(try binder.bind("b").firstColumn == 1)
        try binder.requireAll()
    }

    @Test func aCategoricalColumn_saysSo() throws {
        var binder = Self.mixed
        #expect(try binder.bind("c") == .init(firstColumn: 1, columnCount: 1, isCategorical: true))
        #expect(try binder.bind("n") == .init(firstColumn: 0, columnCount: 1, isCategorical: false))
        try binder.requireAll()
    }

    @Test func aMatrixForAModelWithCategories_isUnexpected() {
        var binder = Self.mixed
        #expect(throws: PredictError.unexpectedInput("input", model: "m", expected: ["n", "c"])) {
            try binder.bind("input")
        }
    }

    @Test func anUnknownName_isUnexpected() {
        var binder = Self.numeric
        #expect(throws: PredictError.unexpectedInput("d", model: "m", expected: ["input", "a", "b", "c"])) {
            try binder.bind("d")
        }
    }

    @Test func aNameThatComesTwice_isRepeated() throws {
        var columns = Self.numeric
        _ = try columns.bind("b")
        #expect(throws: PredictError.repeatedInput("b")) { try columns.bind("b") }
        var matrix = Self.numeric
        _ = try matrix.bind("input")
        #expect(throws: PredictError.repeatedInput("input")) { try matrix.bind("input") }
    }

    @Test func matrixAndColumns_doNotMix() throws {
        var matrixFirst = Self.numeric
        _ = try matrixFirst.bind("input")
        #expect(throws: PredictError.unexpectedInput("a", model: "m", expected: ["input"])) {
            try matrixFirst.bind("a")
        }
        var columnFirst = Self.numeric
        _ = try columnFirst.bind("a")
        #expect(throws: PredictError.unexpectedInput("input", model: "m", expected: ["a", "b", "c"])) {
            try columnFirst.bind("input")
        }
    }

    @Test func missingColumns_areNamed() throws {
        var binder = Self.numeric
        #expect(throws: PredictError.missingInputs(["input"], model: "m")) { try binder.requireAll() }
        _ = try binder.bind("b")
        #expect(throws: PredictError.missingInputs(["a", "c"], model: "m")) { try binder.requireAll() }
    }

    @Test func aFeatureCalledInput_isAColumn() throws {
        var several = Self.binder([("input", nil), ("b", nil)])
        #expect(throws: PredictError.missingInputs(["input", "b"], model: "m")) { try several.requireAll() }
        #expect(try several.bind("input").columnCount == 1)
        #expect(try several.bind("b").firstColumn == 1)
        try several.requireAll()

        var only = Self.binder([("input", nil)])
        #expect(try only.bind("input") == .init(firstColumn: 0, columnCount: 1, isCategorical: false))
        try only.requireAll()
    }

    @Test func aModelWithManyColumns_getsAShortMessage() {
        let binder = Self.binder((0..<5000).map { ("column\($0)", []) })
        do {
            try binder.requireAll()
            Issue.record("nothing was bound")
        } catch {
            #expect(error.description.utf8.count < 300)
            #expect(error.description.contains("and 4992 more"))
        }
    }
}
