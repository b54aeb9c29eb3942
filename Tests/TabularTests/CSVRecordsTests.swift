// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Tabular
import Testing

private func schema(_ names: [String]) -> SchemaIndex {
    SchemaIndex(FeatureSchema(features: names.map { Feature(name: $0, kind: .numeric) }))
}

private struct Read: Equatable {
    var rows: [[Double]]
    var errors: [RecordBlock.BadRecord]
    var kept: [[String]]
    var lineCount: Int
}

private func read(
    _ text: String, columns: [String], features: SchemaIndex, kept: [String] = [],
    type: NumberType = .float64, options: CSVOptions = CSVOptions()
) throws -> Read {
    let plan = try ColumnPlan(names: columns, index: features, inputType: type, kept: kept)
    var block = RecordBlock()
    let bytes = Array(text.utf8)
    CSVRecords(options).read(bytes.span, firstLine: 2, plan, into: &block)
    return contents(block, bytes, keptCount: kept.count)
}

private func contents(_ block: borrowing RecordBlock, _ bytes: [UInt8], keptCount: Int) -> Read {
    let width = block.rows.columnCount
    var rows: [[Double]] = []
    for row in 0..<block.rows.rowCount {
        rows.append((0..<width).map { block.rows.value(row: row, column: $0) })
    }
    var kept: [[String]] = []
    for record in 0..<block.recordCount {
        var cells: [String] = []
        for place in 0..<keptCount {
            let cell = block.kept[record * keptCount + place]
            switch cell.form {
            case .absent: cells.append("(absent)")
            case .text, .json: cells.append(String(decoding: bytes[cell.range], as: UTF8.self))
            case .decodedText: cells.append(String(copying: block.decoded.bytes.extracting(cell.range)))
            }
        }
        kept.append(cells)
    }
    return Read(rows: rows, errors: block.errors, kept: kept, lineCount: block.lineCount)
}

/// Equal, NaN to NaN.
private func same(_ left: [[Double]], _ right: [[Double]]) -> Bool {
    left.map { $0.map(\.bitPattern.description) } == right.map { $0.map(\.bitPattern.description) }
}

@Suite struct CSVRecordsTests {
    @Test(arguments: [
        ("plain", "1,2\n3,4\n", [[1.0, 2], [3, 4]]),
        ("no line end at the end", "1,2\n3,4", [[1, 2], [3, 4]]),
        ("CR LF", "1,2\r\n3,4\r\n", [[1, 2], [3, 4]]),
        ("missing", ",2\n3,\nNA,null\n", [[.nan, 2], [3, .nan], [.nan, .nan]]),
        ("quoted", "\"1\",2\n3,\"4\"\n", [[1, 2], [3, 4]]),
        ("spaces", " 1,2 \n3\t, 4\n", [[1, 2], [3, 4]]),
        ("uncommon numbers", "+1,.5\n007,1.\n-0,1E3\n", [[1, 0.5], [7, 1], [-0.0, 1000]]),
        ("many digits", "0.1234567890123456789,1e-400\n", [[0.12345678901234568, 0]]),
        ("empty lines", "\n1,2\n\r\n\n3,4\n\n", [[1, 2], [3, 4]]),
    ])
    func goodRecords_areRead(name: String, text: String, expected: [[Double]]) throws {
        let found = try read(text, columns: ["a", "b"], features: schema(["a", "b"]))
        #expect(found.errors == [], "\(name)")
        #expect(same(found.rows, expected), "\(name): \(found.rows)")
    }

    @Test func columns_areFoundByName_inAnyOrder() throws {
        let found = try read(
            "9,x,1,\"q,\n\",2\n8,y,3,z,4\n", columns: ["c", "skip", "a", "key", "b"],
            features: schema(["a", "b", "c"]), kept: ["key", "c"])
        #expect(found.rows == [[1, 2, 9], [3, 4, 8]])
        #expect(found.kept == [["q,\n", "9"], ["z", "8"]])
        #expect(found.lineCount == 3)
    }

    @Test(arguments: [
        ("word", "1,x\n", "csv_not_a_number", 2, 2 as Int?),
        ("too few", "1\n", "csv_ragged_row", 2, nil),
        ("too many", "1,2,3\n", "csv_ragged_row", 2, nil),
        ("separator at the end", "1,2,\n", "csv_ragged_row", 2, nil),
        ("quote inside", "1,2\"3\n", "csv_quote_inside_field", 2, 2),
        ("text behind quote", "\"1\"2,3\n", "csv_text_after_quote", 2, 1),
        ("bare carriage return", "1\r,2\n", "csv_bare_carriage_return", 2, 1),
        ("zero byte", "1,\0\n", "csv_not_text", 2, 2),
        ("line end for a number", "\"\n\",x\n", "csv_not_a_number", 2, 1),
    ])
    func aBadRecord_isAnError_andTheOthersAreRead(
        name: String, text: String, code: String, line: Int, column: Int?
    ) throws {
        let found = try read(text + "5,6\n", columns: ["a", "b"], features: schema(["a", "b"]))
        #expect(found.errors.map(\.record) == [0], "\(name)")
        #expect(found.errors.map(\.error.code) == [code], "\(name)")
        #expect(found.errors.map(\.error.line) == [line], "\(name)")
        #expect(found.errors.map(\.error.column) == [column], "\(name)")
        #expect(found.rows.count == 2 && found.rows[1] == [5, 6], "\(name): \(found.rows)")
    }

