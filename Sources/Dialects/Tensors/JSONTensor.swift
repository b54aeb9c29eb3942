// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Reads the `data` of one tensor straight into the columns of a row block that its input fills.
struct JSONTensor {
    let name: String
    let target: InputBinder.Target
    let rowCount: Int
    let cells: JSONCells

    /// Reads `data`: flat in row-major order, or nested as the shape says.
    ///
    /// - Throws: `JSONError`, `wrongElementCount`, `wrongValue`.
    func read(from reader: inout JSONReader, into rows: inout RowBlock) throws {
        try reader.beginArray()
        if try reader.peek() == .array {
            try readNested(from: &reader, into: &rows)
        } else {
            try readFlat(from: &reader, into: &rows)
        }
    }

    private func readFlat(from reader: inout JSONReader, into rows: inout RowBlock) throws {
        var row = 0
        var column = 0
        while try reader.nextElement() {
            guard row < rowCount else { throw wrongCount("more elements") }
            try readCell(from: &reader, into: &rows, row: row, column: column)
            column += 1
            if column == target.columnCount {
                column = 0
                row += 1
            }
        }
        guard row == rowCount else { throw wrongCount("only \(row * target.columnCount + column) elements") }
    }

    private func readNested(from reader: inout JSONReader, into rows: inout RowBlock) throws {
        var row = 0
        while try reader.nextElement() {
            guard row < rowCount else { throw wrongCount("more rows") }
            var column = 0
            try reader.beginArray()
            while try reader.nextElement() {
                guard column < target.columnCount else { throw wrongCount("more elements in row \(row)") }
                try readCell(from: &reader, into: &rows, row: row, column: column)
                column += 1
            }
            guard column == target.columnCount else {
                throw wrongCount("only \(column) elements in row \(row)")
            }
            row += 1
        }
        guard row == rowCount else { throw wrongCount("only \(row) rows") }
    }

    @inline(__always)
    private func readCell(
        from reader: inout JSONReader, into rows: inout RowBlock, row: Int, column: Int
    ) throws {
        try cells.read(
            from: &reader, into: &rows, row: row, column: target.firstColumn + column,
            isCategorical: target.isCategorical)
    }

    private func wrongCount(_ given: String) -> PredictError {
        .wrongElementCount(input: name, expected: rowCount * target.columnCount, given: given)
    }
}
