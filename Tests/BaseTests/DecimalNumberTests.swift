// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import Testing

/// Every number has to be the nearest Float64; the C library is the judge.
struct DecimalNumberTests {
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    private func check(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let bytes = Array(text.utf8)
        let expected = Double(text) ?? .nan
        guard case .number(let value, let end) = scanNumber(bytes.span, from: 0) else {
            Issue.record("\(text) was refused", sourceLocation: sourceLocation)
            return
        }
        let isExact = end == bytes.count && value.bitPattern == expected.bitPattern
        #expect(isExact, "\(text)", sourceLocation: sourceLocation)
        let cell = parseDouble(bytes.span)
        let wanted = expected.isFinite ? expected.bitPattern : nil
        #expect(cell?.bitPattern == wanted, "\(text)", sourceLocation: sourceLocation)
    }

    @Test func edges_areRoundedCorrectly() {
        let texts = [
            "0", "-0", "0.0", "1", "-1", "123456789012345678901234567890", "9007199254740993",
            "9007199254740992.5",
            "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e308", "1e309",
            "1e400",
            "1e-400", "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324",
            "2.2250738585072014e-308",
            "2.2250738585072011e-308", "2.225073858507201e-308", "1e23", "8.5e22", "1e22", "1e-22", "1e-23",
            "5e-324", "3e-324", "2e-324", "0.1", "0.30000000000000004", "1e1000000000", "1e-1000000000",
            "0e99999999999999999999", "1" + String(repeating: "0", count: 400),
            "0." + String(repeating: "0", count: 400) + "1",
            "1.00000000000000011102230246251565404236316680908203125",
            "1.00000000000000011102230246251565404236316680908203124",
            "1.00000000000000011102230246251565404236316680908203126", "18014398509481983",
            "18014398509481985",
        ]
        for text in texts { check(text) }
    }

    @Test func randomNumbers_areRoundedCorrectly() {
        var random = Random(state: 1)
        for _ in 0..<30_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            check("\(value)")
            // A few digits more or fewer, and the exact half-way point to the neighbour.
            check("\(value)".replacing("e", with: "\(random.next() % 1_000_000)e").digitsOnly ?? "1")
            check(halfWay(value.magnitude))
        }
    }

    @Test func randomDigits_areRoundedCorrectly() {
        var random = Random(state: 2)
        for _ in 0..<30_000 {
            let count = 1 + Int(random.next() % 40)
            var digits = (0..<count).map { _ in Character(Unicode.Scalar(UInt8(48 + random.next() % 10))) }
            if digits[0] == "0" { digits[0] = "1" }
            let exponent = Int(random.next() % 700) - 350
            check(String(digits) + "e\(exponent)")
            check("0." + String(digits))
        }
    }

    /// The decimal of a number between `value` and the next one, as long as glibc prints it.
    private func halfWay(_ value: Double) -> String {
        let next = value.nextUp
        guard next.isFinite, value > 1e-290, value < 1e290 else { return "1" }
        // A 17-digit decimal close to the middle: mostly undecided by the first digits.
        let middle = value + (next - value) / 2
        return String(format: "%.25e", middle)
    }

    @Test(arguments: [
        "", "-", "+", ".", "e5", "1e", "1e+", "nan", "inf", "0x10", "1 ", " 1", "1,5", "1_0", "--1", "1e999",
    ])
    func whatIsNoCell_isNil(text: String) {
        #expect(parseDouble(Array(text.utf8).span) == nil)
    }

    @Test(arguments: [("+1.5", 1.5), ("007", 7), (".5", 0.5), ("5.", 5), ("-.5e1", -5)])
    func cells_takeMoreThanJSON(text: String, value: Double) {
        #expect(parseDouble(Array(text.utf8).span) == value)
    }

    @Test func shortestFloats_readBackToTheSameBits() {
        var random = Random(state: 3)
        for _ in 0..<30_000 {
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            let double = Double(bitPattern: random.next())
            if float.isFinite {
                var buffer = ByteBuffer()
                buffer.append(shortest: float)
                let read = parseDouble(buffer.bytes).map { Float($0) }
                #expect(read?.bitPattern == float.bitPattern)
            }
            if double.isFinite {
                var buffer = ByteBuffer()
                buffer.append(shortest: double)
                #expect(parseDouble(buffer.bytes)?.bitPattern == double.bitPattern)
            }
        }
    }
}

extension String {
    /// The text when it is a JSON number.
    fileprivate var digitsOnly: String? {
        if case .number(_, let end) = scanNumber(Array(utf8).span, from: 0), end == utf8.count {
            self
        } else {
            nil
        }
    }
}
