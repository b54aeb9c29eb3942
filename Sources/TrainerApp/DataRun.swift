// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Ingest
import Tabular

/// From what the user names to a table: files, patterns, standard input or a query; the schema enforced or
/// written, bad rows set aside.
struct DataRun {
    let paths: [String]
    let options: TableOptions
    /// Columns that no model reads.
    var identifiers: [String] = []
    /// The column to be predicted, where there is one.
    var target: String?
    let reporter: Reporter

    func load() throws(AppError) -> LoadedTable {
        var loader = TableLoader()
        loader.csv.delimiter = options.delimiterByte ?? UInt8(ascii: ",")
        if !options.missing.isEmpty { loader.csv.missingTokens = [""] + options.missing }
        loader.format = options.format
        loader.ignored = Set(options.ignore)
        loader.categorical = Set(options.categorical)
        loader.text = Set(options.text)
        loader.identifiers = Set(identifiers)
        loader.categoryCountMax = options.maxCategories
        if options.quarantine != nil { loader.badRowPartMax = options.maxBadRows ?? 0.05 }
        let schema = try schema()
        loader.schema = schema
        let data = try read(loader)
        try report(data)
        if let path = options.quarantine { try quarantine(data, path) }
        if let path = options.schema, schema == nil { try writeSchema(data.table, path) }
        return data
    }

    private func read(_ loader: TableLoader) throws(AppError) -> LoadedTable {
        do throws(IngestError) {
            if let query = options.query { return try loader.load(query: query) }
            var files: [String] = []
            for path in paths { files += try FilePattern.files(path) }
            return try loader.load(files) { reporter.reading($0, of: nil) }
        } catch {
            if case .tooManyCategories(let path, target, let limit, let example) = error {
                throw AppError(
                    .data,
                    "\(path): the target \"\(target ?? "")\" has more than \(limit) distinct texts, for "
                        + "instance \"\(example)\"; so many classes are not told apart: name another "
                        + "--target, or raise --max-categories")
            }
            throw AppError(error)
        }
    }

    private func schema() throws(AppError) -> (path: String, schema: TableSchema)? {
        // Safe because the name lives as a C string through the call.
        guard let path = options.schema, unsafe access(path, F_OK) == 0 else { return nil }
        let bytes: [UInt8]
        do { bytes = try File.read(path, limit: 1 << 20) } catch {
            throw AppError(.noInput, error.description)
        }
        do { return (path, try TableSchema(reading: bytes.span, path: path)) } catch {
            throw AppError(error)
        }
    }

    private func writeSchema(_ table: Table, _ path: String) throws(AppError) {
        let text = TableSchema(describing: table).text(remarks: TableSchema.remarks(on: table))
        do { try AtomicFile.write(text.utf8Span.span, to: path) } catch { throw AppError(writing: error) }
        reporter.say("schema     \(path) written; edit it, and later runs must fit it")
        var line = JSONLine(event: "schema_written")
        line.add("path", path)
        reporter.emit(line.finish())
    }

    private func quarantine(_ data: LoadedTable, _ path: String) throws(AppError) {
        var lines = ByteBuffer()
        for row in data.badRows { lines.append(row.json()) }
        do { try AtomicFile.write(lines.bytes, to: path) } catch { throw AppError(writing: error) }
        if data.badRows.isEmpty { return }
        reporter.say("bad rows   \(data.badRows.count), written with their reasons to \(path)")
        for anomaly in data.anomalies.prefix(20) { anomaly.diff.forEach { reporter.say("  \($0)") } }
    }

    private func report(_ data: LoadedTable) throws(AppError) {
        reporter.say(
            "\(data.path): \(counted(data.table.rowCount, "row")), "
                + "\(counted(data.table.names.count, "column")), \(data.byteCount) bytes")
        var line = JSONLine(event: "data")
        line.add("path", data.path)
        line.add("bytes", data.byteCount)
        line.add("sha256", data.sha256)
        line.add("rows", data.table.rowCount)
        line.add("columns", data.table.names.count)
        if options.quarantine != nil { line.add("bad_rows", data.badRows.count) }
        reporter.emit(line.finish())
    }
}
