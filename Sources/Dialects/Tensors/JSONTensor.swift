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

    /// The columns of the tensor are the block's, so that its elements are the block's cells in order.
    private func isWhole(_ rows: borrowing RowBlock) -> Bool {
        target.columnCount == rows.columnCount && !target.isCategorical
    }

    private func readFlat(from reader: inout JSONReader, into rows: inout RowBlock) throws {
        let width = target.columnCount
        let cellCount = rowCount * width
        let isWhole = isWhole(rows)
        var cell = isWhole ? cells.readRun(from: &reader, into: &rows, at: 0..<cellCount) : 0
        while try reader.nextElement() {
            guard cell < cellCount else { throw wrongCount("more elements") }
            try readCell(from: &reader, into: &rows, row: cell / width, column: cell % width)
            cell += 1
            if isWhole { cell += cells.readRun(from: &reader, into: &rows, at: cell..<cellCount) }
        }
        guard cell == cellCount else { throw wrongCount("only \(cell) elements") }
    }

    private func readNested(from reader: inout JSONReader, into rows: inout RowBlock) throws {
        let isWhole = isWhole(rows)
        var row = 0
        while try reader.nextElement() {
            guard row < rowCount else { throw wrongCount("more rows") }
            try reader.beginArray()
            try readRow(row, isWhole: isWhole, from: &reader, into: &rows)
            row += 1
        }
        guard row == rowCount else { throw wrongCount("only \(row) rows") }
    }

    private func readRow(
        _ row: Int, isWhole: Bool, from reader: inout JSONReader, into rows: inout RowBlock
    ) throws {
        let width = target.columnCount
        let start = row * width
        func run(from column: Int, _ reader: inout JSONReader, _ rows: inout RowBlock) -> Int {
            isWhole ? cells.readRun(from: &reader, into: &rows, at: start + column..<start + width) : 0
        }
        var column = run(from: 0, &reader, &rows)
        while try reader.nextElement() {
            guard column < width else { throw wrongCount("more elements in row \(row)", of: width) }
            try readCell(from: &reader, into: &rows, row: row, column: column)
            column += 1
            column += run(from: column, &reader, &rows)
        }
        guard column == width else { throw wrongCount("only \(column) elements in row \(row)", of: width) }
    }

    @inline(__always)
    private func readCell(
        from reader: inout JSONReader, into rows: inout RowBlock, row: Int, column: Int
    ) throws {
        try cells.read(
            from: &reader, into: &rows, row: row, column: target.firstColumn + column,
            isCategorical: target.isCategorical)
    }

    /// - Parameter expected: nil: as many as the tensor has.
    private func wrongCount(_ given: String, of expected: Int? = nil) -> PredictError {
        .wrongElementCount(
            input: name, expected: expected ?? rowCount * target.columnCount, given: given)
    }
}
