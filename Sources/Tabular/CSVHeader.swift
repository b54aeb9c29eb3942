// SPDX-License-Identifier: Apache-2.0
import Base

/// The names of a CSV file's columns: none empty, none twice.
package struct CSVHeader: Sendable, Equatable {
    package let names: [String]

    /// Reads the names from the record that `parser` holds; spaces around a name are not part of it.
    package init(_ parser: borrowing CSVParser) throws(CSVError) {
        var names: [String] = []
        var columns: [String: Int] = [:]
        if parser.isEmptyLine { throw CSVError(line: parser.recordLine, reason: .noHeader) }
        for index in 0..<parser.fieldCount {
            let place = (line: parser.recordLine, column: index + 1)
            guard let name = String(validating: trimmed(parser.field(index))) else {
                throw CSVError(line: place.line, column: place.column, reason: .notUTF8)
            }
            guard !name.isEmpty else {
                throw CSVError(line: place.line, column: place.column, reason: .emptyName)
            }
            if let first = columns.updateValue(index + 1, forKey: name) {
                throw CSVError(
                    line: place.line, column: place.column, reason: .duplicateName(name, first: first))
            }
            names.append(name)
        }
        self.names = names
    }
}
