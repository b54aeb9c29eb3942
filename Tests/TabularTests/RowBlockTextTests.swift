// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@testable import Tabular

/// Blocks that hold free text beside numbers.
@Suite struct RowBlockTextTests {
    private func text(_ block: borrowing RowBlock, _ row: Int, _ column: Int) -> String? {
        guard let bytes = block.text(row: row, column: column) else { return nil }
        return String(copying: bytes)
    }

    @Test func texts_areKept_andForgottenByAReset() {
        var block = RowBlock()
        block.reset(columnCount: 2, numberType: .float64)
        block.appendRows(2)
        block.setText("größe", row: 0, column: 1)
        block.setText("", row: 1, column: 1)
        #expect(text(block, 0, 1) == "größe")
        #expect(text(block, 1, 1)?.isEmpty == true)
        #expect(text(block, 0, 0) == nil)
        block.reset(columnCount: 2, numberType: .float64)
        block.appendRows(1)
        block.set(0, row: 0, column: 1)
        // A number alone is no text.
        #expect(text(block, 0, 1) == nil)
    }

    @Test func rowsOfAnotherBlock_bringTheirOwnTexts() {
        var first = RowBlock()
        var second = RowBlock()
        first.reset(columnCount: 3, numberType: .float64)
        first.appendRows(1)
        first.setText("a", row: 0, column: 2)
        second.reset(columnCount: 3, numberType: .float64)
        second.appendRows(4)
        for row in 0..<4 where row != 1 {
            second.setText("t\(row)", row: row, column: 0)
            second.setText("u\(row)", row: row, column: 2)
        }
        second.set(7, row: 2, column: 1)
        first.append(1..<4, of: second)
        #expect(first.rowCount == 4)
        #expect((0..<4).map { text(first, $0, 0) } == [nil, nil, "t2", "t3"])
        #expect((0..<4).map { text(first, $0, 2) } == ["a", nil, "u2", "u3"])
        #expect(first.value(row: 2, column: 1) == 7)
    }
}

@Suite struct DateTextTests {
    @Test(arguments: [
        ("1970-01-01", 0.0), ("1969-12-31T23:59:59Z", -1), ("2024-02-29", 1_709_164_800),
        ("2024-05-31T07:45", 1_717_141_500), (" 2024-05-31 07:45:30.25 ", 1_717_141_530.25),
        ("2024-05-31T07:45:30+02:00", 1_717_134_330), ("2024-05-31T07:45:30-0530", 1_717_161_330),
        ("2016-12-31T23:59:60Z", 1_483_228_800), ("0000-03-01", -62_162_035_200),
    ])
    func dates_areSecondsInUTC(text: String, seconds: Double) {
        #expect(DateText.parse(text) == seconds)
    }

    @Test(arguments: [
        "", "2024", "2024-13-01", "2024-00-01", "2024-02-30", "2023-02-29", "1900-02-29", "2024-1-1",
        "24-01-01",
        "2024-01-01T", "2024-01-01T24:00", "2024-01-01T10:60", "2024-01-01T10:00:61", "2024-01-01T10:00:00.",
        "2024-01-01T10:00:00X", "2024-01-01T10:00:00+25:00", "2024-01-01 10", "2024-01-01x", "soon",
        "1717141500",
    ])
    func whatIsNoDate_isNone(text: String) {
        #expect(DateText.parse(text) == nil)
    }

    @Test func days_comeAndGo() {
        for days in stride(from: -800_000, through: 800_000, by: 317) {
            let date = CalendarDay(daysSince1970: days)
            #expect(date.daysSince1970 == days)
        }
        for text in ["1999-12-31", "2024-02-29T23:59:59Z", "0001-01-01"] {
            #expect(DateText.parse(text).map(DateText.format) == text)
        }
    }
}
