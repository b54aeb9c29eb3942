// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Tabular

/// A table together with the file that it came from.
package struct LoadedTable: Sendable {
    package var table: Table
    package var path: String
    package var byteCount: Int
    /// Of the file's bytes, 64 lower-case hexadecimal digits.
    package var sha256: String
}

/// Reads a CSV file into a table, deciding for each column whether it is numeric or categorical.
///
/// Two passes over the file, so that no text is held: the first finds the columns' kinds (a column is numeric
/// when every value that is present is a number) and hashes the file, the second stores the values.
package struct TableLoader {
    package var csv = CSVOptions()
    /// Columns left out of the table.
    package var ignored: Set<String> = []
    /// Columns that are categorical even if all their values are numbers.
    package var categorical: Set<String> = []
    /// More distinct texts than this look like an identifier, not like a feature.
    package var categoryCountMax = 1_000

    package init() {}

    /// Reads the file; `progress` hears after each chunk how many bytes both passes together have read.
    package func load(
        _ path: String, progress: (_ bytesRead: Int) -> Void = { _ in }
    ) throws(IngestError) -> LoadedTable {
        var file = try DataFile(opening: path)
        let plan = try inferSchema(&file, progress)
        file.rewind()
        let table = try readValues(&file, plan, progress)
        return LoadedTable(table: table, path: path, byteCount: plan.byteCount, sha256: plan.sha256)
    }

    /// What the first pass finds out.
    private struct Plan {
        var names: [String]
        var kinds: [SchemaInference.Kind?]
        var rowCount: Int
        var byteCount: Int
        var sha256: String
    }

    private func inferSchema(_ file: inout DataFile, _ progress: (Int) -> Void) throws(IngestError) -> Plan {
        var buffer = ByteBuffer(capacity: 1 << 18)
        var reader = CSVReader(csv)
        var digest = SHA256()
        var byteCount = 0
        var inference: SchemaInference?
        while try file.read(into: &buffer) {
            digest.update(buffer.bytes)
            byteCount += buffer.count
            var offset = 0
            while try nextRow(of: &reader, in: buffer.bytes, from: &offset, file.path) {
                if inference == nil { inference = try start(reader, file.path) }
                inference?.refine(reader)
            }
            progress(byteCount)
        }
        if try finish(&reader, file.path) {
            if inference == nil { inference = try start(reader, file.path) }
            inference?.refine(reader)
        }
        guard let inference else { throw .noRows(path: file.path) }
        return Plan(
            names: reader.header?.names ?? [], kinds: inference.kinds, rowCount: reader.rowCount,
            byteCount: byteCount, sha256: digest.finish().hexadecimal)
    }

    private func readValues(
        _ file: inout DataFile, _ plan: Plan, _ progress: (Int) -> Void
    ) throws(IngestError) -> Table {
        var buffer = ByteBuffer(capacity: 1 << 18)
        var reader = CSVReader(csv)
        var digest = SHA256()
        var byteCount = plan.byteCount
        var builder = TableBuilder(
            path: file.path, names: plan.names, kinds: plan.kinds, csv: csv,
            categoryCountMax: categoryCountMax)
        while try file.read(into: &buffer) {
            digest.update(buffer.bytes)
            byteCount += buffer.count
            var offset = 0
            while try nextRow(of: &reader, in: buffer.bytes, from: &offset, file.path) {
                try builder.append(reader)
            }
            progress(byteCount)
        }
        if try finish(&reader, file.path) { try builder.append(reader) }
        // Training on other bytes than those whose digest is recorded would make the record a lie.
        guard digest.finish().hexadecimal == plan.sha256 else { throw .changedWhileReading(path: file.path) }
        return builder.build()
    }

    /// The header is complete: every column that the caller names must be in it.
    private func start(_ reader: borrowing CSVReader, _ path: String) throws(IngestError) -> SchemaInference {
        let names = reader.header?.names ?? []
        for name in (ignored.union(categorical)).sorted() where !names.contains(name) {
            throw .unknownColumn(path: path, column: name, known: names)
        }
        return SchemaInference(names: names, ignored: ignored, categorical: categorical, csv: csv)
    }

    private func nextRow(
        of reader: inout CSVReader, in chunk: Span<UInt8>, from offset: inout Int, _ path: String
    ) throws(IngestError) -> Bool {
        do { return try reader.nextRow(in: chunk, from: &offset) } catch { throw .csv(path: path, error) }
    }

    private func finish(_ reader: inout CSVReader, _ path: String) throws(IngestError) -> Bool {
        do { return try reader.finish() } catch { throw .csv(path: path, error) }
    }
}
