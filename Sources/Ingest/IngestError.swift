// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Why data could not be brought in.
package enum IngestError: Error, Equatable, CustomStringConvertible {
    case system(SystemError)
    case csv(path: String, CSVError)
    /// A pipe is read once and kept; this is how much is kept.
    case pipeTooLong(path: String, limit: Int)
    case notAFile(path: String)
    /// `hasHeader`: of CSV, there is nothing but the names.
    case noRows(path: String, hasHeader: Bool)
    case tooManyCategories(path: String, column: String, limit: Int, example: String)
    case changedWhileReading(path: String)
    case unknownColumn(path: String, column: String, known: [String])
    /// A value that cannot be used.
    case cell(path: String, line: Int, column: String, reason: String)
    /// A file whose columns are not those of the first.
    case otherColumns(path: String, missing: [String], extra: [String], first: String)
    case compressed(path: String, reason: String)
    /// A schema file that cannot be read; the reason begins with its place.
    case schema(path: String, reason: String)
    /// The data is not what the schema says.
    case anomalies(path: String, schema: String, [SchemaAnomaly])
    case tooManyBadRows(path: String, count: Int, total: Int, first: BadRow)
    case noFiles(pattern: String)
    case query(reason: String)

    /// A stable name for programs.
    package var code: String {
        switch self {
        case .system: "system_error"
        case .csv(_, let error): error.code
        case .pipeTooLong: "pipe_too_long"
        case .notAFile: "not_a_file"
        case .noRows: "no_rows"
        case .tooManyCategories: "too_many_categories"
        case .changedWhileReading: "changed_while_reading"
        case .unknownColumn: "unknown_column"
        case .cell: "bad_value"
        case .otherColumns: "other_columns"
        case .compressed: "compressed"
        case .schema: "schema_file"
        case .anomalies: "schema_anomalies"
        case .tooManyBadRows: "too_many_bad_rows"
        case .noFiles: "no_files"
        case .query: "query"
        }
    }

    package var description: String {
        switch self {
        case .system(let error): error.description
        case .csv(let path, let error): "\(path), \(error)"
        case .pipeTooLong(let path, let limit):
            "\(path): more than \(limit) bytes came from a pipe; save them to a file first"
        case .notAFile(let path): "\(path): neither a file nor a pipe"
        case .noRows(let path, let hasHeader):
            "\(path): " + (hasHeader ? "only a header; add rows below it" : "there is no row in it")
        case .tooManyCategories(let path, let column, let limit, let example):
            "\(path), column \"\(column)\": more than \(limit) distinct texts, for instance \"\(example)\"; "
                + "it looks like an identifier or free text: leave it out with --ignore \(quoted(column)), "
                + "read its words with --text, or raise --max-categories"
        case .cell(let path, let line, let column, let reason):
            "\(path), line \(line)" + (column.isEmpty ? "" : ", column \"\(column)\"") + ": \(reason)"
        case .otherColumns(let path, let missing, let extra, let first):
            "\(path): other columns than \(first)"
                + (missing.isEmpty ? "" : "; it lacks \(listed(missing))")
                + (extra.isEmpty ? "" : "; it has \(listed(extra)) besides")
        case .compressed(let path, let reason): "\(path): cannot be decompressed: \(reason)"
        case .schema(let path, let reason): "\(path):\(reason)"
        case .anomalies(let path, let schema, let anomalies):
            "\(path) is not what \(schema) says (-); it has (+):\n"
                + anomalies.prefix(50).flatMap(\.diff).joined(separator: "\n")
                + (anomalies.count > 50 ? "\nand \(anomalies.count - 50) more" : "")
        case .tooManyBadRows(let path, let count, let total, let first):
            "\(path): \(count) of \(total) rows are bad, more than --max-bad-rows allows; the first is line "
                + "\(first.line): \(first.reason)"
        case .noFiles(let pattern): "no file is named like \"\(pattern)\""
        case .query(let reason): reason
        case .changedWhileReading(let path): "\(path): changed while it was read; try again"
        case .unknownColumn(let path, let column, let known):
            "\(path): no column \"\(column)\"; there are \(listed(known))"
        }
    }

    private func quoted(_ name: String) -> String { name.contains(" ") ? "'\(name)'" : name }

    private func listed(_ names: [String]) -> String {
        let shown = names.prefix(20).joined(separator: ", ")
        return names.count > 20 ? "\(shown) and \(names.count - 20) more" : shown
    }
}
