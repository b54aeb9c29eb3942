// SPDX-License-Identifier: Apache-2.0
import TestKit
import Testing

@testable import Base

@Suite struct JSONNumberRunTests {
    /// What reading `text` by runs gives, element by element where a run stops: the numbers, and the error.
    private func read(_ text: String, room: Int = 64) -> (numbers: [Double], error: JSONError?) {
        let bytes = Array(text.utf8)
        var numbers = [Double](repeating: .nan, count: room)
        var count = 0
        do {
            var reader = JSONReader(bytes.span)
            try reader.beginArray()
            var values = numbers.mutableSpan
            count += reader.readNumbers(into: &values, at: 0..<room, roundsToFloat32: false)
            while try reader.nextElement() {
                if try reader.peek() == .null {
                    try reader.readNull()
                } else {
                    values[count] = try reader.readDouble()
                }
                count += 1
                count += reader.readNumbers(into: &values, at: count..<room, roundsToFloat32: false)
            }
            try reader.expectEnd()
        } catch {
            return (Array(numbers.prefix(count)), error)
        }
        return (Array(numbers.prefix(count)), nil)
    }

    @Test func numbers_areTheStandardLibrarys() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let texts = (0..<Int.random(in: 1...40, using: &random)).map { _ in Self.number(&random) }
            let spaces = ["", " ", "\t", "\r\n  "]
            let text =
                "["
                + texts.map {
                    spaces[Int.random(in: 0..<spaces.count, using: &random)] + $0
                        + spaces[Int.random(in: 0..<spaces.count, using: &random)]
                }.joined(separator: ",") + "]"
            let (numbers, error) = read(text)
            #expect(error == nil, "\(text)")
            #expect(numbers.map(\.bitPattern) == texts.map { Double($0)?.bitPattern }, "\(text)")
        }
    }

    /// Every count of digits before and behind the point, with and without an exponent.
    private static func number(_ random: inout SeededGenerator) -> String {
        func pick(_ characters: String) -> Character {
            Array(characters)[Int.random(in: 0..<characters.count, using: &random)]
        }
        func digits(_ count: Int) -> String {
            String((0..<count).map { _ in pick("0123456789") })
        }
        var text = Bool.random(using: &random) ? "-" : ""
        let whole = Int.random(in: 0...21, using: &random)
        text += whole == 0 ? "0" : String(pick("123456789")) + digits(whole - 1)
        let fraction = Int.random(in: 0...21, using: &random)
        if fraction > 0 { text += "." + digits(fraction) }
        if Int.random(in: 0...4, using: &random) == 0 {
            text +=
                String(pick("eE")) + ["", "+", "-"][Int.random(in: 0...2, using: &random)]
            text += digits(Int.random(in: 1...2, using: &random))
        }
        return text
    }

    @Test func negativeZero_keepsItsSign() {
        #expect(read("[-0, 0, -0.0]").numbers.map(\.sign) == [.minus, .plus, .minus])
    }

    @Test(arguments: [
        "[]", "[1]", "[1,2,3]", "[null]", "[1,null,2]", "[null,null]", "[1 , null , 2.5e3 ]",
        "[1.5,123456789012345678901234567890,2]",
    ])
    func runsAndSingleElements_giveTheSameCount(_ text: String) {
        let elements = text == "[]" ? 0 : text.split(separator: ",").count
        let (numbers, error) = read(text)
        #expect(error == nil)
        #expect(numbers.count == elements)
    }

    /// Each is refused where reading element by element refuses it.
    @Test(arguments: [
        "[1,]", "[,1]", "[1 2]", "[1,,2]", "[01]", "[-]", "[1.]", "[.5]", "[1.e3]", "[1e]", "[1e+]", "[1,",
        "[1",
        "[", "[+1]", "[1,-]", "[0x10]", "[1.5.5]", "[1,NaN]", "[1e999]", "[1,2}", "[--1]", "[1,00]",
        "[2,1e400,3]",
    ])
    func brokenText_isRefusedInItsPlace(_ text: String) {
        func expected() -> JSONError? {
            let bytes = Array(text.utf8)
            do {
                var reader = JSONReader(bytes.span)
                try reader.beginArray()
                while try reader.nextElement() { _ = try reader.readDouble() }
                try reader.expectEnd()
            } catch {
                return error
            }
            return nil
        }
        let error = read(text).error
        #expect(error != nil)
        #expect(error == expected())
    }

    @Test func aRunStops_whereTheRoomEnds() throws {
        let bytes = Array("[1,2,3,4]".utf8)
        var numbers: [Float] = [0, 0, 0]
        var reader = JSONReader(bytes.span)
        try reader.beginArray()
        var values = numbers.mutableSpan
        #expect(reader.readNumbers(into: &values, at: 1..<3) == 2)
        #expect(try reader.nextElement())
        #expect(try reader.readDouble() == 3)
        #expect(numbers == [0, 1, 2])
    }

    @Test func tooLargeForFloat32_isLeftToTheCaller() throws {
        let bytes = Array("[1,1e39,2]".utf8)
        var numbers: [Float] = [0, 0, 0]
        var reader = JSONReader(bytes.span)
        try reader.beginArray()
        var values = numbers.mutableSpan
        #expect(reader.readNumbers(into: &values, at: 0..<3) == 1)
        #expect(try reader.nextElement())
        #expect(try reader.readDouble() == 1e39)
        #expect(reader.readNumbers(into: &values, at: 2..<3) == 1)
        #expect(numbers == [1, 0, 2])
    }

    @Test func float32Senders_areRoundedTwice() throws {
        let bytes = Array("[0.1]".utf8)
        var numbers: [Double] = [0]
        var reader = JSONReader(bytes.span)
        try reader.beginArray()
        var values = numbers.mutableSpan
        #expect(reader.readNumbers(into: &values, at: 0..<1, roundsToFloat32: true) == 1)
        #expect(numbers == [Double(Float(0.1))])
    }
}
