// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Tabular
import Testing

/// All rows of `bytes`, fed in chunks of `chunk` bytes.
func rows(_ bytes: [UInt8], chunk: Int, options: CSVOptions = CSVOptions()) throws(CSVError) -> [[String]] {
    var reader = CSVReader(options)
    var found: [[String]] = []
    var start = 0
    while start < bytes.count {
        let end = min(start + chunk, bytes.count)
        let piece = bytes.span.extracting(start..<end)
        var offset = 0
        while try reader.nextRow(in: piece, from: &offset) { found.append(cells(reader)) }
        start = end
    }
    if try reader.finish() { found.append(cells(reader)) }
    return [reader.header?.names ?? []] + found
}

private func cells(_ reader: borrowing CSVReader) -> [String] {
    (0..<(reader.header?.names.count ?? 0)).map { index in
        let field = reader.field(index)
        return String(decoding: (0..<field.count).map { field[$0] }, as: UTF8.self)
    }
}

@Suite struct CSVParserTests {
    static let good: [(String, String, [[String]])] = [
        ("plain", "a,b\n1,2\n3,4\n", [["a", "b"], ["1", "2"], ["3", "4"]]),
        ("no line end at the end", "a,b\n1,2", [["a", "b"], ["1", "2"]]),
        ("CR LF", "a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("byte order mark", "\u{FEFF}a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("quoted comma", "a,b\n\"1,5\",2\n", [["a", "b"], ["1,5", "2"]]),
        ("quoted line feed", "a,b\n\"x\ny\",2\n", [["a", "b"], ["x\ny", "2"]]),
        ("quoted CR LF", "a,b\n\"x\r\ny\",2\r\n", [["a", "b"], ["x\r\ny", "2"]]),
        ("doubled quote", "a\n\"say \"\"hi\"\"\"\n", [["a"], ["say \"hi\""]]),
        ("quoted empty", "a,b\n\"\",\"\"\n", [["a", "b"], ["", ""]]),
        ("empty fields", "a,b\n,\n", [["a", "b"], ["", ""]]),
        ("spaces kept in cells, not in names", " a , b\n 1 , 2\n", [["a", "b"], [" 1 ", " 2"]]),
        ("header only", "a,b\n", [["a", "b"]]),
        ("empty lines at the end", "a,b\n1,2\n\n\n", [["a", "b"], ["1", "2"]]),
        ("empty line in one column", "a\n1\n\n2\n", [["a"], ["1"], [""], ["2"]]),
        ("quoted empty alone on a line", "a\n\"\"\n", [["a"], [""]]),
        ("text outside ASCII", "naïve,日本\nä,ö\n", [["naïve", "日本"], ["ä", "ö"]]),
        ("quoted header", "\"a,1\",\"b\"\n1,2\n", [["a,1", "b"], ["1", "2"]]),
        ("mark's first byte in a name", "\u{FF0C}a\n1\n", [["\u{FF0C}a"], ["1"]]),
    ]

    @Test(arguments: good)
    func wellFormedFiles_areReadWhole_howeverTheyArrive(name: String, text: String, expected: [[String]])
        throws
    {
        let bytes = Array(text.utf8)
        for chunk in [bytes.count, 1, 2, 3, 7] {
            #expect(try rows(bytes, chunk: chunk) == expected, "\(name), \(chunk) bytes at a time")
        }
    }

    static let hostile: [(String, [UInt8], String, Int, Int?)] = [
        ("nothing", [], "csv_no_header", 1, nil),
        ("empty first line", Array("\na\n".utf8), "csv_no_header", 1, nil),
        ("quote never closed", Array("a,b\n1,\"x\n3,4\n".utf8), "csv_quote_not_closed", 2, 2),
        ("text after quote", Array("a,b\n\"1\"x,2\n".utf8), "csv_text_after_quote", 2, 1),
        ("space after quote", Array("a,b\n\"1\" ,2\n".utf8), "csv_text_after_quote", 2, 1),
        ("quote inside field", Array("a,b\n1,2\n3,4\"\n".utf8), "csv_quote_inside_field", 3, 2),
        ("bare carriage return", Array("a,b\n1\r,2\n".utf8), "csv_bare_carriage_return", 2, 1),
        ("carriage return at the end", Array("a,b\r".utf8), "csv_bare_carriage_return", 1, 2),
        ("zero byte", Array("a,b\n1,\0\n".utf8), "csv_not_text", 2, 2),
        ("zero byte in quotes", Array("a,b\n1,\"\0\"\n".utf8), "csv_not_text", 2, 2),
        ("short row", Array("a,b\n1,2\n3\n".utf8), "csv_ragged_row", 3, nil),
        ("long row", Array("a,b\n1,2,3\n".utf8), "csv_ragged_row", 2, nil),
        ("row after quoted lines", Array("a,b\n\"x\n\ny\",2\n3\n".utf8), "csv_ragged_row", 5, nil),
        ("empty line between rows", Array("a,b\n1,2\n\n3,4\n".utf8), "csv_empty_line", 3, nil),
        ("same name twice", Array("a,b,a\n1,2,3\n".utf8), "csv_duplicate_name", 1, 3),
        ("same name but for spaces", Array("a, a\n1,2\n".utf8), "csv_duplicate_name", 1, 2),
        ("empty name", Array("a,,c\n1,2,3\n".utf8), "csv_empty_name", 1, 2),
        ("name of spaces", Array("a, \n1,2\n".utf8), "csv_empty_name", 1, 2),
        ("name not UTF-8", [0x61, 0x2C, 0xFF, 0x0A], "csv_not_utf8", 1, 2),
        ("field beyond the limit", Array("a,b\n1,123456789\n".utf8), "csv_field_too_long", 2, 2),
        (
            "line beyond the limit", Array("a,b,c,d\n12345678,12345678,12,3\n".utf8), "csv_record_too_long",
            2, 3
        ),
        ("columns beyond the limit", Array("a,b,c,d,e\n".utf8), "csv_too_many_columns", 1, 5),
        ("rows beyond the limit", Array("a\n1\n2\n3\n4\n5\n".utf8), "csv_too_many_rows", 6, nil),
    ]

    @Test(arguments: hostile)
    func brokenFiles_areRefusedWithTheirPlace_howeverTheyArrive(
        name: String, bytes: [UInt8], code: String, line: Int, column: Int?
    ) {
        var options = CSVOptions()
        options.limits.fieldBytesMax = 8
        options.limits.recordBytesMax = 17
        options.limits.columnCountMax = 4
        options.limits.rowCountMax = 4
        for chunk in [max(bytes.count, 1), 1, 2, 3] {
            let error = #expect(throws: CSVError.self) { try rows(bytes, chunk: chunk, options: options) }
            #expect(error?.code == code, "\(name), \(chunk) bytes at a time: \(error?.description ?? "")")
            #expect(error?.line == line, "\(name): \(error?.description ?? "")")
            #expect(error?.column == column, "\(name): \(error?.description ?? "")")
        }
    }

    @Test func anotherDelimiter_separates() throws {
        var options = CSVOptions()
        options.delimiter = UInt8(ascii: ";")
        #expect(
            try rows(Array("a;b\n1,5;2\n".utf8), chunk: 4, options: options) == [["a", "b"], ["1,5", "2"]])
    }

