// SPDX-License-Identifier: Apache-2.0
import TestKit
import Testing

@testable import Base

@Suite struct NumberCellsTests {
    /// What one call reads of `text` from `start` on, and how far it gets.
    private func read(
        _ text: String, from start: Int = 0, room: Int, separator: Character = ","
    ) -> (values: [Double], run: NumberCellRun) {
        let bytes = Array(text.utf8)
        var values = [Double](repeating: -1, count: room)
        var span = values.mutableSpan
        let run = readNumberCells(
            bytes.span, from: start, separator: separator.asciiValue ?? 0, into: &span, at: 0..<room)
        return (Array(values.prefix(run.count)), run)
    }

    /// Digits in front of the point and behind it, each count with and without a sign.
    private static func number(_ random: inout SeededGenerator) -> String {
        func digits(_ count: Int) -> String {
            (0..<count).map { _ in "\(Int.random(in: 0...9, using: &random))" }.joined()
        }
        var whole = digits(Int.random(in: 1...10, using: &random))
        while whole.utf8.count > 1 && whole.hasPrefix("0") { whole.removeFirst() }
        let sign = Bool.random(using: &random) ? "-" : ""
        let places = Int.random(in: 0...10, using: &random)
        return sign + whole + (places == 0 ? "" : "." + digits(places))
    }

    @Test(arguments: [",", ";", "\t", "|", ":"] as [Character], ["\n", "\r\n"])
    func numbers_areTheStandardLibrarys(separator: Character, end: String) {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<400 {
            let cells = (0..<Int.random(in: 1...30, using: &random)).map { _ in Self.number(&random) }
            // In front of a cell there is more of the file, or nothing.
            let front = String(repeating: "9", count: Int.random(in: 0...9, using: &random))
            let text = front + cells.joined(separator: String(separator)) + end
            let (values, run) = read(
                text, from: front.utf8.count, room: cells.count, separator: separator)
            #expect(run.count == cells.count && run.endsLine, "\(text)")
            #expect(run.position == text.utf8.count - 1, "\(text)")
            #expect(values.map(\.bitPattern) == cells.map { Double($0)?.bitPattern }, "\(text)")
        }
    }

    /// A cell that is to be read by the caller stops the run in front of itself, wherever it stands and
    /// whatever follows it.
    @Test(arguments: [
        "x", "1x", "-", "-x", ".5", "1.", "-.5", "1.2.3", "1..2", "--1", "1-2", "007", "-01", "+1", "1e",
        " 1",
        "1 ", "\"1\"", "1\"", "1\r2", "1\02", "é", "1é", "0x10", "12345678x", "1.12345678x", "1.1234567é",
        "inf", "NaN", "1_000", "1e999",
    ])
    func anotherCell_endsTheRun(cell: String) {
        for number in 0..<4 {
            for rest in ["", "1", "1,2,3,4", "-12.345678,12345678901234567"] {
                let front = String(repeating: "1.5,", count: number)
                let text = front + cell + "," + rest + "\n"
                let (values, run) = read(text, room: 40)
                #expect(values == Array(repeating: 1.5, count: number), "\(text)")
                #expect(run.position == front.utf8.count && !run.endsLine, "\(text)")
            }
        }
    }

    @Test func emptyCells_areMissing_butTheLast() {
        let (values, run) = read("1.25,2.25,,-0,,3,\n1,", room: 40)
        #expect(values.map(\.bitPattern) == [1.25, 2.25, .nan, -0.0, .nan, 3].map(\.bitPattern))
        #expect(run.position == 17 && !run.endsLine)
    }

    @Test func aTextThatEndsInACell_endsTheRunInFrontOfIt() {
        let line = "1.25,-2.25,12345.678,-0.12345678,77777777\n"
        for count in 0..<line.utf8.count {
            let text = String(line.prefix(count))
            let whole = text.split(separator: ",", omittingEmptySubsequences: false).dropLast()
            let (values, run) = read(text, room: 40)
            #expect(values == whole.map { Double($0) ?? .nan }, "\(text)")
            #expect(run.position == whole.map { $0.utf8.count + 1 }.reduce(0, +), "\(text)")
        }
    }

    @Test func noMoreCellsAreRead_thanThereIsRoomFor() {
        let (values, run) = read("1.25,-2.25,12345.678,-0.12345678,7\n", room: 3)
        #expect(values == [1.25, -2.25, 12345.678])
        #expect(run.position == 21 && !run.endsLine)
    }
}
