// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Decides a column's kind from the cells seen so far: numeric until a value is present that is not a number.
struct SchemaInference {
    enum Kind {
        case numeric, categorical
    }

    /// For each column of the file; nil when it is left out.
    private(set) var kinds: [Kind?]
    /// Whether any value has been present; a column without one has no kind to speak of.
    private(set) var hasValues: [Bool]
    private let csv: CSVOptions

    init(names: [String], ignored: Set<String>, categorical: Set<String>, csv: CSVOptions) {
        kinds = names.map { ignored.contains($0) ? nil : categorical.contains($0) ? .categorical : .numeric }
        hasValues = names.map { _ in false }
        self.csv = csv
    }

    /// Takes the row that `reader` holds into account.
    mutating func refine(_ reader: borrowing CSVReader) {
        for index in kinds.indices where kinds[index] == .numeric || !hasValues[index] {
            let cell = reader.field(index)
            if csv.isMissing(cell) { continue }
            hasValues[index] = true
            if kinds[index] == .numeric && parseDouble(trimmed(cell)) == nil { kinds[index] = .categorical }
        }
    }
}
