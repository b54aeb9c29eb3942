// SPDX-License-Identifier: Apache-2.0

/// How a CSV file is written, and how much of it is believed; the page is `docs/reference/csv.md`.
package struct CSVOptions: Sendable, Equatable {
    /// Between two fields; one ASCII byte, neither a quote nor a line end.
    package var delimiter = UInt8(ascii: ",")
    /// Cells that stand for a missing value, compared without the spaces around them. Empty is always
    /// missing.
    package var missingTokens: [String] = ["", "NA", "NaN", "null"]
    package var limits = Limits()

    package init() {}

    /// For what a database writes: missing are empty cells and, among numbers, NaN as C prints it; a text
    /// that says so (NA, null) is a text, unless somebody named it.
    package var ofAnswers: CSVOptions {
        var options = CSVOptions()
        options.missingTokens = missingTokens == options.missingTokens ? [""] : missingTokens
        options.missingTokens.append("nan")
        options.limits = limits
        return options
    }

    /// Bounds on what comes from outside.
    package struct Limits: Sendable, Equatable {
        /// 1 MiB: a longer cell is text or an unclosed quote, not a feature.
        package var fieldBytesMax = 1 << 20
        /// 16 MiB: bounds the memory that one line can ask for.
        package var recordBytesMax = 1 << 24
        /// 10,000: wider tables are matrices, which have better formats.
        package var columnCountMax = 10_000
        /// Row numbers are carried as Int32 by the tree builder.
        package var rowCountMax = Int(Int32.max)

        package init() {}
    }

    /// True when `cell`, spaces and tabs around it aside, stands for a missing value.
    package func isMissing(_ cell: Span<UInt8>) -> Bool {
        let cell = trimmed(cell)
        if cell.isEmpty { return true }
        // No token is longer than this in practice, and numbers mostly are: a cheap way out first.
        for token in missingTokens where token.utf8.count == cell.count {
            var index = 0
            for byte in token.utf8 {
                if cell[index] != byte { break }
                index += 1
            }
            if index == cell.count { return true }
        }
        return false
    }
}

/// `cell` without the spaces and tabs around it.
@_lifetime(copy cell)
package func trimmed(_ cell: Span<UInt8>) -> Span<UInt8> {
    var start = 0
    var end = cell.count
    while start < end, cell[start] == 0x20 || cell[start] == 0x09 { start += 1 }
    while end > start, cell[end - 1] == 0x20 || cell[end - 1] == 0x09 { end -= 1 }
    return cell.extracting(start..<end)
}
