// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Glibc
import Ingest
import ModelFormat
import Tabular
import Training

/// One `modeltrain prepare`, from the files to a directory that is there whole or not at all.
struct PreparationRun {
    private let options: PrepareCommand
    private let reporter: Reporter
    private let started = MonotonicInstant.now

    private struct File {
        var name: String
        var rowCount: Int
        var byteCount: Int
        var sha256: String
    }

    init(_ options: PrepareCommand) {
        self.options = options
        reporter = Reporter(options.progress)
    }

    func run() throws(AppError) {
        // Safe because the name lives as a C string through the call.
        guard unsafe access(options.output, F_OK) != 0 else {
            throw AppError(.usage, "\(options.output) is there already; name a directory that is not")
        }
        var recipe = PreparationRecipe()
        if let path = options.table.preprocess { recipe = try RecipeReader.read(path) }
        var run = DataRun(paths: options.data, options: options.table, reporter: reporter)
        run.identifiers = options.split.groupColumn.map { [$0] } ?? []
        let data = try run.load()
        let fitted = try fit(recipe, data)
        report(fitted, data, try write(fitted, data))
    }

    /// The table behind the steps.
    private struct Fitted {
        var prepared: PreparedTable
        var target: Target
        var split: Split

        /// The parts that have rows.
        var parts: [(name: String, rows: [Int])] {
            [("train", split.train), ("validation", split.validation), ("test", split.test)].filter {
                !$0.rows.isEmpty
            }
        }
    }

    private func fit(_ recipe: PreparationRecipe, _ data: LoadedTable) throws(AppError) -> Fitted {
        do throws(TrainingError) {
            let target = try Target(options.target, in: data.table, task: options.task)
            let split = try Split(options.split.rule, table: data.table, target: target)
            let trainer = try ModelTrainer(
                data.table, target: target, split: split, excluding: Set(options.split.columns))
            guard let schema = data.table.schema(of: trainer.features, rows: split.train) else {
                throw .noFeatures
            }
            let prepared = try recipe.fit(
                data.table, schema: schema, target: target, split: split, seed: options.split.seed)
            return Fitted(prepared: prepared, target: target, split: split)
        } catch {
            throw AppError(error)
        }
    }

    private func report(_ fitted: Fitted, _ data: LoadedTable, _ files: [File]) {
        for part in fitted.parts { reporter.say("  \(pad(part.name, 12))\(counted(part.rows.count, "row"))") }
        let columnCount = fitted.prepared.schema.count
        reporter.say("written    \(options.output), \(counted(columnCount, "column")) and the target")
        var line = JSONLine(event: "prepared")
        line.add("path", options.output)
        line.add("columns", columnCount)
        line.add("files", files.map(\.name))
        reporter.emit(line.finish())
        var summary = JSONLine(event: "summary")
        summary.add("output", options.output)
        summary.add("columns", columnCount)
        summary.add("rows", fitted.parts.reduce(0) { $0 + $1.rows.count })
        summary.add("bad_rows", data.badRows.count)
        summary.add("files", files.count)
        summary.add("bytes", files.reduce(0) { $0 + $1.byteCount })
        summary.add("seconds", Double(MonotonicInstant.now.nanoseconds(since: started)) / 1e9)
        reporter.finish(summary.finish(), isWanted: options.json)
    }

    /// Removes what a run that was killed left beside `path`: its process is no more.
    private func removeLeftovers(in folder: Substring, of name: Substring) {
        let prefix = ".\(name)."
        let names = (try? Directory.names(in: folder.isEmpty ? "." : String(folder))) ?? []
        for case let entry? in names where entry.hasPrefix(prefix) && entry.hasSuffix(".partial") {
            guard let process = pid_t(entry.dropFirst(prefix.count).dropLast(".partial".count)),
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
            try? DirectoryTree.remove("\(folder)\(entry)")
        }
    }

