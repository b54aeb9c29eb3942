// SPDX-License-Identifier: Apache-2.0
import Base
import TestKit
import Testing

@Suite struct JSONReaderTests {
    /// The error that `body` meets in `text`.
    private func error(
        _ text: String, _ options: JSONReader.Options = .strict,
        _ body: (inout JSONReader) throws(JSONError) -> Void
    ) -> JSONError? {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span, options: options)
        do {
            try body(&reader)
            return nil
        } catch {
            return error
        }
    }

    @Test func requests_areReadInOrder() throws {
        let text = #" {"inputs" : [ {"name":"in\u0070ut","shape":[1,3],"data":[0.5, null ,-2e1]}],"n":null} "#
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span)
        var numbers: [Double?] = []
        try reader.beginObject()
        #expect(try reader.nextKey() == "inputs")
        try reader.beginArray()
        #expect(try reader.nextElement() == true)
        try reader.beginObject()
        while let key = try reader.nextKeyText() {
            if reader.matches(key, "name") {
                let name = try reader.readText()
                #expect(reader.matches(name, "input") == true)
                #expect(reader.matches(name, "in\\u0070ut") == false)
                #expect(reader.string(name) == "input")
            } else if reader.matches(key, Array("shape".utf8).span) {
                #expect(try reader.skipValue().count == 5)
            } else if reader.matches(key, "data") {
                try reader.beginArray()
                while try reader.nextElement() {
                    if try reader.peek() == .null {
                        try reader.readNull()
                        numbers.append(nil)
                    } else {
                        numbers.append(try reader.readDouble())
                    }
                }
            }
        }
        #expect(numbers == [0.5, nil, -20])
        #expect(try reader.nextElement() == false)
        #expect(try reader.nextKey() == "n")
        try reader.readNull()
        #expect(try reader.nextKey() == nil)
        try reader.expectEnd()
        #expect(reader.position == bytes.count)
    }

    @Test func keys_matchWithTheirEscapesResolved() throws {
        let bytes = Array(#"{"\u0069nputs":1,"a\\n":2,"a\n":3,"":4}"#.utf8)
        var reader = JSONReader(bytes.span)
        try reader.beginObject()
        var found: [Bool] = []
        for name: StaticString in ["inputs", "a\\n", "a\n", ""] {
            let key = try #require(try reader.nextKeyText())
            found.append(reader.matches(key, name))
            found.append(reader.matches(key, "other"))
            try reader.skipValue()
        }
        #expect(found == [true, false, true, false, true, false, true, false])
        #expect(try reader.nextKeyText() == nil)
    }

    @Test func kindsOfValues_areSeenWithoutConsumingThem() throws {
        let cases: [(String, JSONToken)] = [
            (" {", .object), ("[", .array), ("\"", .string), ("-1", .number), ("0", .number), ("9", .number),
            ("true", .bool), ("false", .bool), ("null", .null), ("]", .end), ("}", .end), ("", .end),
            (" \n\r\t", .end),
        ]
        for (text, token) in cases {
            let bytes = Array(text.utf8)
            var reader = JSONReader(bytes.span)
            #expect(try reader.peek() == token, "\(text)")
            #expect(try reader.peek() == token, "\(text)")
        }
        #expect(error("x") { reader throws(JSONError) in _ = try reader.peek() }?.offset == 0)
    }

    @Test func malformedNumbers_areRefusedWhereTheyBreak() {
        let cases: [(String, Int)] = [
            ("01", 1), ("-01", 2), ("1.x", 2), ("1.e3", 2), ("-x", 1), ("1ex", 2), ("1e+x", 3), ("0.5e-]", 5),
        ]
        for (text, offset) in cases {
            let found = error(text) { reader throws(JSONError) in _ = try reader.readDouble() }
            #expect(found == JSONError(offset: offset, reason: .malformedNumber), "\(text)")
        }
        for text in ["-", "1.", "1e", "1e-", "-0."] {
            let found = error(text) { reader throws(JSONError) in _ = try reader.readDouble() }
            #expect(found == JSONError(offset: text.utf8.count, reason: .unexpectedEnd), "\(text)")
        }
        for text in ["1e999", "-1e309", "1.7976931348623159e308"] {
            let found = error(text) { reader throws(JSONError) in _ = try reader.readDouble() }
            #expect(found == JSONError(offset: 0, reason: .numberOutOfRange), "\(text)")
        }
    }

    @Test func wholeNumbers_areReadExactlyOrRefused() throws {
        for value: Int64 in [0, 1, -1, 42, Int64.max, Int64.min, 1 << 53 + 1] {
            let bytes = Array(value.description.utf8)
            var reader = JSONReader(bytes.span)
            #expect(try reader.readInt64() == value)
            try reader.expectEnd()
        }
        let largest = Array(UInt64.max.description.utf8)
        var reader = JSONReader(largest.span)
        #expect(try reader.readUInt64() == UInt64.max)
        for text in [
            "1.0", "1e2", "9223372036854775808", "-9223372036854775809", "123456789012345678901234567890",
        ] {
            let found = error(text) { reader throws(JSONError) in _ = try reader.readInt64() }
            #expect(found?.reason == .notAWholeNumber, "\(text)")
        }
        for text in ["-1", "18446744073709551616", "0.5"] {
            let found = error(text) { reader throws(JSONError) in _ = try reader.readUInt64() }
            #expect(found?.reason == .notAWholeNumber, "\(text)")
        }
        #expect(error("NaN", .allowsNonFinite) { r throws(JSONError) in _ = try r.readInt64() } != nil)
        #expect(error("007") { r throws(JSONError) in _ = try r.readInt64() }?.reason == .malformedNumber)
    }

    @Test func nonFiniteTokens_needTheOption() throws {
        let bytes = Array("[NaN, Infinity,-Infinity,-1]".utf8)
        var reader = JSONReader(bytes.span, options: .allowsNonFinite)
        var numbers: [Double] = []
        try reader.beginArray()
        while try reader.nextElement() {
            #expect(try reader.peek() == .number)
            numbers.append(try reader.readDouble())
        }
        #expect(numbers[0].isNaN)
        #expect(numbers[1...] == [.infinity, -.infinity, -1])
        for text in ["NaN", "Infinity", "-Infinity", "inf", "nan"] {
            #expect(error(text) { r throws(JSONError) in _ = try r.readDouble() } != nil, "\(text)")
        }
        for text in ["Nan", "Inf", "-Inf", "1e999"] {
            #expect(error(text, .allowsNonFinite) { r throws(JSONError) in _ = try r.readDouble() } != nil)
        }
    }

    @Test func strings_areUnescaped() throws {
        let cases: [(String, String)] = [
            (#""""#, ""), (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"),
            (#""\u0041\u00e9\u20AC\ud83d\ude00""#, "Aé€😀"),
            (
                #""é€😀 plain text of some length""#,
                "é€😀 plain text of some length"
            ), (#""\u0000""#, "\0"), (#""\ud800\udc00""#, "\u{10000}"),
            (#""\udbff\udfff""#, "\u{10ffff}"),
        ]
        for (text, expected) in cases {
            let bytes = Array(text.utf8)
            var reader = JSONReader(bytes.span)
            #expect(try reader.readString() == expected)
            try reader.expectEnd()
        }
    }

    @Test func brokenStrings_areRefusedWhereTheyBreak() {
        let cases: [([UInt8], Int, JSONError.Reason)] = [
            (Array("\"ab".utf8), 3, .unexpectedEnd), (Array("\"12345678\n\"".utf8), 9, .controlCharacter),
            (Array(#""a\x""#.utf8), 2, .malformedEscape), (Array(#""\u12G4""#.utf8), 1, .malformedEscape),
            (Array(#""\ud800""#.utf8), 1, .loneSurrogate),
            (Array(#""\ud800\u0041""#.utf8), 1, .loneSurrogate),
            (Array(#""\udc00\ud800""#.utf8), 1, .loneSurrogate), (Array(#""\u12"#.utf8), 5, .unexpectedEnd),
            ([34, 0x80, 34], 1, .malformedUTF8), ([34, 0xc0, 0xaf, 34], 1, .malformedUTF8),
            ([34, 0xed, 0xa0, 0x80, 34], 1, .malformedUTF8),
            ([34, 0xf4, 0x90, 0x80, 0x80, 34], 1, .malformedUTF8),
            ([34, 0xe2, 0x82, 34], 1, .malformedUTF8), ([34, 0xf0, 0x9f], 1, .malformedUTF8),
            ([34, 0xe0, 0x9f, 0x80, 34], 1, .malformedUTF8),
            ([34, 0xf0, 0x8f, 0x80, 0x80, 34], 1, .malformedUTF8),
        ]
        for (bytes, offset, reason) in cases {
            var reader = JSONReader(bytes.span)
            do {
                _ = try reader.readString()
                Issue.record("\(bytes) was read")
            } catch {
                #expect(error == JSONError(offset: offset, reason: reason), "\(bytes)")
            }
        }
    }

    @Test func utf8_isAcceptedExactlyWhereTheStandardLibraryAcceptsIt() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            let middle = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
                [
                    0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0,
                    0xf1, 0xf4,
                    0xf5,
                ].randomElement(using: &generator) ?? UInt8(0)
            }
            let bytes = [34] + middle + [34]
            var reader = JSONReader(bytes.span)
            let read = try? reader.readString()
            #expect(read == String(validating: middle.span), "\(middle)")
        }
    }

    @Test func punctuation_isChecked() {
        let cases: [(String, Int)] = [
            ("[1 2]", 3), ("[1,]", 3), ("[,1]", 1), ("[1}", 2), (#"{"a":1,}"#, 7), (#"{"a" 1}"#, 5),
            (#"{a:1}"#, 1), (#"{"a":1 "b":2}"#, 7), (#"{"a":}"#, 5), ("[nul]", 1), ("[1]x", 3),
            (#"{"a":1]"#, 6),
            ("[truefalse]", 5),
        ]
        for (text, offset) in cases {
            let found = error(text) { reader throws(JSONError) in
                try reader.skipValue()
                try reader.expectEnd()
            }
            #expect(found?.offset == offset, "\(text): \(String(describing: found))")
        }
    }

    @Test func otherTypesThanExpected_areNamed() {
        let found = error(#"["x"]"#) { reader throws(JSONError) in
            try reader.beginArray()
            _ = try reader.nextElement()
            _ = try reader.readDouble()
        }
        #expect(found == JSONError(offset: 1, reason: .wrongType(expected: .number, found: .string)))
        #expect(found?.description == "expected a number, found a string at byte 1")
        #expect(found?.code == "json.wrong_type")
    }

    @Test func depth_isLimited() throws {
        for depth in [100, 101, 100_000] {
            let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            let found = error(text) { reader throws(JSONError) in try reader.skipValue() }
            #expect(found == (depth == 100 ? nil : JSONError(offset: 100, reason: .tooDeep(limit: 100))))
        }
        // Objects and arrays mixed up to the most that the options allow.
        let text = String(repeating: #"[{"a":"#, count: 64) + "1" + String(repeating: "}]", count: 64)
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span, options: .init(maximumDepth: 1_000))
        #expect(try reader.skipValue() == 0..<bytes.count)
    }

    @Test func skippedValues_leaveTheReaderInPlace() throws {
        let bytes = Array(#"[{"a":[1,[]],"b":{}}, 2 ,"x"]"#.utf8)
        var reader = JSONReader(bytes.span)
        try reader.beginArray()
        #expect(try reader.nextElement() == true)
        #expect(try reader.skipValue() == 1..<20)
        #expect(try reader.nextElement() == true)
        #expect(try reader.readInt64() == 2)
        #expect(try reader.nextElement() == true)
        #expect(try reader.skipValue() == 25..<28)
        #expect(try reader.nextElement() == false)
        try reader.expectEnd()
    }

    @Test func places_areLinesAndColumns() {
        let bytes = Array("{\n  \"é\": tru\n}".utf8)
        let error = error("{\n  \"é\": tru\n}") { reader throws(JSONError) in try reader.skipValue() }
        #expect(error?.offset == 10)
        let position = error?.position(in: bytes.span)
        #expect(position?.line == 2)
        #expect(position?.column == 8)
        let start = JSONError(offset: 0, reason: .unexpectedEnd).position(in: bytes.span)
        #expect(start == (1, 1))
    }
}
