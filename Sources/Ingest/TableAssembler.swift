// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Puts rows of one file after the other into columns, by name; a row with something wrong is refused, or
/// left out.
struct TableAssembler {
    let settings: TableLoader
    private let promoted: Set<String>
    /// Nil for columns that are left out.
    private var builders: [ColumnBuilder?] = []
    private(set) var names: [String] = []
    private var places: [String: Int] = [:]
    /// For each column the row, from 1, that has filled it last.
    private var filled: [Int] = []
    private(set) var sources: [LoadedTable.Source] = []
    private var badRows: [BadRow] = []
    var anomalies: [SchemaAnomaly] = []
    private var rowCount = 0
    private var firstRowOfFile = 0
    /// The first thing that is wrong with the row at hand.
    private var problem: (column: Int, problem: ColumnBuilder.Problem, found: String)?
    private var hasHeader = false

    init(_ settings: TableLoader, promoted: Set<String>) {
        self.settings = settings
        self.promoted = promoted
    }

    /// Columns with values of two kinds.
    var conflicts: [String] { builders.compactMap { $0?.isConflicting == true ? $0?.name : nil } }

    // MARK: Columns

    /// The places of a file's columns; all files have the same, in any order.
    mutating func begin(header: [String], path: String) throws(IngestError) -> [Int] {
        if hasHeader {
            let missing = names.filter { !header.contains($0) }
            let extra = header.filter { places[$0] == nil }
            guard missing.isEmpty, extra.isEmpty else {
                throw .otherColumns(path: path, missing: missing, extra: extra, first: sources[0].path)
            }
        } else {
            for name in header { add(name) }
            hasHeader = true
            try checkNames(path)
        }
        return header.map { places[$0] ?? 0 }
    }

    /// The place of a column that has come up; nil for another.
    func knownPlace(of name: String) -> Int? { places[name] }

    /// The place of a column that may come up in any row.
    mutating func place(of name: String) -> Int {
        if let place = places[name] { return place }
        add(name)
        return names.count - 1
    }

    private mutating func add(_ name: String) {
        let rule = settings.schema?.schema[name]
        places[name] = names.count
        names.append(name)
        filled.append(0)
        if settings.schema != nil && rule == nil {
            if settings.schema?.schema.ignoresOthers == false && !settings.ignored.contains(name) {
                anomalies.append(
                    SchemaAnomaly(
                        column: name, kind: .newColumn, expected: "", found: "a column that the schema lacks")
                )
            }
            return builders.append(nil)
        }
        if settings.ignored.contains(name) || rule?.type == .ignored { return builders.append(nil) }
        builders.append(
            ColumnBuilder(
                name: name, kind: kind(name, rule), rule: rule, missingCount: rowCount,
                categoryCountMax: settings.identifiers.contains(name) ? .max : settings.categoryCountMax))
    }

    private func kind(_ name: String, _ rule: TableSchema.ColumnRule?) -> ColumnBuilder.Kind? {
        if settings.text.contains(name) { return .text }
        if settings.categorical.contains(name) || promoted.contains(name) { return .category }
        return switch rule?.type {
        case .number: .number
        case .date: .date
        case .category, .boolean: .category
        case .text: .text
        case .ignored, nil: nil
        }
    }

    /// Every column that the caller names must be there.
    private func checkNames(_ path: String) throws(IngestError) {
        let wanted = settings.ignored.union(settings.categorical).union(settings.text)
        for name in wanted.sorted() where places[name] == nil {
            throw .unknownColumn(path: path, column: name, known: names)
        }
    }

    // MARK: Rows

    /// Adds a value to the row at hand.
    ///
    /// - Parameter isText: a text that is no number, whatever it looks like.
    mutating func append(_ cell: Span<UInt8>, to column: Int, isText: Bool = false) {
        filled[column] = rowCount + 1
        if let found = builders[column]?.append(cell, isText: isText), problem == nil {
            problem = (column, found, String(copying: cell.extracting(0..<min(cell.count, 60))))
        }
    }

    /// Adds a number to a column of such; false, and nothing is done, for anything else.
    @inline(__always)
    mutating func appendNumber(_ cell: Span<UInt8>, to column: Int) -> Bool {
        guard builders[column]?.appendNumber(cell) == true else { return false }
        filled[column] = rowCount + 1
        return true
    }

    /// Adds a number, NaN where it is missing, to a column that `reading` named one of numbers.
    @inline(__always)
    mutating func append(_ value: Double, to column: Int) {
        filled[column] = rowCount + 1
        builders[column]?.append(value)
    }

