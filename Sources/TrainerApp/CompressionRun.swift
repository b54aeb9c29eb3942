// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Ingest
import ModelFormat
import Tabular
import Training

/// One `modeltrain compress` from the model and the rows to the smaller model.
struct CompressionRun {
    private let options: CompressCommand
    private let reporter: Reporter
    private let started = MonotonicInstant.now
    /// Larger files are not read.
    private static let fileBytesMax = 4 << 30

    init(_ options: CompressCommand) {
        self.options = options
        reporter = Reporter(options.progress)
    }

    func run() throws(AppError) {
        let (graph, digest) = try read()
        guard graph.output.interval == nil else {
            throw AppError(
                .usage,
                "the model promises intervals that were measured on it as it is, and a smaller one would not "
                    + "keep them; train it without --interval to compress it")
        }
        let table = try load(graph)
        let target = try target(graph, table)
        let compressor = ModelCompressor(
            table, target: target, lossGrowthMax: options.maxLoss, leavesOut: options.steps.isEmpty)
        let steps = options.steps.isEmpty ? ModelCompressor.usualSteps(graph) : options.steps
        sayHeader(target)
        var result: ModelCompressor.Result
        do {
            result = try compressor.compress(graph, steps) { report($0, target) }
        } catch {
            throw AppError(error)
        }
        result.graph.lineage.facts["compression.of"] = digest
        let bytes: [UInt8]
        do { bytes = try NativeModel.write(result.graph, isNarrow: true) } catch {
            throw AppError(.software, error.description)
        }
        do { try AtomicFile.write(bytes.span, to: options.output) } catch { throw AppError(writing: error) }
        reporter.say("written    \(options.output), \(bytes.count) bytes")
        var line = ByteBuffer()
        summary(result.measures, target, bytes.count).write(into: &line)
        reporter.finish(String(copying: line.bytes), isWanted: options.json)
    }

    private func read() throws(AppError) -> (ModelGraph, digest: String) {
        do {
            let bytes = try File.read(options.model, limit: Self.fileBytesMax)
            let name = options.model.split(separator: "/").last.map { String($0) } ?? options.model
            let graph = try ModelFile.load(
                bytes.span, fileName: name, external: ExternalTensorFiles(besides: options.model))
            var hash = SHA256()
            hash.update(bytes.span)
            return (graph, hash.finish().hexadecimal)
        } catch {
            throw AppError(.noInput, "\(options.model): \(error)")
        }
    }

    /// The rows, their columns of the kinds that the model knows.
    private func load(_ graph: ModelGraph) throws(AppError) -> Table {
        var table = options.table
        for feature in graph.schema.features {
            switch feature.kind {
            case .categorical: table.categorical.append(feature.name)
            case .text: table.text.append(feature.name)
            case .numeric, .date: break
            }
        }
        return try DataRun(paths: options.data, options: table, reporter: reporter).load().table
    }

    private func target(_ graph: ModelGraph, _ table: Table) throws(AppError) -> Target {
        guard let name = options.target ?? graph.lineage.facts["target"] else {
            throw AppError(.usage, "the model does not say what it predicts; name the column by --target")
        }
        do {
            return try Target(
                name, in: table, task: graph.output.labels == nil ? .regression : .classification)
        } catch {
            throw AppError(error)
        }
    }

    // MARK: Words

    private func sayHeader(_ target: Target) {
        reporter.say(
            "  " + pad("step", 22) + pad("bytes", 12) + pad(Answers.lossName(target.task), 12)
                + pad("change", 10)
                + pad("µs a row", 10) + pad("in blocks", 10))
    }

    private func report(_ measure: CompressionMeasure, _ target: Target) {
        let change = measure.lossChange.map { figure(100 * $0) + " %" } ?? ""
        let remark = measure.isKept ? measure.detail : "left out"
        reporter.say(
            "  " + pad(measure.step, 22) + pad("\(measure.byteCount)", 12) + pad(figure(measure.loss), 12)
                + pad(change, 10) + pad(figure(measure.rowMicroseconds), 10)
                + pad(figure(measure.blockRowMicroseconds), 10) + remark)
        var line = ByteBuffer()
        JSONValue.record([("event", "step")] + measure.members(target)).write(into: &line)
        reporter.emit(String(copying: line.bytes))
    }

    private func summary(_ measures: [CompressionMeasure], _ target: Target, _ byteCount: Int) -> JSONValue {
        .record([
            ("event", "summary"), ("output", .string(options.output)), ("bytes", .count(byteCount)),
            ("max_loss", .number(options.maxLoss)),
            ("steps", .array(measures.map { .record($0.members(target)) })),
            ("seconds", .number(Double(MonotonicInstant.now.nanoseconds(since: started)) / 1e9)),
        ])
    }
}

extension CompressionMeasure {
    fileprivate func members(_ target: Target) -> [(String, JSONValue)] {
        [
            ("step", .string(step)), ("detail", .string(detail)), ("bytes", .count(byteCount)),
            (Answers.lossName(target.task), .number(loss)), ("change", .number(lossChange ?? 0)),
            ("row_microseconds", .number(rowMicroseconds)),
            ("block_row_microseconds", .number(blockRowMicroseconds)), ("kept", .bool(isKept)),
        ]
    }
}