    @Test func lines_areCountedThroughQuotes() throws {
        let found = try read(
            "\"1\",2\n\"\n\n\",3\nx,1\n", columns: ["a", "b"], features: schema(["a", "b"]))
        // Spaces around a number do not matter, a line end does.
        #expect(found.errors.map(\.error.line) == [3, 6])
        #expect(found.lineCount == 5)
    }

    @Test func numbersBeyondFloat32_areErrorsThere() throws {
        let text = "1e39,1\n1,-1e39\n3,4\n"
        let narrow = try read(text, columns: ["a", "b"], features: schema(["a", "b"]), type: .float32)
        #expect(narrow.errors.map(\.error.column) == [1, 2])
        let wide = try read(text, columns: ["a", "b"], features: schema(["a", "b"]))
        #expect(wide.errors == [] && wide.rows[0] == [1e39, 1])
    }

    @Test func categories_becomeTheirCodes() throws {
        let features = SchemaIndex(
            FeatureSchema(features: [
                Feature(name: "a", kind: .categorical(categories: ["red", "blue", "two words"])),
                Feature(name: "b", kind: .numeric),
            ]))
        let found = try read(
            "blue,1\n\"two words\",2\ngreen,3\n,4\nNA,5\n", columns: ["a", "b"], features: features)
        #expect(found.errors == [])
        #expect(same(found.rows, [[1, 1], [2, 2], [-1, 3], [.nan, 4], [.nan, 5]]))
    }

