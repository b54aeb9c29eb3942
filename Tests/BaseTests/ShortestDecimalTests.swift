// SPDX-License-Identifier: Apache-2.0
import Base
import TestKit
import Testing

/// What is written is what Swift's own shortest output is, digit for digit, and reads back to the same bits.
@Suite struct ShortestDecimalTests {
    #if DEBUG
        private static let rounds = 50_000
    #else
        private static let rounds = 2_000_000
    #endif

    private func written(_ value: Double, into buffer: inout ByteBuffer) -> String {
        buffer.clear()
        buffer.append(shortest: value)
        return String(copying: buffer.bytes)
    }

    private func written(_ value: Float, into buffer: inout ByteBuffer) -> String {
        buffer.clear()
        buffer.append(shortest: value)
        return String(copying: buffer.bytes)
    }

    private func check(_ value: Double, _ buffer: inout ByteBuffer) {
        guard value.isFinite else { return }
        let text = written(value, into: &buffer)
        var reader = JSONReader(buffer.bytes)
        let read = try? reader.readDouble()
        if text != value.description || read?.bitPattern != value.bitPattern {
            Issue.record("\(value) (\(value.bitPattern)) was written as \(text)")
        }
    }

    private func check(_ value: Float, _ buffer: inout ByteBuffer) {
        guard value.isFinite else { return }
        let text = written(value, into: &buffer)
        if text != value.description || Float(text)?.bitPattern != value.bitPattern {
            Issue.record("\(value) (\(value.bitPattern)) was written as \(text)")
        }
    }

    @Test func randomBitPatterns_areWrittenAsSwiftPrintsThem() {
        var generator = SeededGenerator(seed: 5)
        var buffer = ByteBuffer()
        for _ in 0..<Self.rounds {
            let bits = generator.next()
            check(Double(bitPattern: bits), &buffer)
            check(Float(bitPattern: UInt32(truncatingIfNeeded: bits)), &buffer)
        }
    }

    @Test func numbersOfCommonSizes_areWrittenAsSwiftPrintsThem() {
        var generator = SeededGenerator(seed: 6)
        var buffer = ByteBuffer()
        for _ in 0..<Self.rounds / 5 {
            let unit = Double.random(in: -1...1, using: &generator)
            let digits = Double(Int.random(in: -100_000...100_000, using: &generator))
            for value in [unit, unit * 1e6, unit * 1e17, digits, digits / 100, digits / 1e7, digits * 1e11] {
                check(value, &buffer)
                check(Float(value), &buffer)
            }
        }
    }

    @Test func numbersAtTheEdges_areWrittenAsSwiftPrintsThem() {
        var buffer = ByteBuffer()
        for exponent in UInt64(0)..<2047 {
            for fraction: UInt64 in [0, 1, 2, 1 << 51, 1 << 52 - 2, 1 << 52 - 1] {
                check(Double(bitPattern: exponent << 52 | fraction), &buffer)
                check(-Double(bitPattern: exponent << 52 | fraction), &buffer)
            }
        }
        for exponent in UInt32(0)..<255 {
            for fraction: UInt32 in [0, 1, 2, 1 << 22, 1 << 23 - 2, 1 << 23 - 1] {
                check(Float(bitPattern: exponent << 23 | fraction), &buffer)
            }
        }
        for exponent in -330...308 {
            if let power = Double("1e\(exponent)") { check(power, &buffer) }
            if let power = Float("1e\(exponent)") { check(power, &buffer) }
        }
        for value in [
            0x1p53, 0x1p53 + 2, 0x1p54 - 2, 0x1p54, 0x1p54 + 4, 0x1p24, 0x1p24 + 2, 1e15, 1e16, 123e14,
        ] {
            check(value, &buffer)
            check(Float(value), &buffer)
        }
    }

    @Test func examples_areWrittenAsThePageSays() {
        var buffer = ByteBuffer()
        #expect(written(1.0, into: &buffer) == "1.0")
        #expect(written(-0.0, into: &buffer) == "-0.0")
        #expect(written(0.1, into: &buffer) == "0.1")
        #expect(written(Float(0.1), into: &buffer) == "0.1")
        #expect(written(1e-7, into: &buffer) == "1e-07")
        #expect(written(Float(16_777_216), into: &buffer) == "16777216.0")
        #expect(written(Float.greatestFiniteMagnitude, into: &buffer) == "3.4028235e+38")
        #expect(written(Double.greatestFiniteMagnitude, into: &buffer) == "1.7976931348623157e+308")
        #expect(written(Double.leastNonzeroMagnitude, into: &buffer) == "5e-324")
    }

    @Test func wholeNumbers_areWrittenInFull() {
        var buffer = ByteBuffer()
        var values: [Int64] = [0, 1, -1, 9, 10, 99, 100, 101, Int64.max, Int64.min]
        var power: Int64 = 1
        while power < Int64.max / 10 {
            power *= 10
            values += [power - 1, power, power + 1, -power]
        }
        for value in values {
            buffer.clear()
            buffer.append(decimal: value)
            #expect(String(copying: buffer.bytes) == value.description)
        }
        buffer.clear()
        buffer.append(decimal: UInt64.max)
        #expect(String(copying: buffer.bytes) == UInt64.max.description)
    }
}
