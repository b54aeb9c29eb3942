// SPDX-License-Identifier: Apache-2.0
import Base
import Compression
import Glibc
import Tabular
import TestKit
import Testing

@testable import Ingest

/// Files of other forms than one plain CSV.
@Suite struct DataFormatTests {
    private static let lines = """
        {"a": 1, "c": "x", "d": "2024-05-31"}
        {"c": "y", "a": null, "b": true}

        {"a": 2.5, "d": null, "c": "12"}
        """

    private func load(_ files: [(String, String)], _ loader: TableLoader = TableLoader()) throws
        -> LoadedTable
    {
        try TemporaryDirectory.with { directory in
            try loader.load(files.map { try directory.write($1, to: $0) })
        }
    }

    @Test func jsonLines_areReadByName() throws {
        let table = try load([("data.jsonl", Self.lines)]).table
        #expect(table.names == ["a", "c", "d", "b"])
        guard case .numeric(let a) = table["a"], case .date(let d) = table["d"] else {
            Issue.record("\(table)")
            return
        }
        #expect(a[0] == 1 && a[1].isNaN && a[2] == 2.5)
        #expect(d[0] == 1_717_113_600 && d[1].isNaN && d[2].isNaN)
        // A string is no number, whatever it looks like.
        #expect(table["c"] == .categorical(codes: [1, 2, 0], categories: ["12", "x", "y"]))
        #expect(table["b"] == .categorical(codes: [-1, 0, -1], categories: ["true"]))
    }