    @Test func whatIsMissing_isNamed() {
        #expect(throws: ColumnPlanError.missingFeatures(["b"], given: ["a", "c"])) {
            try ColumnPlan(names: ["a", "c"], index: schema(["a", "b"]), inputType: .float32, kept: [])
        }
        #expect(throws: ColumnPlanError.unknownColumns(["id"], given: ["a"])) {
            try ColumnPlan(names: ["a"], index: schema(["a"]), inputType: .float32, kept: ["id"])
        }
    }

    @Test func tenThousandColumns_areRead() throws {
        let names = (0..<10_000).map { "c\($0)" }
        let line = (0..<10_000).map { "\($0)" }.joined(separator: ",")
        let found = try read("\(line)\n\(line)\n", columns: names, features: schema(names))
        #expect(found.rows == Array(repeating: (0..<10_000).map(Double.init), count: 2))
    }

    /// Records of `text`, cut by framing in a window that grows by `chunk` bytes at a time.
    private func framed(_ bytes: [UInt8], chunk: Int) -> [Int] {
        var ends: [Int] = []
        var start = 0
        var filled = 0
        while filled < bytes.count {
            filled = min(filled + chunk, bytes.count)
            let window = bytes.span.extracting(start..<filled)
            var end = 0
            while let next = CSVFraming.recordEnd(window, from: end, separator: UInt8(ascii: ",")) {
                end = next
                ends.append(start + end)
            }
            #expect(CSVFraming.lastRecordEnd(window, separator: UInt8(ascii: ",")) == end)
            start += end
        }
        return ends
    }

    @Test func framing_isTheSame_howeverTheBytesArrive() {
        let text = "a,b\n\"x\ny\",\"\"\"\n\"\n1,2\"3\n\"q\"z\n4,\"\r\n\"\r\n,\n\"\n"
        let whole = framed(Array(text.utf8), chunk: text.utf8.count)
        #expect(whole == [4, 16, 22, 27, 35, 37])
        for chunk in 1...9 { #expect(framed(Array(text.utf8), chunk: chunk) == whole) }
    }

    @Test func linesAreCounted_whateverTheirLength() {
        for count in [0, 1, 31, 32, 33, 255 * 32 - 1, 255 * 32, 255 * 32 + 33, 30_000] {
            var bytes = [UInt8](repeating: 0x0A, count: count)
            #expect(CSVFraming.lineCount(bytes.span) == count)
            for index in bytes.indices where index % 3 != 1 { bytes[index] = [0x0B, 0x8A][index % 2] }
            #expect(CSVFraming.lineCount(bytes.span) == bytes.count { $0 == 0x0A })
        }
    }

    /// Random text of the characters that matter, against the parser that takes every record apart.
    @Test func randomFiles_areReadAsTheParserReadsThem() throws {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("1122,,,,..-+e\n\n\r\"\" x".utf8)
        let features = schema(["a", "b"])
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 1...24, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            let found = try read(
                String(decoding: bytes, as: UTF8.self), columns: ["a", "b"], features: features)
            var expected: [[Double]] = []
            var bad: [Int] = []
            var start = 0
            while start < bytes.count {
                let end =
                    CSVFraming.recordEnd(bytes.span, from: start, separator: UInt8(ascii: ","))
                    ?? bytes.count
                defer { start = end }
                let piece = Array(bytes[start..<end])
                if piece == [0x0A] || piece == [0x0D, 0x0A] { continue }
                var cells: [Double?] = []
                var parser = CSVParser(CSVOptions(), startsFile: false)
                var offset = 0
                var isWhole = try? parser.parse(piece.span, from: &offset)
                if isWhole == false { isWhole = try? parser.finish() }
                if isWhole == true {
                    for index in 0..<parser.fieldCount {
                        let field = parser.field(index)
                        cells.append(
                            CSVOptions().isMissing(field) ? .nan : parseDouble(trimmed(field)))
                    }
                }
                if cells.count == 2, let a = cells[0], let b = cells[1] {
                    expected.append([a, b])
                } else {
                    bad.append(expected.count)
                    expected.append([])
                }
            }
            #expect(found.errors.map(\.record) == bad, "\(String(decoding: bytes, as: UTF8.self))")
            for (index, row) in expected.enumerated() where !row.isEmpty {
                #expect(same([found.rows[index]], [row]), "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }
}

@Suite struct JSONLinesRecordsTests {
    private func read(
        _ text: String, _ features: SchemaIndex, kept: [String] = [], type: NumberType = .float64
    ) -> (read: [[Double]], errors: [RecordBlock.BadRecord], kept: [[String]]) {
        var block = RecordBlock()
        let bytes = Array(text.utf8)
        JSONLinesRecords(index: features, inputType: type, kept: kept)
            .read(bytes.span, firstLine: 1, into: &block)
        let found = contents(block, bytes, keptCount: kept.count)
        return (found.rows, found.errors, found.kept)
    }

    @Test func objectsAndArrays_areRecords() {
        let found = read(
            "{\"a\":1,\"b\":2.5}\n[3,null]\r\n\n  \n{ \"b\" : null, \"z\": {\"y\":[]}, \"a\": true }",
            schema(["a", "b"]))
        #expect(found.errors == [])
        #expect(same(found.read, [[1, 2.5], [3, .nan], [1, .nan]]))
    }

    @Test func membersAreHandedOn_asTheyStand() {
        let found = read(
            "{\"id\": \"x\\\"1\" ,\"a\":1}\n{\"a\":2}\n{\"a\": 3,\"id\":[1, 2]}\n[4]\n", schema(["a"]),
            kept: ["id", "a"])
        #expect(found.errors == [])
        #expect(
            found.kept == [
                ["\"x\\\"1\"", "1"], ["(absent)", "2"], ["[1, 2]", "3"], ["(absent)", "(absent)"],
            ])
    }

    @Test(arguments: [
        ("no JSON", "{a", "json_malformed"), ("trailing", "[1,2] 3", "json_malformed"),
        ("number", "7", "wrong_value"), ("text for a number", "{\"a\":\"1\",\"b\":2}", "wrong_value"),
        ("array for a number", "[[1],2]", "wrong_value"), ("too few", "[1]", "ragged_record"),
        ("too many", "[1,2,3]", "ragged_record"), ("missing member", "{\"a\":1}", "missing_features"),
        ("member twice", "{\"a\":1,\"b\":1,\"a\":1}", "repeated_name"),
        ("open", "{\"a\":1,\"b\":2", "json_malformed"), ("comma at the end", "[1,]", "json_malformed"),
        ("too large", "[1e999,2]", "json_malformed"),
        ("not UTF-8 escape", "{\"\\ud800\":1}", "json_malformed"),
    ])
    func aBadLine_isAnError_andTheOthersAreRead(name: String, text: String, code: String) {
        let found = read("[5,6]\n\(text)\n[7,8]\n", schema(["a", "b"]))
        #expect(found.errors.map(\.error.code) == [code], "\(name): \(found.errors)")
        #expect(found.errors.map(\.error.line) == [2] && found.errors.map(\.record) == [1], "\(name)")
        #expect(found.read.count == 3 && found.read[0] == [5, 6] && found.read[2] == [7, 8], "\(name)")
    }

    @Test func numbersBeyondFloat32_areErrorsThere() {
        let found = read("[1e39,2]\n{\"a\":1,\"b\":-1e39}\n", schema(["a", "b"]), type: .float32)
        #expect(found.errors.map(\.error.code) == ["wrong_value", "wrong_value"])
    }

    @Test func categories_becomeTheirCodes() {
        let features = SchemaIndex(
            FeatureSchema(features: [Feature(name: "a", kind: .categorical(categories: ["x", "3"]))]))
        let found = read("[\"x\"]\n{\"a\":\"y\"}\n[3]\n[null]\n", features)
        #expect(found.errors == [])
        #expect(same(found.read, [[0], [-1], [1], [.nan]]))
    }
}
