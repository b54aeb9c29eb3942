// SPDX-License-Identifier: Apache-2.0
import Tabular

/// Rows of which everything is known, numbers, dates, missing values and categories that were met before:
/// they are kept back and handed on many at a time, column by column.
struct KeptRows {
    /// Of the rows that are kept and of the one that is being read, row by row; NaN where one is missing.
    var numbers: [Double] = []
    /// The codes of categories, likewise.
    var codes: [Int32] = []
    private(set) var width = 0
    private(set) var count = 0

    /// Enough for a column's memory to be written in stretches, and few enough to stay near the processor.
    private static let countMax = 64

    /// Rows have so many columns from now on; none is kept.
    mutating func begin(width: Int) {
        precondition(count == 0, "rows of other columns are not handed on yet")
        self.width = width
        numbers = [Double](repeating: .nan, count: width * Self.countMax)
        codes = [Int32](repeating: Column.missingCode, count: width * Self.countMax)
    }

    /// Where in `numbers` and `codes` the row that is being read begins.
    var rowStart: Int { count &* width }

    /// Keeps the row that was read last.
    ///
    /// - Parameters:
    ///   - places: of its columns in the table.
    ///   - others: the table's other columns, which are missing in it.
    mutating func keep(_ places: [Int], others: [Int] = [], _ table: inout TableAssembler) {
        count += 1
        if count == Self.countMax { handOn(places, others: others, to: &table) }
    }

    /// Adds the rows that are kept to `table`.
    mutating func handOn(_ places: [Int], others: [Int] = [], to table: inout TableAssembler) {
        guard count > 0 else { return }
        for column in others { table.appendMissing(column, count: count) }
        table.append(numbers, codes, width: width, rowCount: count, to: places)
        count = 0
    }
}
