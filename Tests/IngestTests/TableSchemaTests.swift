// SPDX-License-Identifier: Apache-2.0
import Ingest
import Tabular
import TestKit
import Testing

/// A schema is written by a first run and enforced by later ones: docs/reference/table-schema.md.
@Suite struct TableSchemaTests {
    static let data = """
        age,plan,joined,active,note
        18,basic,2020-01-31,true,hello there
        90,plus,2021-06-30T12:00:00Z,false,
        ,basic,2019-12-01,true,"x, y"
        """

    private func load(
        _ text: String, schema: String?, badRows: Double? = nil, text columns: Set<String> = ["note"]
    ) throws -> LoadedTable {
        var loader = TableLoader()
        loader.text = columns
        loader.badRowPartMax = badRows
        if let schema {
            loader.schema = ("s.yaml", try TableSchema(reading: schema.utf8Span.span, path: "s.yaml"))
            loader.text = []
        }
        return try TemporaryDirectory.with { try loader.load($0.write(text, to: "data.csv")) }
    }

    private func written() throws -> String {
        let table = try load(Self.data, schema: nil).table
        return TableSchema(describing: table).text(remarks: TableSchema.remarks(on: table))
    }

    @Test func kinds_areInferred() throws {
        let table = try load(Self.data, schema: nil).table
        #expect(table["joined"] == .date([1_580_428_800, 1_625_054_400, 1_575_158_400]))
        #expect(table["note"] == .text(["hello there", nil, "x, y"]))
        #expect(table["active"] == .categorical(codes: [1, 0, 1], categories: ["false", "true"]))
    }

    @Test func whatAFirstRunWrites_fitsItsOwnData() throws {
        let text = try written()
        #expect(
            text == """
                # What modeltrain expects of the data; see docs/reference/table-schema.md.
                version: 1
                columns:
                  - name: age  # 18.0 to 90.0, 1 missing
                    type: number
                  - name: plan  # 2 categories
                    type: category
                    presence: 1.0
                    values: [basic, plus]
                  - name: joined  # 2019-12-01 to 2021-06-30T12:00:00Z
                    type: date
                    presence: 1.0
                  - name: active  # 2 categories
                    type: boolean
                    presence: 1.0
                  - name: note  # 1 missing
                    type: text

                """)
        let first = try load(Self.data, schema: nil).table
        let loaded = try load(Self.data, schema: text)
        #expect(loaded.anomalies.isEmpty && loaded.badRows.isEmpty)
        #expect("\(loaded.table)" == "\(first)")
    }

    static let limits = """
        version: 1
        columns:
          - {name: id, type: number, unique: true}
          - {name: age, type: number, min: 18, max: 99, presence: 0.5}
          - {name: plan, type: category, values: [basic, "plus"]}
          - {name: joined, type: date, min: 2019-01-01}
        """

    struct Broken: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var rows: String
        var code: String
        var found: String
    }

    @Test(arguments: [
        Broken(testDescription: "type", rows: "1,old,basic,2020-01-01", code: "wrong_type", found: "old"),
        Broken(testDescription: "minimum", rows: "1,17,basic,2020-01-01", code: "below_min", found: "17"),
        Broken(testDescription: "maximum", rows: "1,100,basic,2020-01-01", code: "above_max", found: "100"),
        Broken(testDescription: "value", rows: "1,20,gold,2020-01-01", code: "new_value", found: "gold"),
        Broken(testDescription: "date", rows: "1,20,plus,2018-12-31", code: "below_min", found: "2018-12-31"),
        Broken(testDescription: "no date", rows: "1,20,plus,soon", code: "wrong_type", found: "soon"),
    ])
    func aRowThatBreaksALimit_isRefused_orSetAside(_ broken: Broken) throws {
        let good = "2,20,basic,2020-01-01\n3,30,plus,2020-01-01\n"
        let text = "id,age,plan,joined\n\(broken.rows)\n\(good)"
        let error = try #require(throws: IngestError.self) { try load(text, schema: Self.limits) }
        guard case .anomalies(_, _, let anomalies) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(anomalies.map(\.kind.code) == [broken.code])
        #expect(anomalies[0].rowCount == 1 && anomalies[0].firstLine == 2)
        #expect(error.description.contains("+ ") && error.description.contains(broken.found))
        let loaded = try load(text, schema: Self.limits, badRows: 0.5)
        #expect(loaded.table.rowCount == 2)
        #expect(loaded.badRows.map(\.code) == [broken.code])
        #expect(loaded.badRows[0].line == 2)
        #expect(loaded.badRows[0].cells == broken.rows.split(separator: ",").map(String.init))
        // Too many of them are no longer a few bad rows.
        #expect(throws: IngestError.self) { try load(text, schema: Self.limits, badRows: 0.1) }
    }

    @Test(arguments: [
        ("id,age,plan\n1,20,basic\n", "- joined: type date"),
        ("id,age,plan,joined,x\n1,20,basic,2020-01-01,5\n", "+ x: a column that the schema lacks"),
        ("id,age,plan,joined\n1,,basic,2020-01-01\n2,,basic,2020-01-01\n", "+ age: 0 of 2 rows have a value"),
        ("id,age,plan,joined\n1,20,basic,2020-01-01\n1,20,basic,2020-01-01\n", "+ id: 1.0 occurs twice"),
    ])
    func aTableThatIsAnother_isRefused_alsoWithAQuarantine(text: String, line: String) throws {
        for part in [nil, 1.0] {
            let error = try #require(throws: IngestError.self) {
                try load(text, schema: Self.limits, badRows: part)
            }
            #expect(error.description.contains(line), "\(error)")
        }
    }

    @Test func otherColumns_canBeIgnored() throws {
        let schema = Self.limits + "\nother_columns: ignore\n"
        let loaded = try load("id,age,plan,joined,x\n1,20,basic,2020-01-01,5\n", schema: schema)
        #expect(loaded.table.names == ["id", "age", "plan", "joined"])
    }

    @Test(arguments: [
        ("", "a mapping"), ("version: 2\ncolumns: [{name: a, type: number}]", "version must be 1"),
        ("version: 1", "columns must be a list"), ("version: 1\ncolumns: [{name: a}]", "the type of \"a\""),
        ("version: 1\ncolumns: [{name: a, type: text, min: 1}]", "min and max are numbers"),
        ("version: 1\ncolumns: [{name: a, type: number, low: 1}]", "\"low\" is not known"),
        ("version: 1\ncolumns: [{name: a, type: number}, {name: a, type: text}]", "there twice"),
        ("version: 1\ncolumns: [{name: a, type: number, presence: 2}]", "from 0 to 1"),
        ("version: 1\nrows: 5\ncolumns: [{name: a, type: number}]", "\"rows\" is not known"),
    ])
    func aSchemaFileThatIsWrong_isRefusedWithItsPlace(text: String, reason: String) throws {
        let error = try #require(throws: IngestError.self) {
            try TableSchema(reading: text.utf8Span.span, path: "s.yaml")
        }
        #expect(error.description.hasPrefix("s.yaml:") && error.description.contains(reason), "\(error)")
    }
}