    @Test func whatTheWriterWrites_isReadBack() throws {
        let table = [["a", "b"], ["x,y", "say \"hi\""], ["", "two\r\nlines"], [" spaced ", "1"]]
        var writer = CSVWriter()
        for row in table {
            for cell in row { writer.write(cell) }
            writer.endLine()
        }
        let bytes = (0..<writer.buffer.count).map { writer.buffer.bytes[$0] }
        #expect(try rows(bytes, chunk: 5) == table)
    }

    @Test func missingTokens_areRecognisedWithinSpaces() {
        let options = CSVOptions()
        func isMissing(_ text: String) -> Bool { options.isMissing(Array(text.utf8).span) }
        for text in ["", " ", "NA", "NaN", " null\t"] { #expect(isMissing(text), "\(text)") }
        for text in ["0", "na", "N A", "nul", "None"] { #expect(!isMissing(text), "\(text)") }
    }

    @Test func thePagesExamples_areTrue() throws {
        let page = try contents(of: "docs/reference/csv.md")
        var blocks: [(kind: String, text: String)] = []
        for part in page.components(between: "```").enumerated() where part.offset % 2 == 1 {
            let end = part.element.firstIndex(of: "\n") ?? part.element.endIndex
            blocks.append((String(part.element[..<end]), String(part.element[end...].dropFirst())))
        }
        #expect(blocks.count == 8)
        for (example, answer) in zip(blocks, blocks.dropFirst()) {
            if example.kind == "csv accepted" {
                let found = try rows(Array(example.text.utf8), chunk: 3).dropFirst()
                    .map { $0.joined(separator: "|").split(separator: "\n").joined(separator: "¶") + "\n" }
                #expect(found.joined() == answer.text)
            } else if example.kind == "csv refused" {
                let error = #expect(throws: CSVError.self) { try rows(Array(example.text.utf8), chunk: 3) }
                #expect((error?.description ?? "") + "\n" == answer.text)
            }
        }
    }

    private func contents(of path: String) throws -> String {
        let root = #filePath.components(between: "/Tests/")[0]
        // Safe because the stream is opened, read and closed here, into an array that knows its length.
        guard let stream = unsafe fopen("\(root)/\(path)", "r") else { throw Missing(path: path) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe fread($0.baseAddress, 1, $0.count, stream) }
        unsafe fclose(stream)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private struct Missing: Error { var path: String }
}

extension String {
    func components(between separator: String) -> [String] {
        var parts = [""]
        var rest = self[...]
        while let first = rest.first {
            if rest.hasPrefix(separator) {
                parts.append("")
                rest = rest.dropFirst(separator.count)
            } else {
                parts[parts.count - 1].append(first)
                rest = rest.dropFirst()
            }
        }
        return parts
    }
}
