// SPDX-License-Identifier: Apache-2.0
import Base
import TestKit
import Testing

@Suite struct JSONValueTests {
    private func written(_ value: JSONValue) -> String {
        var buffer = ByteBuffer()
        value.write(into: &buffer)
        return String(copying: buffer.bytes)
    }

    private func parsed(_ text: String) throws -> JSONValue {
        let bytes = Array(text.utf8)
        return try JSONValue.parse(bytes.span)
    }

    @Test func documents_areReadAndWrittenInOrder() throws {
        let text = #"{"b":[1,2.5,-0.0,true,null],"a":{"x":"é\n\u0001\"\\"},"":9223372036854775807}"#
        let value = try parsed(text)
        #expect(written(value) == text)
        #expect(value["a"]?["x"]?.string == "é\n\u{1}\"\\")
        #expect(value["b"]?.array?.count == 5)
        #expect(value["none"] == nil)
        #expect(try parsed(written(value)) == value)
    }

    @Test func numbers_keepWhatTheyAre() throws {
        #expect(try parsed("1") == .integer(1))
        #expect(try parsed("1.0") == .number(1))
        #expect(try parsed("9223372036854775808") == .number(0x1p63))
        let negativeZero = try #require(try parsed("-0").double)
        #expect(negativeZero == 0 && negativeZero.sign == .minus)
        #expect(written(.number(.nan)) == "null")
    }

    @Test func repeatedKeys_areRefusedWhereTheyStand() {
        #expect(throws: JSONError(offset: 7, reason: .duplicateKey)) { try parsed(#"{"a":1,"\u0061":2}"#) }
        let many = (0..<50).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(throws: JSONError.self) { try parsed("{\(many),\"k7\":1}") }
        #expect(throws: Never.self) { try parsed(#"{"a":{"a":1},"b":{"a":1}}"#) }
    }

    @Test func objects_areChangedByKey() {
        var object = JSONObject()
        for number in 0..<20 { object["k\(number)"] = .integer(Int64(number)) }
        object["k3"] = nil
        object["k5"] = .null
        #expect(object.members.count == 19)
        #expect(object["k19"] == .integer(19))
        #expect(object["k3"] == nil)
        #expect(object["k5"] == .null)
        #expect(object.members.map(\.key).prefix(5) == ["k0", "k1", "k2", "k4", "k5"])
        #expect(["a": .null, "b": .null] as JSONObject != ["b": .null, "a": .null])
    }

    @Test func largeObjects_takeTimeInProportion() throws {
        // 50,000 keys compared with each other would take minutes.
        let text = "{" + (0..<50_000).map { "\"key\($0)\":1" }.joined(separator: ",") + "}"
        #expect(try parsed(text).object?.members.count == 50_000)
    }

    @Test func quotedText_isReadBack() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<500 {
            var text = ""
            for _ in 0..<Int.random(in: 0...30, using: &generator) {
                let limit: UInt32 = [0x30, 0x80, 0x3000, 0x110000].randomElement(using: &generator) ?? 0x80
                if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &generator)) {
                    text.unicodeScalars.append(scalar)
                }
            }
            var buffer = ByteBuffer()
            buffer.append(quoted: text)
            var reader = JSONReader(buffer.bytes)
            let read = try reader.readString()
            #expect(Array(read.utf8) == Array(text.utf8))
        }
    }
}
