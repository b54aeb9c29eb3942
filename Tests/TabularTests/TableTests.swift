// SPDX-License-Identifier: Apache-2.0
import Tabular
import Testing

@Suite struct TableTests {
    private func colours(_ names: [String?]) -> Column {
        var builder = Column.CategoryBuilder()
        for name in names {
            if let name { builder.append(name) } else { builder.appendMissing() }
        }
        return builder.build()
    }

    @Test func categories_areDistinctAndSorted() {
        let column = colours(["red", "blue", nil, "red", "green"])
        #expect(column == .categorical(codes: [2, 0, -1, 2, 1], categories: ["blue", "green", "red"]))
        #expect(column.missingCount == 1)
    }

    /// Texts that differ in one byte only, wherever it stands, in their length, or in zeros at their end.
    @Test func everyText_isACategoryOfItsOwn() {
        var names: [String] = []
        for length in 0...40 {
            let text = String(repeating: "a", count: length)
            names += [text, text + "\0", text + "é"]
            for place in 0..<length {
                names.append(String(text.prefix(place)) + "b" + String(text.suffix(length - place - 1)))
            }
        }
        let sorted = Set(names).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let expected = names.map { name in Int32(sorted.firstIndex(of: name) ?? -2) }
        #expect(colours(names + names) == .categorical(codes: expected + expected, categories: sorted))
    }

    @Test func theSchema_knowsOnlyTheCategoriesOfItsRows() {
        let table = Table(
            names: ["x", "colour"], columns: [.numeric([1, 2, .nan]), colours(["red", "blue", "green"])])
        let schema = table.schema(of: ["colour", "x"], rows: [0, 2])
        #expect(
            schema?.features == [
                Feature(name: "colour", kind: .categorical(categories: ["green", "red"])),
                Feature(name: "x", kind: .numeric),
            ])
        #expect(table.schema(of: ["y"], rows: [0]) == nil)
    }

    @Test func blocks_holdCodesAndMissingAsTheModelReadsThem() throws {
        let table = Table(
            names: ["x", "colour"], columns: [.numeric([1, 2, .nan]), colours(["red", "blue", nil])])
        let schema = try #require(table.schema(of: ["x", "colour"], rows: [0]))
        var block = RowBlock()
        table.fill(&block, rows: [0, 1, 2], schema: schema, as: .float64)
        #expect(block.rowCount == 3)
        #expect(block.value(row: 0, column: 0) == 1)
        #expect(block.value(row: 0, column: 1) == 0)
        #expect(block.value(row: 1, column: 1) == FeatureKind.unseenCategory)
        #expect(block.value(row: 2, column: 0).isNaN)
        #expect(block.value(row: 2, column: 1).isNaN)
    }
}
