// SPDX-License-Identifier: Apache-2.0

/// Rows of text in columns that line up, for a terminal.
struct TextTable {
    private let header: [String]
    private var rows: [[String]] = []
    private var widths: [Int]

    init(_ header: [String]) {
        self.header = header
        widths = header.map(\.count)
    }

    var isEmpty: Bool { rows.isEmpty }

    /// `row` has one cell a column of the header; control characters are made visible so that nothing that a
    /// server says can move the cursor.
    mutating func append(_ row: [String]) {
        precondition(row.count == header.count, "a row has as many cells as the header")
        let row = row.map(Self.printable)
        for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
        rows.append(row)
    }

    /// The table with its header, and then as `takeRows()`.
    mutating func takeAll() -> String { line(header) + takeRows() }

    /// The rows collected so far, which are then forgotten; the widths stay, so that later rows line up.
    mutating func takeRows() -> String {
        let text = rows.map(line).joined()
        rows = []
        return text
    }

    private func line(_ cells: [String]) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            text += cell
            if index + 1 < cells.count {
                text += String(repeating: " ", count: max(0, widths[index] - cell.count) + 2)
            }
        }
        while text.hasSuffix(" ") { text.removeLast() }
        return text + "\n"
    }

    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map {
                    $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "\u{FFFD}" : $0
                }))
    }
}
