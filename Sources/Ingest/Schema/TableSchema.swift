// SPDX-License-Identifier: Apache-2.0

/// What a table is expected to look like: docs/reference/table-schema.md. Written by a first run, edited by
/// people, enforced by later runs.
package struct TableSchema: Sendable, Equatable {
    package enum ColumnType: String, Sendable, CaseIterable {
        case number, category, boolean, date, text
        /// Left out of the table, whatever it holds.
        case ignored
    }

    package struct ColumnRule: Sendable, Equatable {
        package var name: String
        package var type: ColumnType
        /// The least part of the rows that has a value, from 0 to 1; nil: none.
        package var presence: Double?
        /// Of a number, or of a date in seconds since the start of 1970.
        package var minimum: Double?
        package var maximum: Double?
        /// The only values of a category.
        package var values: [String]?
        /// No value occurs twice.
        package var isUnique = false

        package init(name: String, type: ColumnType) {
            self.name = name
            self.type = type
        }
    }

    package var columns: [ColumnRule]
    /// Columns that the schema does not name are left out, not refused.
    package var ignoresOthers = false

    package init(columns: [ColumnRule]) { self.columns = columns }

    package subscript(name: String) -> ColumnRule? { columns.first { $0.name == name } }
}
