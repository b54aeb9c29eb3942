// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

struct JSONReaderTests {
    private func error(_ text: String, _ read: (inout JSONReader) throws -> Void) -> JSONError? {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span)
        do {
            try read(&reader)
            return nil
        } catch {
            return error as? JSONError
        }
    }

    @Test func valuesAreRead_inTheOrderOfTheText() throws {
        let bytes = Array(#" {"name":"input","shape":[2, -3],"x":{"y":null},"ok":true} "#.utf8)
        var reader = JSONReader(bytes.span)
        try reader.beginObject()
        #expect(try reader.nextKey() == "name")
        #expect(try reader.readString() == "input")
        #expect(try reader.nextKey() == "shape")
        try reader.beginArray()
        #expect(try reader.nextElement())
        #expect(try reader.readInt64() == 2)
        #expect(try reader.nextElement())
        #expect(try reader.readInt64() == -3)
        #expect(try !reader.nextElement())
        #expect(try reader.nextKey() == "x")
        let skipped = try reader.skipValue()
        #expect(Array(bytes[skipped]) == Array(#"{"y":null}"#.utf8))
        #expect(try reader.nextKey() == "ok")
        #expect(try reader.readBool())
        #expect(try reader.nextKey() == nil)
        try reader.expectEnd()
    }

    @Test func errors_sayWhere() throws {
        let text = "{\n  \"a\": [1,\n 2,, 3]}"
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span)
        let failure = #expect(throws: JSONError.self) { _ = try reader.skipValue() }
        let (line, column) = try #require(failure).position(in: bytes.span)
        #expect((line, column) == (3, 4))
    }

    @Test func anotherType_isNamed() {
        let failure = error("[1]") { _ = try $0.readDouble() }
        #expect(failure?.reason == .wrongType(expected: .number, found: .array))
        #expect(error("") { try $0.beginObject() }?.reason == .unexpectedEnd)
    }

    @Test(arguments: ["1.0", "1e3", "9223372036854775808", "-9223372036854775809", "01", "-"])
    func whatIsNoInt64_isRefused(text: String) {
        #expect(error(text) { _ = try $0.readInt64() } != nil)
    }

    @Test func theEdgesOfTheWholeNumbers_areRead() throws {
        let bytes = Array("[-9223372036854775808,9223372036854775807,18446744073709551615]".utf8)
        var reader = JSONReader(bytes.span)
        try reader.beginArray()
        #expect(try reader.nextElement())
        #expect(try reader.readInt64() == .min)
        #expect(try reader.nextElement())
        #expect(try reader.readInt64() == .max)
        #expect(try reader.nextElement())
        #expect(try reader.readUInt64() == .max)
    }

    @Test func nonFiniteTokens_needTheOption() throws {
        for text in ["NaN", "Infinity", "-Infinity"] {
            #expect(error(text) { _ = try $0.readDouble() } != nil)
        }
        let bytes = Array("[NaN,Infinity,-Infinity,1]".utf8)
        var reader = JSONReader(bytes.span, options: .allowsNonFinite)
        try reader.beginArray()
        var values: [Double] = []
        while try reader.nextElement() { values.append(try reader.readDouble()) }
        #expect(values[0].isNaN && values[1] == .infinity && values[2] == -.infinity && values[3] == 1)
    }

    @Test func escapes_areUndone() throws {
        let bytes = Array(#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00z""#.utf8)
        var reader = JSONReader(bytes.span)
        #expect(try reader.readString() == "a\"\\/\u{8}\u{c}\n\r\té😀z")
    }

    @Test(arguments: [
        #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\x""#, #""\u12g4""#, "\"\n\"", #""abc"#,
    ])
    func malformedStrings_areRefused(text: String) {
        #expect(error(text) { _ = try $0.readString() } != nil)
    }

    @Test func aRepeatedKey_isRefusedInADocument() {
        let bytes = Array(#"{"a":1,"a":2}"#.utf8)
        let failure = #expect(throws: JSONError.self) { try JSONValue.parse(bytes.span) }
        #expect(failure?.reason == .duplicateKey("a"))
    }

    @Test func aDocument_isWrittenAsItWasRead() throws {
        let text = #"{"z":[1,2.5,-0.0,1e+300,"\u0001\"\\é"],"a":{},"n":null,"t":true,"e":[]}"#
        let value = try JSONValue.parse(Array(text.utf8).span)
        var buffer = ByteBuffer()
        value.write(into: &buffer)
        #expect(String(copying: buffer.bytes) == text)
    }
}