    /// Everything is written beside its place, and renamed when it is whole.
    private func write(_ fitted: Fitted, _ data: LoadedTable) throws(AppError) -> [File] {
        let path = options.output.hasSuffix("/") ? String(options.output.dropLast()) : options.output
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let hidden = "\(path[..<slash]).\(path[slash...]).\(getpid()).partial"
        removeLeftovers(in: path[..<slash], of: path[slash...])
        do throws(SystemError) {
            try Directory.make(hidden)
            var files: [File] = []
            for (part, rows) in fitted.parts {
                try Directory.make("\(hidden)/\(part)")
                var first = 0
                while first < rows.count {
                    let end = min(first + options.partitionRows, rows.count)
                    let number = String(first / options.partitionRows)
                    let digits = String(repeating: "0", count: max(0, 5 - number.count)) + number
                    let name = "\(part)/part-\(digits).csv"
                    let text = csv(fitted.prepared, fitted.target, rows[first..<end])
                    try AtomicFile.write(text.span, to: "\(hidden)/\(name)")
                    files.append(
                        File(
                            name: name, rowCount: end - first, byteCount: text.count,
                            sha256: DataDigest.of(bytes: text.span)))
                    first = end
                }
            }
            let manifest = manifest(fitted.prepared, fitted.target, data, files)
            try AtomicFile.write(manifest.utf8Span.span, to: "\(hidden)/manifest.json")
            // Safe because both names live as C strings through the call.
            guard unsafe rename(hidden, path) == 0 else { throw SystemError("rename", on: path) }
            return files
        } catch {
            try? DirectoryTree.remove(hidden)
            throw AppError(writing: error)
        }
    }

    private func csv(_ prepared: PreparedTable, _ target: Target, _ rows: ArraySlice<Int>) -> [UInt8] {
        var writer = CSVWriter()
        for feature in prepared.schema.features { writer.write(feature.name) }
        writer.write(target.name)
        writer.endLine()
        for row in rows {
            for (place, feature) in prepared.schema.features.enumerated() {
                switch (prepared.table.columns[place], feature.kind) {
                case (.categorical(let codes, let names), .categorical(let categories)):
                    let code = Int(codes[row])
                    // A name that training rows lack is not known behind the steps.
                    writer.write(code < 0 || code >= categories.count ? "" : names[code])
                case (.numeric(let values), _), (.date(let values), _): writer.write(values[row])
                default: writer.write("")
                }
            }
            if target.task == .classification {
                writer.write(target.label(Int(target.values[row])))
            } else {
                writer.write(target.values[row])
            }
            writer.endLine()
        }
        let bytes = writer.buffer.bytes
        return bytes.indices.map { bytes[$0] }
    }

    private func manifest(
        _ prepared: PreparedTable, _ target: Target, _ data: LoadedTable, _ files: [File]
    ) -> String {
        func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        let columns = prepared.schema.features.map { feature in
            var members: [(String, JSONValue)] = [
                ("name", .string(feature.name)), ("kind", .string(feature.kind.name)),
            ]
            if case .categorical(let categories) = feature.kind {
                members.append(("categories", .array(categories.map { .string($0) })))
            }
            return JSONValue.record(members)
        }
        let stages = prepared.stages.compactMap { stage -> JSONValue? in
            guard case .columns(let columnStage) = stage else { return nil }
            return .record([
                ("inputs", .array(columnStage.inputs.map { .string($0) })),
                ("outputs", .array(columnStage.outputs.map { .string($0) })),
            ])
        }
        let sources = data.sources.map { source in
            JSONValue.record([
                ("name", .string(String(source.path.split(separator: "/").last ?? "-"))),
                ("bytes", number(source.byteCount)), ("sha256", .string(source.sha256)),
                ("rows", number(source.rowCount)),
            ])
        }
        let written = files.map { file in
            JSONValue.record([
                ("name", .string(file.name)), ("rows", number(file.rowCount)),
                ("bytes", number(file.byteCount)),
                ("sha256", .string(file.sha256)),
            ])
        }
        let document = JSONValue.record([
            ("producer", .string("modeltrain \(ModelTrain.version)")), ("target", .string(target.name)),
            ("task", .string(target.task.rawValue)), ("split", .string(options.split.description)),
            ("columns", .array(columns)), ("stages", .array(stages)), ("sources", .array(sources)),
            ("bad_rows", number(data.badRows.count)), ("files", .array(written)),
        ])
        var buffer = ByteBuffer()
        document.write(into: &buffer)
        buffer.append(UInt8(ascii: "\n"))
        return String(copying: buffer.bytes)
    }
}
