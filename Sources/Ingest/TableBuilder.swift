// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Collects rows into columns whose kinds are known.
struct TableBuilder {
    private enum Builder {
        case numeric([Double])
        case categorical(Column.CategoryBuilder)
        case ignored
    }

    private let path: String
    private let names: [String]
    private let csv: CSVOptions
    private let categoryCountMax: Int
    private var builders: [Builder]

    init(
        path: String, names: [String], kinds: [SchemaInference.Kind?], csv: CSVOptions, categoryCountMax: Int
    ) {
        self.path = path
        self.names = names
        self.csv = csv
        self.categoryCountMax = categoryCountMax
        builders = kinds.map { kind in
            switch kind {
            case .numeric: .numeric([])
            case .categorical: .categorical(Column.CategoryBuilder())
            case nil: .ignored
            }
        }
    }

    /// Adds the row that `reader` holds.
    mutating func append(_ reader: borrowing CSVReader) throws(IngestError) {
        for index in builders.indices {
            let cell = reader.field(index)
            switch builders[index] {
            case .ignored: continue
            case .numeric(var values):
                // Emptied first, so that the array is appended to in place and not copied.
                builders[index] = .ignored
                values.append(try number(cell, reader, index))
                builders[index] = .numeric(values)
            case .categorical(var categories):
                builders[index] = .ignored
                try append(cell, to: &categories, reader, index)
                builders[index] = .categorical(categories)
            }
        }
    }

    consuming func build() -> Table {
        var kept: [String] = []
        var columns: [Column] = []
        for (name, builder) in zip(names, builders) {
            switch builder {
            case .ignored: continue
            case .numeric(let values): columns.append(.numeric(values))
            case .categorical(let categories): columns.append(categories.build())
            }
            kept.append(name)
        }
        return Table(names: kept, columns: columns)
    }

    private func number(
        _ cell: Span<UInt8>, _ reader: borrowing CSVReader, _ index: Int
    ) throws(IngestError) -> Double {
        if let value = parseDouble(trimmed(cell)) { return value }
        if csv.isMissing(cell) { return .nan }
        // The first pass saw only numbers here.
        throw .changedWhileReading(path: path)
    }

    private func append(
        _ cell: Span<UInt8>, to categories: inout Column.CategoryBuilder, _ reader: borrowing CSVReader,
        _ index: Int
    ) throws(IngestError) {
        if csv.isMissing(cell) { return categories.appendMissing() }
        guard let name = String(validating: cell) else {
            throw .csv(path: path, reader.error(column: index, .notUTF8))
        }
        categories.append(name)
        if categories.categoryCount > categoryCountMax {
            throw .tooManyCategories(
                path: path, column: names[index], limit: categoryCountMax, example: name)
        }
    }
}
