// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import TestKit
import Testing

/// Numbers read are compared with the C library's, bit for bit.
@Suite struct DecimalNumberTests {
    #if DEBUG
        private static let rounds = 20_000
    #else
        private static let rounds = 1_000_000
    #endif

    /// How the reader's answer differs from `strtod`'s; nil when it does not.
    private func difference(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        // Safe because Swift ends the text with a NUL and keeps it through the call.
        let expected = unsafe strtod(text, nil)
        var reader = JSONReader(bytes.span)
        let read = try? reader.readDouble()
        let cell = parseDouble(bytes.span)
        let wanted = expected.isFinite ? expected.bitPattern : nil
        if read?.bitPattern == wanted && cell?.bitPattern == wanted { return nil }
        return "\(text): read \(String(describing: read)), \(String(describing: cell)), expected \(expected)"
    }

    private func digits(_ count: Int, _ generator: inout SeededGenerator) -> String {
        var text = String(Int.random(in: 1...9, using: &generator))
        for _ in 1..<max(count, 1) { text += String(Int.random(in: 0...9, using: &generator)) }
        return text
    }

    @Test func numbersOfEveryForm_areRoundedCorrectly() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<Self.rounds {
            var text = Bool.random(using: &generator) ? "-" : ""
            let length = Int.random(
                in: 1...(Int.random(in: 0...9, using: &generator) == 0 ? 40 : 20), using: &generator)
            let point = Int.random(in: 0...length, using: &generator)
            let run = digits(length, &generator)
            text += point == 0 ? "0" : String(run.prefix(point))
            if point < length { text += "." + run.dropFirst(point) }
            if Bool.random(using: &generator) {
                let range = Bool.random(using: &generator) ? 400 : 30
                text += ["e", "E", "e+"].randomElement(using: &generator) ?? "e"
                if text.hasSuffix("+") {
                    text += String(Int.random(in: 0...range, using: &generator))
                } else {
                    text += String(Int.random(in: -range...range, using: &generator))
                }
            }
            if let found = difference(text) { Issue.record("\(found)") }
        }
    }

    @Test func printedNumbers_areReadBack() {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<Self.rounds {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            let bytes = Array(value.description.utf8)
            #expect(parseDouble(bytes.span)?.bitPattern == value.bitPattern)
        }
    }

    @Test func pointsHalfWay_andTheirNeighbours_areRoundedCorrectly() {
        var generator = SeededGenerator(seed: 3)
        var values = (0..<Self.rounds / 50).map { _ in Double(bitPattern: generator.next() >> 1) }
        values += (0..<Self.rounds / 200).map { _ in Double(bitPattern: generator.next() >> 12) }
        values += [0, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 1, 0x1p53]
        for value in values where value.isFinite {
            let half = HalfWay.digits(above: value)
            for text in [half, half + "0000", half + "0000000000001", HalfWay.lowered(half)] {
                if let found = difference(text) { Issue.record("\(found)") }
            }
        }
    }

    @Test func longRunsOfDigits_areRoundedCorrectly() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<Self.rounds / 200 {
            let run = digits(Int.random(in: 20...1_200, using: &generator), &generator)
            let exponent = Int.random(in: -1_500...400, using: &generator)
            for text in [
                run + "e\(exponent)", "0." + run, "0." + String(repeating: "0", count: 300) + run, run + ".5",
            ] {
                if let found = difference(text) { Issue.record("\(found)") }
            }
        }
        // 1, and a one in the 2,000th place or none: only the last digit tells them from a tie.
        let tie = "9007199254740993"
        for text in [
            "\(tie).\(String(repeating: "0", count: 2_000))1",
            "\(tie).\(String(repeating: "0", count: 2_000))",
            "\(tie)\(String(repeating: "0", count: 250))",
        ] {
            if let found = difference(text) { Issue.record("\(found)") }
        }
    }

    @Test func numbersAtTheEdges_areRoundedCorrectly() {
        let texts = [
            "0", "-0", "0.0", "0e999", "-0e-999", "1e308", "1e309", "1.7976931348623157e308",
            "1.7976931348623158e308", "1.79769313486231580793e308", "179769313486231580793728971405301e276",
            "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2.5e-324", "1e-323", "1e-324",
            "2.2250738585072011e-308", "2.2250738585072014e-308",
            "2.225073858507201136057409796709131975934e-308",
            "1e-400", "1e999999999999999999999", "1e-999999999999999999999", "9007199254740993",
            "9007199254740992.5", "18446744073709551615", "18446744073709551616", "9999999999999999999",
            "99999999999999999999", "1e22", "1e23", "8.5e22", "123456789012345678", "1e-22", "1e-23",
            "0.000000000000000000000000000000000000001", "100000000000000000000000000000000000000000",
            "9223372036854775807e-19", "7.2057594037927933e16", "6.631236846766476e-316",
        ]
        for text in texts {
            if let found = difference(text) { Issue.record("\(found)") }
            if let found = difference("-\(text)"), !text.hasPrefix("-") { Issue.record("\(found)") }
        }
    }

    @Test func cells_areNumbersOrNothing() {
        func parsed(_ text: String) -> Double? { parseDouble(Array(text.utf8).span) }
        #expect(parsed("+1.5") == 1.5)
        #expect(parsed(".5") == 0.5)
        #expect(parsed("5.") == 5)
        #expect(parsed("007") == 7)
        #expect(parsed("-.5e1") == -5)
        for text in [
            "", "+", "-", ".", "e1", "1e", "1e+", "nan", "inf", "NaN", "Infinity", "1 ", " 1", "1,5", "0x10",
            "1_0",
            "--1", "1e999", "1.2.3", "1e1.5", "+-1", "1f",
        ] {
            #expect(parsed(text) == nil, "\(text)")
        }
    }
}

