// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a CSV file, and where: lines and columns count from 1, the header being line 1.
package struct CSVError: Error, Equatable, CustomStringConvertible {
    package var line: Int
    /// The field of the line; nil when the line as a whole is meant.
    package var column: Int?
    /// The header's name of that column, where it is known.
    package var name: String?
    package var reason: Reason

    package init(line: Int, column: Int? = nil, name: String? = nil, reason: Reason) {
        self.line = line
        self.column = column
        self.name = name
        self.reason = reason
    }

    package enum Reason: Equatable, Sendable {
        case quoteInsideField
        case textAfterQuote
        case quoteNotClosed
        case bareCarriageReturn
        case notText
        case notUTF8
        case fieldTooLong(limit: Int)
        case recordTooLong(limit: Int)
        case tooManyColumns(limit: Int)
        case tooManyRows(limit: Int)
        case raggedRow(fields: Int, expected: Int)
        case emptyLine
        case noHeader
        case emptyName
        case duplicateName(String, first: Int)
        case notANumber(String)
        case notADate(String)
    }

    /// A stable name for programs.
    package var code: String {
        switch reason {
        case .quoteInsideField: "csv_quote_inside_field"
        case .textAfterQuote: "csv_text_after_quote"
        case .quoteNotClosed: "csv_quote_not_closed"
        case .bareCarriageReturn: "csv_bare_carriage_return"
        case .notText: "csv_not_text"
        case .notUTF8: "csv_not_utf8"
        case .fieldTooLong: "csv_field_too_long"
        case .recordTooLong: "csv_record_too_long"
        case .tooManyColumns: "csv_too_many_columns"
        case .tooManyRows: "csv_too_many_rows"
        case .raggedRow: "csv_ragged_row"
        case .emptyLine: "csv_empty_line"
        case .noHeader: "csv_no_header"
        case .emptyName: "csv_empty_name"
        case .duplicateName: "csv_duplicate_name"
        case .notANumber: "csv_not_a_number"
        case .notADate: "csv_not_a_date"
        }
    }

    package var description: String {
        var place = "line \(line)"
        if let column { place += ", column \(column)" }
        if let name { place += " (\(name))" }
        return "\(place): \(explanation)"
    }

    /// What is wrong, without the place.
    package var explanation: String {
        switch reason {
        case .quoteInsideField:
            "a quote inside an unquoted field; put the whole field in quotes and double the quotes in it"
        case .textAfterQuote:
            "text after the closing quote; a quote inside a quoted field must be doubled"
        case .quoteNotClosed: "the quote that opens here is never closed"
        case .bareCarriageReturn: "a carriage return without a line feed; lines end with LF or CR LF"
        case .notText: "a zero byte; this is not a text file"
        case .notUTF8: "the text is not UTF-8; convert the file, for instance with iconv"
        case .fieldTooLong(let limit): "the field is longer than \(limit) bytes; is a quote not closed?"
        case .recordTooLong(let limit): "the line is longer than \(limit) bytes; is a quote not closed?"
        case .tooManyColumns(let limit): "more than \(limit) columns"
        case .tooManyRows(let limit): "more than \(limit) rows"
        case .raggedRow(let fields, let expected):
            "\(fields) field\(fields == 1 ? "" : "s") where the header has \(expected)"
        case .emptyLine: "an empty line between rows; remove it"
        case .noHeader: "the file is empty; the first line must name the columns"
        case .emptyName: "the column has no name; give it one in the header"
        case .duplicateName(let name, let first):
            "the name \"\(name)\" is already that of column \(first); names must differ"
        case .notANumber(let text): "\"\(text)\" is not a number"
        case .notADate(let text): "\"\(text)\" is not a date such as 2024-05-31 or 2024-05-31T07:45:30Z"
        }
    }
}
