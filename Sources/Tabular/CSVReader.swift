// SPDX-License-Identifier: Apache-2.0
import Base

/// The rows of a CSV file that has a header, from chunks of any size; every row has the header's width.
///
///     while try reader.nextRow(in: chunk, from: &offset) { use(reader.field(0)) }
///     if try reader.finish() { use(reader.field(0)) }
package struct CSVReader: ~Copyable {
    private var parser: CSVParser
    private let limits: CSVOptions.Limits
    /// The first of the empty lines read last, which are allowed only if nothing follows.
    private var emptyLine: Int?

    /// Nil until the first line is complete.
    package private(set) var header: CSVHeader?
    /// Rows handed out so far.
    package private(set) var rowCount = 0

    package init(_ options: CSVOptions = CSVOptions()) {
        parser = CSVParser(options)
        limits = options.limits
    }

    @_lifetime(borrow self)
    package func field(_ index: Int) -> Span<UInt8> { parser.field(index) }

    /// The fields of the record at hand, also of one that is no row, as text; bytes that are not UTF-8 become
    /// replacement characters.
    package func cells() -> [String] { (0..<parser.fieldCount).map { String(copying: parser.field($0)) } }

    /// The line on which the row at hand starts, from 1.
    package var line: Int { parser.recordLine }

    /// The next byte begins a row, and nothing speaks against it: a caller may read a plain line itself, and
    /// says so with `countRow`.
    package var isAtRow: Bool {
        parser.isAtRecordStart && header != nil && emptyLine == nil && rowCount < limits.rowCountMax
    }

    /// The caller has read the next row itself, which was one line.
    package mutating func countRow() {
        parser.countLine()
        rowCount += 1
    }

    /// Reads on in `chunk` from `offset`; true when a row is ready, false when the chunk is used up.
    package mutating func nextRow(in chunk: Span<UInt8>, from offset: inout Int) throws(CSVError) -> Bool {
        while try parser.parse(chunk, from: &offset) {
            if try acceptRecord() { return true }
        }
        return false
    }

    /// The input has ended; true when that completes a last row.
    ///
    /// - Throws: `noHeader` when there was nothing at all.
    package mutating func finish() throws(CSVError) -> Bool {
        let isRow = try parser.finish() ? try acceptRecord() : false
        guard header != nil else { throw CSVError(line: 1, reason: .noHeader) }
        return isRow
    }

    private mutating func acceptRecord() throws(CSVError) -> Bool {
        guard let header else {
            header = try CSVHeader(parser)
            return false
        }
        if parser.isEmptyLine && header.names.count > 1 {
            emptyLine = emptyLine ?? parser.recordLine
            return false
        }
        if let emptyLine { throw CSVError(line: emptyLine, reason: .emptyLine) }
        guard parser.fieldCount == header.names.count else {
            throw CSVError(
                line: parser.recordLine,
                reason: .raggedRow(fields: parser.fieldCount, expected: header.names.count))
        }
        guard rowCount < limits.rowCountMax else {
            throw CSVError(line: parser.recordLine, reason: .tooManyRows(limit: limits.rowCountMax))
        }
        rowCount += 1
        return true
    }
}
