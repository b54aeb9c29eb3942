// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// A table together with the files that it came from.
package struct LoadedTable: Sendable {
    package struct Source: Sendable, Equatable {
        package var path: String
        package var byteCount: Int
        /// Of the file's bytes, 64 lower-case hexadecimal digits.
        package var sha256: String
        /// Rows of the table that are its.
        package var rowCount: Int
    }

    package var table: Table
    /// One a file, in the order of the rows.
    package var sources: [Source]
    /// Rows that were left out.
    package var badRows: [BadRow]
    /// How the table differs from its schema, where rows were left out for it.
    package var anomalies: [SchemaAnomaly]

    /// The file, or how many there are.
    package var path: String { sources.count == 1 ? sources[0].path : "\(sources.count) files" }
    package var byteCount: Int { sources.reduce(0) { $0 + $1.byteCount } }
    /// Of the file; of several, of their digests' text one after the other.
    package var sha256: String {
        sources.count == 1 ? sources[0].sha256 : DataDigest.of(sources.map(\.sha256))
    }
}

/// Reads files into a table, deciding for each column whether it holds numbers, dates or categories.
///
/// One pass over the files: a column is what its first value is. Where a later value is something else, the
/// column is one of categories, and a second pass collects those. What is read twice has the same digest both
/// times, or is refused.
package struct TableLoader {
    package var csv = CSVOptions()
    /// Nil: by each file's name.
    package var format: DataFormat?
    /// Columns left out of the table.
    package var ignored: Set<String> = []
    /// Columns that are categorical even if all their values are numbers.
    package var categorical: Set<String> = []
    /// Columns of free text.
    package var text: Set<String> = []
    /// More distinct texts than this look like an identifier, not like a feature.
    package var categoryCountMax = 1_000
    /// Columns that may have any number of distinct texts, since no model reads them.
    package var identifiers: Set<String> = []
    /// What the table must look like, and what the file with that is called.
    package var schema: (path: String, schema: TableSchema)?
    /// Bad rows are left out, up to this part of all; nil: the first one is an error.
    package var badRowPartMax: Double?

    package init() {}

    /// Reads the files, whose rows follow each other; `progress` hears after each chunk how many bytes have
    /// been read.
    package func load(
        _ path: String, progress: (_ bytesRead: Int) -> Void = { _ in }
    ) throws(IngestError) -> LoadedTable {
        try load([path], progress: progress)
    }

    /// Likewise several files, the rows of one behind those of another.
    package func load(
        _ paths: [String], progress: (_ bytesRead: Int) -> Void = { _ in }
    ) throws(IngestError) -> LoadedTable {
        try load(paths.map { DataSource($0, format: format) }, progress)
    }

    /// Reads the rows that a statement of SQL gives.
    ///
    /// - Throws: `query` when DuckDB's command-line tool is not installed, or says what is wrong.
    package func load(query statement: String) throws(IngestError) -> LoadedTable {
        try load([DataSource(query: statement)]) { _ in }
    }

    private func load(
        _ files: [DataSource], _ progress: (_ bytesRead: Int) -> Void
    ) throws(IngestError) -> LoadedTable {
        var assembler = try read(files, promoted: [], progress)
        let conflicts = assembler.conflicts
        if !conflicts.isEmpty {
            let first = assembler.sources
            assembler = try read(files, promoted: Set(conflicts), progress)
            // Training on other bytes than those whose digest is recorded would make the record a lie.
            for (before, after) in zip(first, assembler.sources) where before.sha256 != after.sha256 {
                throw .changedWhileReading(path: after.path)
            }
        }
        return try assembler.finish()
    }

    /// One pass over all files.
    ///
    /// - Parameter promoted: columns that are categorical because values of two kinds were seen.
    private func read(
        _ files: [DataSource], promoted: Set<String>, _ progress: (Int) -> Void
    ) throws(IngestError) -> TableAssembler {
        var assembler = TableAssembler(self, promoted: promoted)
        var before = 0
        for file in files {
            var stream = try file.stream()
            switch file.format {
            case .csv, .parquet:
                var rows = CSVSource(file.isAnswer ? csv.ofAnswers : csv, path: file.path)
                try rows.read(&stream, into: &assembler) { progress(before + $0) }
            case .jsonLines:
                var rows = JSONLinesSource(path: file.path)
                try rows.read(&stream, into: &assembler) { progress(before + $0) }
            }
            let (sha256, byteCount) = file.facts(stream.finish())
            before += byteCount
            assembler.endFile(file.path, byteCount: byteCount, sha256: sha256)
            file.close()
        }
        return assembler
    }
}
