// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Glibc
import Inference
import Serving
import Tabular

/// `modelctl batch run`: records in, answers out, in the order of the records.
struct BatchRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Predict the rows of a file (the command when none is named).",
        discussion: """
            The input is CSV with a header, JSON Lines or bare numbers. Columns are found by name in any \
            order. A bad record is answered with an error and the run goes on. The output appears whole, or \
            not at all. Files whose names end with .gz are packed. With --server a daemon does the work, and \
            the model is one of its.

              modelctl batch models/iris flowers.csv predictions.csv
              modelctl batch iris.json flowers.csv predictions.csv --keep id --outputs labels,probabilities
              producer | modelctl batch iris.json - - --format jsonl > predictions.jsonl
              modelctl batch iris.json flowers.csv out.csv --shard 2/10
              modelctl batch iris@3 flowers.csv.gz out.csv --server http://127.0.0.1:8080
              modelctl batch iris.json instances.jsonl predictions/ --to vertex --key-field id
            """)

    @Argument(
        help: ArgumentHelp(
            "A model file, a version's directory or a registry; with --server NAME[@VERSION].",
            valueName: "model"))
    var model: String

    @Argument(help: ArgumentHelp("The records; - is standard input.", valueName: "input"))
    var input: String = "-"

    @Argument(help: ArgumentHelp("The answers; - is standard output.", valueName: "output"))
    var output: String = "-"

    @Option(help: ArgumentHelp("Which model of a registry.", valueName: "model[@version]"))
    var name: String?

    @Option(
        help: "What the input is: csv, jsonl, fp32 or fp64. Without it: by the file's name, else csv.")
    var format: Format?

    @Option(
        help: ArgumentHelp(
            "What the output is: csv, jsonl, fp32, fp64 or vertex. Without it: by the file's name, else as "
                + "the input."))
    var to: Format?

    @Option(help: ArgumentHelp("Outputs to write, separated by commas.", valueName: "names"))
    var outputs: String?

    @Option(help: ArgumentHelp("Columns to copy to the answers, separated by commas.", valueName: "names"))
    var keep: String?

    @Option(help: ArgumentHelp("Vertex AI: the field that names an instance.", valueName: "name"))
    var keyField: String?

    @Option(help: ArgumentHelp("Vertex AI: only these fields are for the model.", valueName: "names"))
    var includedFields: String?

    @Option(help: ArgumentHelp("Vertex AI: these fields are not for the model.", valueName: "names"))
    var excludedFields: String?

    @Option(help: ArgumentHelp("What separates fields of CSV; \\t is a tab.", valueName: "character"))
    var delimiter: String = ","

    @Flag(help: "The first line of CSV is a row already; columns are the model's features in order.")
    var noHeader = false

    @Option(help: "What a bad record does: record (it is answered with an error) or stop.")
    var onError: ErrorChoice = .record

    @Flag(help: "Exit with 0 also when some records are bad.")
    var acceptErrors = false

    @Option(help: ArgumentHelp("Threads. Without it: one a processor.", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("Only this part of the input, counted from 0.", valueName: "i/n"))
    var shard: String?

    @Option(
        help: ArgumentHelp(
            "Likewise, of so many parts; which one is in the variable JOB_COMPLETION_INDEX.", valueName: "n"))
    var shards: Int?

    @Option(help: ArgumentHelp("The server whose model answers.", valueName: "url"))
    var server: String?

    @Option(help: ArgumentHelp("How long a server may be silent, in seconds.", valueName: "seconds"))
    var timeout: Int = 60

    @Flag(help: "No progress and no summary on standard error.")
    var quiet = false

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case csv, jsonl, fp32, fp64, vertex

        var value: BatchOptions.Format { BatchOptions.Format(rawValue: rawValue) ?? .csv }
    }

    enum ErrorChoice: String, ExpressibleByArgument, CaseIterable { case record, stop }

    func validate() throws {
        guard threads.map({ (1...256).contains($0) }) ?? true else {
            throw ValidationError("--threads must be from 1 to 256")
        }
        guard delimiterByte != nil else {
            throw ValidationError("--delimiter must be one of , ; | : and \\t")
        }
        guard format != .vertex else { throw ValidationError("vertex is a format of answers only") }
        guard (1...86_400).contains(timeout) else {
            throw ValidationError("--timeout must be from 1 to 86400 seconds")
        }
        if server != nil, shard != nil || shards != nil || name != nil || threads != nil {
            throw ValidationError("--shard, --shards, --name and --threads are not for a --server")
        }
        try validateShards()
    }

    private func validateShards() throws {
        guard shard == nil || shards == nil else {
            throw ValidationError("give --shard or --shards, not both")
        }
        if let shard, BatchShard(shard) == nil {
            throw ValidationError(
                "--shard must be I/N, I from 0 and below N, N at most \(BatchShard.countMax)")
        }
        if let shards {
            guard let index = Self.completionIndex, BatchShard(index: index, count: shards) != nil else {
                throw ValidationError(
                    "--shards needs the variable JOB_COMPLETION_INDEX, a number from 0 and below it")
            }
        }
        if (shard != nil || shards != nil) && (output == "-" || input == "-") {
            throw ValidationError("a shard needs files for its input and output")
        }
        if shard != nil || shards != nil, input.hasSuffix(".gz") || output.hasSuffix(".gz") {
            throw ValidationError("a shard needs plain files, not packed ones")
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        try BatchFailure.report { () throws(BatchFailure) in
            if let server { return try ask(server) }
            return try start()
        }
    }

    private func start() throws(BatchFailure) -> Int32 {
        let found = try storedModel()
        let options = batchOptions
        let place = try BatchPlace(output, options.output, shard: ownShard)
        let path = place.answers
        var facts: FileFacts?
        if output != "-" && input != "-" {
            do { facts = try FileFacts(of: input) } catch { throw BatchFailure(error) }
        }
        var manifest = BatchManifest(
            input: String(input.split(separator: "/").last ?? ""), inputSize: Int(facts?.size ?? 0),
            inputModified: Int(facts?.modified ?? 0), model: found.name, version: found.version,
            modelDigest: found.digest, options: words(options),
            shard: ownShard ?? BatchShard(index: 0, count: 1) ?? { preconditionFailure("0 is below 1") }(),
            records: 0, errors: 0, headerBytes: 0, bytes: 0, sha256: "")
        if ownShard != nil, let finished = finishedShard(path, manifest) {
            say("\(path) is finished: \(finished.records) records, \(finished.errors) bad")
            return status(errors: finished.errors)
        }
        let started = MonotonicInstant.now
        let outcome = try answer(found.model, options, to: place)
        if let sha256 = outcome.sha256 {
            manifest.records = outcome.counts.records
            manifest.errors = outcome.counts.errors
            manifest.headerBytes = outcome.headerByteCount
            manifest.bytes = outcome.byteCount
            manifest.sha256 = sha256
            try manifest.write(beside: path)
        }
        return summarize(outcome.counts.records, outcome.counts.errors, since: started)
    }

    /// Says what was done; returns the exit status.
    private func summarize(_ records: Int, _ errors: Int, since started: MonotonicInstant) -> Int32 {
        let seconds = Double(MonotonicInstant.now.nanoseconds(since: started)) / 1e9
        let rate = Int(Double(records) / max(seconds, 1e-6))
        say("\(records) records, \(errors) bad, \(Int(seconds * 1000)) ms, \(rate) records a second")
        return status(errors: errors)
    }

    private func ask(_ server: String) throws(BatchFailure) -> Int32 {
        let address: ServerAddress
        let reference: ModelReference
        do throws(ControlError) {
            address = try ServerAddress(parsing: server, source: "--server")
            reference = try ModelReference(parsing: model)
        } catch {
            throw .permanent(error.description)
        }
        let started = MonotonicInstant.now
        let run = try BatchServerRun(
            address, reference, batchOptions, input: input, output: output, timeoutSeconds: timeout,
            showsProgress: !quiet && Console.errorIsTerminal)
        let counts = try run.run()
        return summarize(counts.records, counts.errors, since: started)
    }

    private func answer(
        _ model: CompiledModel, _ options: BatchOptions, to place: BatchPlace
    ) throws(BatchFailure) -> BatchRun.Outcome {
        let model = BatchModel(model)
        var reader = try BatchReader(input, options, for: model)
        let names = try reader.readHeader()
        let plan: BatchPlan
        do throws(BatchError) {
            plan = try BatchPlan(model, options, names: names, separatesErrors: place.errors != nil)
        } catch {
            throw BatchFailure(error, in: reader.name)
        }
        if let ownShard { try reader.limit(to: ownShard) }
        let unused = plan.unusedNames
        if !unused.isEmpty {
            let listed = unused.prefix(8).joined(separator: ", ") + (unused.count > 8 ? ", …" : "")
            say("not used by the model: \(TextTable.printable(listed))")
        }
        let progress = quiet || !Console.errorIsTerminal ? nil : BatchProgress(size: reader.size)
        let threadCount = threads ?? min(256, Processors.count)
        let output = try BatchOutput(place.answers)
        guard let errors = place.errors else {
            return try BatchRun(
                plan, reader, output, errors: nil, threads: threadCount, progress: progress
            ).run()
        }
        return try BatchRun(
            plan, reader, output, errors: try BatchOutput(errors), threads: threadCount, progress: progress
        ).run()
    }

    private func status(errors: Int) -> Int32 { errors == 0 || acceptErrors ? 0 : 1 }

    private func say(_ line: String) { if !quiet { Console.error("modelctl: \(line)") } }

    /// The shard's manifest when its answers are there and are what this run would write.
    private func finishedShard(_ path: String, _ wanted: BatchManifest) -> BatchManifest? {
        guard let found = BatchManifest.read(beside: path), found.isOfSameRun(as: wanted),
            found.shard == wanted.shard, let facts = try? FileFacts(of: path), Int(facts.size) == found.bytes
        else { return nil }
        return found
    }

    // MARK: The model

    private struct Found {
        var model: CompiledModel
        var name: String
        var version: String
        var digest: String
    }

    private func storedModel() throws(BatchFailure) -> Found {
        do throws(ControlError) {
            var reference: ModelReference?
            if let name { reference = try ModelReference(parsing: name) }
            let stored = try StoredModel.find(in: model, reference)
            do {
                return Found(
                    model: try CompiledModel(stored.servedGraph), name: stored.name, version: stored.version,
                    digest: stored.digest)
            } catch {
                throw ControlError.notAModel(path: stored.path, reason: "\(error)")
            }
        } catch {
            if case .unreadable(let error) = error { throw BatchFailure(error) }
            throw .permanent(error.description)
        }
    }
}