    @Test(arguments: [
        ("[1, 2]", "a line holds one object, not an array"),
        ("{\"a\": [1]}", "column \"a\": a number, a string, true, false or null is expected, not an array"),
        ("{\"a\": 1, \"a\": 2}", "the member is there twice"),
        ("{\"a\": 1", "line 2"),
    ])
    func aBrokenLine_isRefused_orSetAside(line: String, reason: String) throws {
        let text = "{\"a\": 7}\n\(line)\n{\"a\": 8}\n"
        let error = try #require(throws: IngestError.self) { try load([("d.jsonl", text)]) }
        #expect(
            error.description.contains("d.jsonl, line 2") && error.description.contains(reason), "\(error)")
        var loader = TableLoader()
        loader.badRowPartMax = 0.5
        let loaded = try load([("d.jsonl", text)], loader)
        #expect(loaded.table["a"] == .numeric([7, 8]))
        #expect(loaded.badRows.map(\.line) == [2])
        #expect(loaded.badRows[0].json().contains("\"code\":\"json_malformed\""))
    }

    /// The line behind one that was left out lacks a member that the other had.
    @Test func aRowThatWasLeftOut_leavesNothingInTheNext() throws {
        var loader = TableLoader()
        loader.badRowPartMax = 0.5
        let text = """
            {"a": 1, "b": 10, "c": "x"}
            {"a": 2, "b": 20, "c": "y", "d": 1}
            {"d": 2, "a": "Infinity"}
            {"a": Infinity, "b": 3, "c": "w"}
            {"b": 40}
            {"a": 5}
            """
        var fixed = loader
        let kinds: [(String, TableSchema.ColumnType)] = [
            ("a", .number), ("b", .number), ("c", .category), ("d", .number),
        ]
        fixed.schema = (
            "s.yaml", TableSchema(columns: kinds.map { TableSchema.ColumnRule(name: $0.0, type: $0.1) })
        )
        let loaded = try load([("d.jsonl", text)], fixed)
        #expect(loaded.badRows.map(\.line) == [3, 4])
        #expect(loaded.table.rowCount == 4)
        #expect("\(loaded.table["a"] as Any)".contains("[1.0, 2.0, nan, 5.0]"))
        #expect("\(loaded.table["b"] as Any)".contains("[10.0, 20.0, 40.0, nan]"))
        #expect(loaded.table["c"] == .categorical(codes: [0, 1, -1, -1], categories: ["x", "y"]))
    }

    /// Lines with the same members in the same order are read in another way than others.
    @Test(arguments: [(",", ":", "\n"), (", ", ": ", "\n"), (" ,\t", " : ", " \r\n")])
    func linesOfOneOrder_areReadLikeOthers(comma: String, colon: String, end: String) throws {
        var random = SeededGenerator(seed: 13)
        func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
        let texts = [
            "\"\"", "\"ä\"", "\"grün und blau\"", "\"a text of more than sixteen bytes\"", "\"5.0\"", "\"5\"",
            "\"a\\n\\u00e4\"", "true", "null", "5.0", "5", "1e2", "-0.0", "\"true\"", "\"100\"",
        ]
        func members(_ row: Int) -> [(String, String)] {
            let number = below(1_000)
            let isLate = row > 3_000
            return [
                ("x", number < 50 ? "null" : "\(Double(number - 500) / 8)"),
                ("exact", ["0.1", "-12345678.12345678", "1e-7", "123456789012345678901", "0"][below(5)]),
                ("level", number < 20 ? "null" : "\"level \(below(30))\""),
                ("day", number < 30 ? "null" : "\"2024-0\(1 + below(9))-\(10 + below(19))T07:45:30.25Z\""),
                ("is", number < 40 ? "null" : "\(number % 3 == 0)"),
                ("many", texts[below(texts.count)]),
                ("long name of the code", "\"code \(row < 700 ? row : below(700))\""),
                // Of nothing for long, then of something.
                ("late number", isLate ? "\(number)" : "null"),
                ("late word", isLate ? "\"late \(number % 7)\"" : "null"),
                // Of numbers for long, then of something else.
                ("word", row == 4_000 ? "\"word\"" : "\(number % 10)"),
                ("id", "\"\(row)-\(number)\""),
            ]
        }
        let rows = (0..<5_000).map(members)
        func text(_ order: (Int) -> [(String, String)]) -> String {
            rows.indices.map { row in
                let inside = order(row).map { "\"\($0.0)\"\(colon)\($0.1)" }.joined(separator: comma)
                return "{\(inside)}\(end)"
            }.joined()
        }
        var loader = TableLoader()
        loader.ignored = ["id"]
        let same = try load([("d.jsonl", text { rows[$0] })], loader).table
        let names = rows[0].map(\.0).filter { $0 != "id" }
        #expect(same.names == names)
        #expect(same.rowCount == 5_000)
        // Each line in an order of its own, and what is missing left out.
        let other = try load(
            [
                ("d.jsonl", text { row in row == 0 ? rows[0] : rows[row].shuffled(using: &random) }),
                ("e.jsonl", text { row in rows[row].filter { $0.1 != "null" || row == 0 } }),
            ], loader
        ).table
        let twice = try load([("d.jsonl", text { rows[$0] }), ("e.jsonl", text { rows[$0] })], loader).table
        #expect(other.names == names)
        for (index, pair) in zip(twice.columns, other.columns).enumerated() {
            // NaN is not equal to itself; its description is.
            #expect("\(pair.0)" == "\(pair.1)", "column \(names[index])")
        }
        guard case .categorical(_, let many) = same["many"], case .numeric(let exact) = same["exact"] else {
            Issue.record("\(same.names)")
            return
        }
        #expect(
            many
                == [
                    "", "0", "100", "5", "5.0", "a\nä", "a text of more than sixteen bytes", "grün und blau",
                    "true", "ä",
                ].sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
        #expect(Set(exact) == [0.1, -12345678.12345678, 1e-7, 123_456_789_012_345_683_968, 0])
    }

    @Test(arguments: [
        "{\"a\":01,\"c\":\"x\"}", "{\"a\":1.,\"c\":\"x\"}", "{\"a\":1,\"c\":5x}", "{\"a\":1,\"c\":x}",
        "{\"a\":1,\"c\":\"x\",\"z\":\"\u{1}\"}", "{\"a\":nul,\"c\":\"x\"}", "{\"a\":1e999,\"c\":\"x\"}",
        "{\"a\":1,\"c\":\"x\"}}", "{\"a\":1,\"c\":\"x\"", "{\"a\":1 \"c\":\"x\"}", "{\"a\":,\"c\":\"x\"}",
    ])
    func brokenLines_amongMany_areFound(line: String) throws {
        var lines = (0..<1_000).map { "{\"a\":\($0),\"c\":\"\($0 % 2 == 0 ? "x" : "5x")\"}" }
        lines[700] = line
        let text = lines.joined(separator: "\n")
        let error = try #require(throws: IngestError.self) { try load([("d.jsonl", text)]) }
        #expect(error.description.contains("line 701"), "\(error)")
        var loader = TableLoader()
        loader.badRowPartMax = 0.5
        let loaded = try load([("d.jsonl", text)], loader)
        #expect(loaded.badRows.map(\.line) == [701])
        #expect(loaded.table["a"] == .numeric((0..<1_000).filter { $0 != 700 }.map(Double.init)))
    }

    @Test func gzip_isToldByItsBytes() throws {
        let text = "x,y\n" + (0..<50_000).map { "\($0),a\($0 % 7)\n" }.joined()
        var packed = ByteBuffer()
        var deflater = try Deflater(.gzip)
        deflater.write(text.utf8Span.span, into: &packed)
        deflater.finish(into: &packed)
        let bytes = packed.bytes.indices.map { packed.bytes[$0] }
        let loaded = try TemporaryDirectory.with { directory in
            let path = try directory.write(bytes, to: "data.csv")
            return try TableLoader().load(path)
        }
        #expect(loaded.table.rowCount == 50_000)
        #expect(loaded.byteCount == bytes.count)
        let plain = try load([("p.csv", text)])
        #expect(loaded.table == plain.table)
        #expect(throws: IngestError.self) {
            try TemporaryDirectory.with {
                try TableLoader().load($0.write(Array(bytes.dropLast(9)), to: "cut.csv"))
            }
        }
    }

    @Test func severalFiles_followEachOther_byName() throws {
        let loaded = try load([("a.csv", "x,y\n1,u\n2,v\n"), ("b.csv", "y,x\nw,3\n")])
        #expect(loaded.table["x"] == .numeric([1, 2, 3]))
        #expect(loaded.table["y"] == .categorical(codes: [0, 1, 2], categories: ["u", "v", "w"]))
        #expect(loaded.sources.map(\.rowCount) == [2, 1])
        let error = try #require(throws: IngestError.self) {
            try load([("a.csv", "x,y\n1,u\n"), ("b.csv", "x,z\n1,u\n")])
        }
        #expect(error.description.contains("it lacks y; it has z besides"))
    }

    @Test func patterns_nameFilesInTheirOrder() throws {
        try TemporaryDirectory.with { directory in
            for name in ["b.csv", "a.csv", "c.txt"] { try directory.write("x\n1\n", to: name) }
            let found = try FilePattern.files(directory.path + "/*.csv")
            #expect(found.map { $0.split(separator: "/").last } == ["a.csv", "b.csv"])
            #expect(throws: IngestError.self) { try FilePattern.files(directory.path + "/*.tsv") }
        }
    }

    @Test func aLateText_makesTheColumnCategorical() throws {
        let rows = (0..<100).map { "\($0),2024-01-01\n" }.joined()
        let table = try load([("d.csv", "x,d\n\(rows)soon,later\n")]).table
        guard case .categorical(_, let x) = table["x"], case .categorical(_, let d) = table["d"] else {
            Issue.record("\(table.names)")
            return
        }
        #expect(x.count == 101 && d == ["2024-01-01", "later"])
    }

    @Test(arguments: ["inf", "-Infinity", "+INF"]) func infinities_areRefusedWithTheirPlace(word: String)
        throws
    {
        let error = try #require(throws: IngestError.self) {
            try load([("d.csv", "x,y\n1,2\n3,\(word)\n")])
        }
        #expect(
            error.description.contains("line 3, column \"y\": \"\(word)\" is not a finite number"), "\(error)"
        )
    }

    @Test func raggedRows_canBeSetAside() throws {
        var loader = TableLoader()
        loader.badRowPartMax = 0.5
        let loaded = try load([("d.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n")], loader)
        #expect(loaded.table["a"] == .numeric([1, 7]))
        #expect(loaded.badRows.map(\.line) == [3, 4])
        #expect(loaded.badRows[1].cells == ["4", "5", "6"])
        #expect(loaded.badRows[1].json().hasSuffix("\"cells\":[\"4\",\"5\",\"6\"]}\n"))
    }

    /// Lines without quotes are read where they lie, others byte by byte: both mean the same, also where a
    /// column's values are of two kinds, are missing, or are written in an uncommon way.
    @Test(arguments: ["\n", "\r\n"]) func plainAndQuotedLines_meanTheSame(end: String) throws {
        var plain = "n,m,left out,c,d,late,mixed,last\(end)"
        var quoted = plain
        for row in 0..<30_000 {
            let cells = [
                row % 11 == 0 ? "" : "\(Double(row) / 7)",
                row % 5 == 0 ? "NA" : row % 7 == 0 ? "+.5" : "-\(row)e-3",
                "x\(row)", "k\(row % 40)ü", "20\(10 + row % 15)-02-11", row < 20_000 ? "" : "\(row)",
                row == 17_000 ? "x" : "\(row % 9)",
                row % 13 == 0 ? " \(row) " : row % 3 == 0 ? "" : "\(row).25",
            ]
            plain += cells.joined(separator: ",") + end
            quoted += cells.map { "\"\($0)\"" }.joined(separator: ",") + end
        }
        var loader = TableLoader()
        loader.ignored = ["left out"]
        let first = try load([("p.csv", plain)], loader).table
        #expect("\(first)" == "\(try load([("q.csv", quoted)], loader).table)")
        #expect(first.rowCount == 30_000 && first.names.count == 7)
        let broken = plain + "1,2,3\(end)"
        let error = try #require(throws: IngestError.self) { try load([("p.csv", broken)], loader) }
        #expect(error.description.contains("line 30002: 3 fields where the header has 8"), "\(error)")
    }

    @Test func aBadCellInAPlainLine_isReportedWithItsLine() throws {
        var text = "a,b\n"
        for row in 0..<50_000 { text += row == 40_000 ? "7,inf\n" : "\(row),\(row).5\n" }
        let error = try #require(throws: IngestError.self) { try load([("p.csv", text)]) }
        #expect(error.description.contains("line 40002") && error.description.contains("inf"), "\(error)")
        var loader = TableLoader()
        loader.badRowPartMax = 0.1
        let loaded = try load([("p.csv", text)], loader)
        #expect(loaded.badRows.map(\.line) == [40_002] && loaded.badRows[0].cells == ["7", "inf"])
        #expect(loaded.table.rowCount == 49_999)
    }

    @Test func aQueryTool_thatIsNotThere_isNamed() throws {
        let error = try #require(throws: IngestError.self) {
            try QueryRun.answer("SELECT 1", tool: "no-such-duckdb")
        }
        #expect(error.description.contains("no-such-duckdb cannot be started"))
        #expect(error.description.contains("https://duckdb.org"))
    }

    @Test func aQueryTools_answerAndErrors_comeThrough() throws {
        try TemporaryDirectory.with { directory in
            let tool = try directory.write("#!/bin/sh\necho x,y; echo 1,$7\n", to: "tool")
            _ = unsafe chmod(tool, 0o755)
            let answer = try QueryRun.answer("7", tool: tool)
            #expect(try TableLoader().load(answer.path).table["y"] == .numeric([7]))
            let broken = try directory.write("#!/bin/sh\necho no such table >&2; exit 1\n", to: "broken")
            _ = unsafe chmod(broken, 0o755)
            let error = try #require(throws: IngestError.self) { try QueryRun.answer("7", tool: broken) }
            #expect(error.description.contains("no such table"))
        }
    }

    @Test func whatADatabaseWrites_isMissingWhenItIsEmptyOrNoNumber() {
        var options = CSVOptions()
        options.delimiter = UInt8(ascii: ";")
        #expect(options.ofAnswers.missingTokens == ["", "nan"])
        #expect(options.ofAnswers.delimiter == UInt8(ascii: ","))
        options.missingTokens = ["", "none"]
        #expect(options.ofAnswers.missingTokens == ["", "none", "nan"])
    }
}
