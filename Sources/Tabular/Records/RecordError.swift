// SPDX-License-Identifier: Apache-2.0
import Base

/// Why one record (a row of CSV, a line of JSON Lines) cannot be used, and where.
package struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Of the file, from 1; for CSV the header is line 1.
    package var line: Int
    /// CSV: the field of the line, from 1. JSON: the character of the line, from 1. Nil: the whole record.
    package var column: Int?
    /// The feature or column that is meant.
    package var name: String?
    /// A stable name for programs.
    package var code: String
    /// What is wrong, in words.
    package var reason: String

    package init(line: Int, column: Int? = nil, name: String? = nil, code: String, reason: String) {
        self.line = line
        self.column = column
        self.name = name
        self.code = code
        self.reason = reason
    }

    package init(_ error: CSVError) {
        self.init(
            line: error.line, column: error.column, name: error.name, code: error.code,
            reason: error.explanation)
    }

    package var description: String {
        var place = "line \(line)"
        if let column { place += ", column \(column)" }
        if let name { place += " (\(name))" }
        return "\(place): \(reason)"
    }
}