    /// Adds rows of numbers and known categories.
    ///
    /// - Parameters:
    ///   - numbers: row by row, `width` each; NaN where one is missing.
    ///   - codes: likewise the codes of categories.
    ///   - places: of their columns; all others have got missing values for these rows. Those that are left
    ///     out are passed over.
    mutating func append(
        _ numbers: [Double], _ codes: [Int32], width: Int, rowCount: Int, to places: [Int]
    ) {
        for column in places.indices {
            builders[places[column]]?.append(numbers, codes, from: column, step: width, count: rowCount)
        }
        self.rowCount += rowCount
    }

    /// About so many rows are coming.
    mutating func reserve(rows: Int) {
        // More is not believed before it comes: a column would ask for more than a GiB.
        let count = min(rows, 1 << 27)
        for column in builders.indices { builders[column]?.reserve(rows: count) }
    }

    /// How the cells of a column that come next may be read.
    func reading(of column: Int) -> PlainLine.Reading {
        builders[column]?.reading ?? .skipped
    }

    /// The code of the category that the row at hand has in the column; nil when it has none.
    func lastCode(_ column: Int) -> Int32? { builders[column]?.lastCode }

    mutating func appendMissing(_ column: Int) {
        filled[column] = rowCount + 1
        builders[column]?.appendMissing()
    }

    /// The column is missing in the next rows, which `append` is about to add.
    mutating func appendMissing(_ column: Int, count: Int) {
        for _ in 0..<count { builders[column]?.appendMissing() }
    }

    /// Something is wrong with the row at hand.
    var hasProblem: Bool { problem != nil }

    /// The row at hand is complete; columns that it did not name are missing in it.
    ///
    /// - Parameter cells: what the row was, called only for a bad one.
    mutating func endRow(path: String, line: Int, cells: () -> [String]) throws(IngestError) {
        for column in builders.indices where filled[column] != rowCount + 1 {
            builders[column]?.appendMissing()
        }
        rowCount += 1
        guard let (column, problem, found) = problem else { return }
        self.problem = nil
        let reason = try explain(problem, column, found, path, line)
        if settings.schema != nil { note(problem, column, found, line) }
        for index in builders.indices {
            builders[index]?.removeLast()
            // The row that comes next has its number.
            filled[index] = 0
        }
        rowCount -= 1
        badRows.append(
            BadRow(
                path: path, line: line, column: names[column], code: code(problem), reason: reason,
                cells: cells()))
    }

    /// Leaves out a row that is none: nothing of it was appended.
    mutating func reject(_ row: BadRow, _ error: IngestError) throws(IngestError) {
        guard settings.badRowPartMax != nil else { throw error }
        badRows.append(row)
    }

    // MARK: End

    mutating func endFile(_ path: String, byteCount: Int, sha256: String) {
        sources.append(
            LoadedTable.Source(
                path: path, byteCount: byteCount, sha256: sha256, rowCount: rowCount - firstRowOfFile))
        firstRowOfFile = rowCount
    }

    consuming func finish() throws(IngestError) -> LoadedTable {
        let path = sources.count == 1 ? sources[0].path : "\(sources.count) files"
        try checkNames(path)
        let total = rowCount + badRows.count
        guard total > 0 else { throw .noRows(path: path, hasHeader: hasHeader) }
        var kept: [String] = []
        var columns: [Column] = []
        for builder in builders {
            guard let builder else { continue }
            kept.append(builder.name)
            columns.append(builder.build())
        }
        let table = Table(names: kept, columns: columns)
        if let (schemaPath, schema) = settings.schema {
            var found = anomalies + schema.check(table, names: names, rowCount: rowCount)
            found = found.filter { !$0.kind.isOfRows } + found.filter(\.kind.isOfRows)
            let fatal =
                found.contains { !$0.kind.isOfRows } || settings.badRowPartMax == nil && !found.isEmpty
            if fatal { throw .anomalies(path: path, schema: schemaPath, found) }
            anomalies = found
        }
        if let limit = settings.badRowPartMax, Double(badRows.count) > limit * Double(total) {
            throw .tooManyBadRows(
                path: path, count: badRows.count, total: total, first: badRows[0])
        }
        if let bad = badRows.first, settings.badRowPartMax == nil {
            throw .cell(path: bad.path, line: bad.line, column: bad.column ?? "", reason: bad.reason)
        }
        guard rowCount > 0 else { throw .noRows(path: path, hasHeader: hasHeader) }
        return LoadedTable(table: table, sources: sources, badRows: badRows, anomalies: anomalies)
    }
}