/// Decimal digits of the point half way between a Float64 and the next above it, exactly, in plain arithmetic
/// on decimal digits.
private enum HalfWay {
    static func digits(above value: Double) -> String {
        let fraction = value.bitPattern & (1 << 52 - 1)
        let field = Int(value.bitPattern >> 52)
        let mantissa = (field == 0 ? fraction : fraction | 1 << 52) * 2 + 1
        var exponent = max(field, 1) - 1076
        var limbs = [mantissa % 1_000_000_000, mantissa / 1_000_000_000]
        var places = 0
        func multiply(_ factor: UInt64) {
            var carry: UInt64 = 0
            for index in limbs.indices {
                let product = limbs[index] * factor + carry
                limbs[index] = product % 1_000_000_000
                carry = product / 1_000_000_000
            }
            while carry > 0 {
                limbs.append(carry % 1_000_000_000)
                carry /= 1_000_000_000
            }
        }
        while exponent > 0 {
            multiply(1 << UInt64(min(exponent, 29)))
            exponent -= min(exponent, 29)
        }
        // m × 2^-e = m × 5^e / 10^e.
        while exponent < 0 {
            multiply(5)
            places += 1
            exponent += 1
        }
        var text = ""
        for limb in limbs.reversed() {
            let part = String(limb)
            text += String(repeating: "0", count: 9 - part.count) + part
        }
        text = String(text.drop { $0 == "0" })
        if text.count <= places { text = String(repeating: "0", count: places + 1 - text.count) + text }
        return text.dropLast(places) + "." + (places == 0 ? "0" : String(text.suffix(places)))
    }

    /// The digits with the last one that is not zero made smaller by one, and nines behind it.
    static func lowered(_ text: String) -> String {
        var bytes = Array(text.utf8)
        guard let place = bytes.lastIndex(where: { $0 > 48 && $0 < 58 }) else { return text }
        bytes[place] -= 1
        for index in (place + 1)..<max(bytes.count, place + 1) where bytes[index] == 48 { bytes[index] = 57 }
        return String(decoding: bytes, as: UTF8.self) + (text.contains(".") ? "999" : ".999")
    }
}
