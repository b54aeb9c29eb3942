// SPDX-License-Identifier: Apache-2.0
import Glibc
import Ingest
import Tabular
import TestKit
import Testing

@Suite struct TableLoaderTests {
    private func load(_ text: String, _ loader: TableLoader = TableLoader()) throws -> LoadedTable {
        try TemporaryDirectory.with { try loader.load($0.write(text, to: "data.csv")) }
    }

    private func failure(_ text: String, _ loader: TableLoader = TableLoader()) -> IngestError? {
        #expect(throws: IngestError.self) { try load(text, loader) }
    }

    @Test func columnsOfNumbers_areNumeric_andOthersCategorical() throws {
        let table = try load("x,colour,mixed\n1, red,1\n2.5,blue,NA\n,NA,two\n").table
        #expect(table.names == ["x", "colour", "mixed"])
        #expect(table["colour"] == .categorical(codes: [0, 1, -1], categories: [" red", "blue"]))
        #expect(table["mixed"] == .categorical(codes: [0, -1, 1], categories: ["1", "two"]))
        guard case .numeric(let values) = table["x"] else {
            Issue.record("x is not numeric")
            return
        }
        #expect(values[0] == 1 && values[1] == 2.5 && values[2].isNaN)
    }

    @Test func theFilesDigest_isRecorded() throws {
        let loaded = try load("x\n1\n")
        #expect(loaded.byteCount == 4)
        #expect(loaded.sha256 == "daff832f802000e645771a60983c76c963f6ee602a6230e45237bd360e91cc1a")
    }

    @Test func ignoredColumns_areLeftOut_whateverIsInThem() throws {
        var loader = TableLoader()
        loader.ignored = ["id"]
        loader.categoryCountMax = 2
        let table = try load("id,x\na,1\nb,2\nc,3\n", loader).table
        #expect(table.names == ["x"])
    }

    @Test func numbersThatAreNames_canBeCategorical() throws {
        var loader = TableLoader()
        loader.categorical = ["zip"]
        #expect(
            try load("zip,x\n01,1\n2,2\n", loader).table["zip"]
                == .categorical(codes: [0, 1], categories: ["01", "2"]))
    }

    @Test func tooManyCategories_areRefusedByName_withTheWayOut() throws {
        var loader = TableLoader()
        loader.categoryCountMax = 2
        let error = try #require(failure("x,user id\n1,a\n2,b\n3,c\n", loader))
        #expect(error.code == "too_many_categories")
        #expect(error.description.contains("column \"user id\""))
        #expect(error.description.contains("--ignore 'user id'"))
    }

    @Test func unknownColumns_areRefused_andTheKnownOnesNamed() {
        var loader = TableLoader()
        loader.ignored = ["y"]
        #expect(
            failure("x,z\n1,2\n", loader)?.description.hasSuffix("no column \"y\"; there are x, z") == true)
    }

    @Test func aHeaderAlone_isNoData() {
        #expect(failure("x,y\n")?.code == "no_rows")
    }

    @Test func errorsInTheFile_nameFileLineAndColumn() {
        let error = failure("x,y\n1,2\n3\n")
        #expect(error?.description.hasSuffix("data.csv, line 3: 1 field where the header has 2") == true)
    }

    @Test func invalidText_isRefusedWithItsPlace() throws {
        let error = try TemporaryDirectory.with { directory in
            let path = try directory.write(Array("x,y\n1,a\n2,".utf8) + [0xFF, 0x0A], to: "data.csv")
            return #expect(throws: IngestError.self) { try TableLoader().load(path) }
        }
        #expect(error?.description.contains("line 3, column 2 (y): the text is not UTF-8") == true)
    }

    @Test func aMissingFile_isASystemError() {
        let error = #expect(throws: IngestError.self) { try TableLoader().load("/nonexistent/data.csv") }
        #expect(error?.description == "open /nonexistent/data.csv: No such file or directory")
    }

    @Test func aDirectory_isRefused() {
        let error = #expect(throws: IngestError.self) { try TableLoader().load("/tmp") }
        #expect(error?.code == "not_a_file")
    }

    @Test func manyRows_areReadAcrossChunks() throws {
        var text = "number,name\n"
        for row in 0..<50_000 { text += "\(row),name \(row % 7)\n" }
        let table = try load(text).table
        #expect(table.rowCount == 50_000)
        guard case .numeric(let values) = table["number"] else { return }
        #expect(values == (0..<50_000).map(Double.init))
        guard case .categorical(let codes, let categories) = table["name"] else { return }
        #expect(categories.count == 7)
        #expect(codes[49_999] == Int32(49_999 % 7))
    }

    /// The same cells, bare and in quotes, which are read byte by byte: the tables are equal.
    @Test(arguments: ["\n", "\r\n"])
    func plainLines_areReadLikeQuotedOnes(lineEnd: String) throws {
        var random = SeededGenerator(seed: 11)
        func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
        let texts = ["", "ä", "grün und blau", "a text of more than sixteen bytes", "tab\there"]
        func cells(_ row: Int) -> [String] {
            let number = below(1_000)
            let isLate = row > 3_000
            return [
                number < 50 ? "" : number < 60 ? " \(number) " : "\(Double(number) / 8)",
                number < 20 ? "NA" : number < 30 ? " NA" : "level \(below(30))",
                "2024-0\(1 + below(9))-\(10 + below(19))",
                texts[below(texts.count)],
                "code \(row < 700 ? row : below(700))",
                // Of nothing for long, then of something.
                isLate ? "\(number)" : "", isLate ? "late \(number % 7)" : "",
                isLate ? "2024-05-31T07:45:30Z" : "null",
                // Of numbers for long, then of something else.
                row == 4_000 ? "word" : "\(number % 10)",
                number < 500 ? "0123456789abcde" : "0123456789abcdef",
            ]
        }
        let rows = (0..<5_000).map(cells)
        let header = rows[0].indices.map { "x\($0)" }.joined(separator: ",")
        func text(_ quote: String) -> String {
            let lines = rows.map { row in row.map { quote + $0 + quote }.joined(separator: ",") }
            return ([header] + lines).map { $0 + lineEnd }.joined()
        }
        let plain = try load(text("")).table
        let quoted = try load(text("\"")).table
        #expect(plain.rowCount == 5_000)
        #expect(plain.names == quoted.names)
        for (index, pair) in zip(plain.columns, quoted.columns).enumerated() {
            // NaN is not equal to itself; its description is.
            #expect("\(pair.0)" == "\(pair.1)", "column \(index)")
        }
        #expect(plain["x4"].map { if case .categorical(_, let names) = $0 { names.count } else { 0 } } == 700)
    }

    @Test func aPipe_isReadLikeAFile() throws {
        var ends: [CInt] = [-1, -1]
        // Safe because pipe writes the two numbers that the array has room for.
        try #require(unsafe ends.withUnsafeMutableBufferPointer { unsafe pipe($0.baseAddress) } == 0)
        defer { close(ends[0]) }
        let text = Array("x,y\n1,a\n2,b\n".utf8)
        // Safe because write reads only the array's bytes; so few fit into the pipe without a reader.
        let written = unsafe text.withUnsafeBytes { unsafe write(ends[1], $0.baseAddress, $0.count) }
        close(ends[1])
        #expect(written == text.count)
        #expect(try TableLoader().load("/dev/fd/\(ends[0])").table.rowCount == 2)
    }
}
