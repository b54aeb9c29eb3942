// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Inference
import Ingest
import ModelFormat
import Tabular
import Training

/// One `modeltrain train` from the file to the registry, step by step.
struct TrainingRun {
    private let options: TrainCommand
    let reporter: Reporter
    private let started = MonotonicInstant.now
    /// Larger files are not read.
    private static let modelBytesMax = 4 << 30

    init(_ options: TrainCommand) {
        self.options = options
        reporter = Reporter(options.results.progress)
    }

    func run() throws(AppError) {
        // Before the work, so that a key that cannot sign is no surprise at its end.
        _ = try signingKey()
        let data = try load()
        let trainer = try prepare(data.table)
        reportSchema(trainer)
        try run(data, trainer)
    }

    /// From the table to the registry.
    func run(_ data: LoadedTable, _ prepared: ModelTrainer) throws(AppError) {
        let key = try signingKey()
        var trainer = prepared
        var checkpoint: CheckpointRun?
        if let path = options.continuation.checkpoint {
            checkpoint = CheckpointRun(
                path: path, secondsBetween: options.continuation.checkpointEvery,
                facts: try decidingFacts(data, trainer))
        }
        trainer.checkpointer = try checkpoint?.checkpointer(resumes: options.continuation.resume, reporter)
        var progress: [Evaluation.ProgressPoint] = []
        let trained = try train(trainer, &progress)
        var graph = trained.graph
        graph.lineage = lineage(data, trainer, trained)
        let bytes = try encode(graph)
        if let path = options.results.predictions { try writePredictions(path, graph, trainer) }
        if let path = options.results.output { try write(bytes, to: path) }
        let run = EvaluationRun(options: options, trainer: trainer, reporter: reporter, progress: progress)
        let evaluation = try run.evaluate(trained)
        if let evaluation { try run.write(evaluation, trained, graph) }
        let isRefused = evaluation?.verdicts.contains { !$0.holds } ?? false
        let facts = RunFacts(started: started, threads: trainer.threadCount)
        let card = ModelCard(
            graph: graph, trained: trained, target: trainer.target, name: options.results.name, run: facts)
        if let path = options.results.card { try write(Array(card.text.utf8), to: path) }
        let published = isRefused ? nil : try publish(bytes, graph, card, facts.all + sources(data), key)
        checkpoint?.remove()
        let seconds = Double(MonotonicInstant.now.nanoseconds(since: started)) / 1e9
        let summary = Summary(options, trainer, trained, graph, published)
        summary.show(reporter, seconds: seconds)
        var line = ByteBuffer()
        summary.document(seconds: seconds, isRefused: isRefused).write(into: &line)
        reporter.finish(String(copying: line.bytes), isWanted: options.results.json)
        if isRefused {
            throw AppError(
                .refused,
                "not published: --promote-if \"\(options.evaluation.promoteIf ?? "")\" does not hold")
        }
    }

    private func signingKey() throws(AppError) -> SigningKey? {
        guard let path = options.results.signKey else { return nil }
        return try Publication.signingKey(path)
    }

    // MARK: Data

    func load() throws(AppError) -> LoadedTable {
        var run = DataRun(paths: options.data, options: options.table, reporter: reporter)
        run.target = options.target
        run.identifiers = options.split.groupColumn.map { [$0] } ?? []
        return try run.load()
    }

    func prepare(_ table: Table) throws(AppError) -> ModelTrainer {
        var recipe: PreparationRecipe?
        if let path = options.table.preprocess { recipe = try RecipeReader.read(path) }
        let start = try startingModel()
        do throws(TrainingError) {
            var target =
                if let name = options.target {
                    try Target(name, in: table, task: options.task)
                } else {
                    Target.none(rowCount: table.rowCount, task: .clustering)
                }
            if let name = options.weights.weightColumn { try target.weigh(by: name, in: table) }
            let split = try Split(options.split.rule, table: table, target: target)
            var others = Set(options.split.columns + [options.weights.weightColumn].compactMap { $0 })
            if let start {
                if let obstacle = Evaluator.obstacle(start, table) { throw .cannotContinue(obstacle) }
                others = Set(table.names).subtracting(start.schema.features.map(\.name))
            }
            var trainer = try ModelTrainer(table, target: target, split: split, excluding: others)
            trainer.folding = try Folding(options.split.rule, table: table)
            trainer.start = start
            trainer.learners = options.learners
            trainer.calibration = options.uncertainty.calibrate
            trainer.classWeights = options.weights.classWeights
            trainer.interval = options.uncertainty.intervals
            trainer.seed = options.split.seed
            if let recipe { trainer.recipe = recipe }
            return trainer
        } catch {
            throw AppError(error)
        }
    }

    private func startingModel() throws(AppError) -> ModelGraph? {
        guard let path = options.continuation.continueFrom else { return nil }
        let bytes = try modelBytes(path)
        do {
            return try ModelFile.load(
                bytes.span, fileName: String(path.split(separator: "/").last ?? "model"),
                external: ExternalTensorFiles(besides: path))
        } catch {
            throw AppError(.noInput, "\(path): \(error)")
        }
    }

    private func modelBytes(_ path: String) throws(AppError) -> [UInt8] {
        do { return try File.read(path, limit: TrainingRun.modelBytesMax) } catch {
            throw AppError(.noInput, error.description)
        }
    }

    /// Of the file that is gone on from; empty without one.
    private func startingDigest() throws(AppError) -> String {
        guard let path = options.continuation.continueFrom else { return "" }
        // Not in one expression: Swift 6.3.1 dies on the span of a temporary here.
        let bytes = try modelBytes(path)
        var digest = SHA256()
        digest.update(bytes.span)
        return digest.finish().description
    }

    /// All that the model that is learned depends on.
    private func decidingFacts(_ data: LoadedTable, _ trainer: ModelTrainer) throws(AppError) -> [String] {
        let learner = options.algorithm.algorithm.map { algorithm in
            trainer.learners.first { $0.algorithm == algorithm } ?? algorithm.learner()
        }
        return [
            data.sha256, trainer.target.name, trainer.target.task.rawValue, "\(options.split.rule)",
            trainer.features.joined(separator: "\n"), "\(trainer.seed)", "\(trainer.recipe)",
            options.weights.weightColumn ?? "", trainer.classWeights?.description ?? "",
            trainer.interval.map { "\($0)" } ?? "", options.algorithm.defaultValueDescription,
            learner.map { "\($0)" } ?? trainer.learners.map { "\($0)" }.joined(separator: "\n"),
            try startingDigest(),
        ]
    }

    func reportSchema(_ trainer: ModelTrainer) {
        let features = trainer.features.compactMap { trainer.table[$0] }
        let numericCount = features.count { if case .numeric = $0 { true } else { false } }
        let missing = features.reduce(0) { $0 + $1.missingCount }
        let target = trainer.target
        let classes = (0..<target.classCount).map { target.label($0) }
        let shown = classes.prefix(10).joined(separator: ", ") + (classes.count > 10 ? ", …" : "")
        reporter.say(
            (target.name.isEmpty ? "" : "target \(target.name): ") + target.task.rawValue
                + (classes.isEmpty ? "" : " into \(classes.count) classes (\(shown))"))
        reporter.say(
            "features: \(numericCount) numeric, \(features.count - numericCount) categorical, "
                + "\(counted(missing, "missing value"))")
        let split = trainer.split
        let rule = options.split.description
        reporter.say(
            "rows: \(split.train.count) to train, "
                + (split.validation.isEmpty ? "" : "\(split.validation.count) to validate, ")
                + "\(split.test.count) to test (by \(rule))")
        var line = JSONLine(event: "schema")
        line.add("target", target.name)
        line.add("task", target.task.rawValue)
        if !classes.isEmpty { line.add("classes", classes) }
        line.add("features", trainer.features)
        line.add("numeric", numericCount)
        line.add("categorical", features.count - numericCount)
        line.add("missing_values", missing)
        reporter.emit(line.finish())
        var rows = JSONLine(event: "split")
        rows.add("by", rule)
        rows.add("train", split.train.count)
        rows.add("validation", split.validation.count)
        rows.add("test", split.test.count)
        reporter.emit(rows.finish())
    }

    // MARK: Model

    private func train(
        _ trainer: ModelTrainer, _ progress: inout [Evaluation.ProgressPoint]
    ) throws(AppError) -> TrainedModel {
        if options.algorithm.algorithm == nil {
            let names = Algorithm.candidates(for: trainer.target.task).map(\.name)
            reporter.say("choosing between \(names.joined(separator: " and ")):")
        }
        let trained: TrainedModel
        do throws(TrainingError) {
            trained = try trainer.train(options.algorithm.algorithm) { event in
                if case .progress(_, let step, _, let loss, let validationLoss) = event {
                    progress.append(.init(step: step, loss: loss, validationLoss: validationLoss))
                }
                reporter.report(event)
            }
        } catch {
            var failure = AppError(error)
            if case .interrupted = error, let path = options.continuation.checkpoint {
                failure.message += "; it goes on from \(path) with --resume"
            }
            throw failure
        }
        reporter.clearBar()
        for (part, metrics) in [("train", trained.trainMetrics), ("test", trained.testMetrics)]
        where !metrics.isEmpty {
            var line = JSONLine(event: "metrics")
            line.add("algorithm", trained.algorithm.name)
            line.add("part", part)
            for metric in metrics { line.add(metric.name, metric.value) }
            reporter.emit(line.finish())
        }
        return trained
    }

    private func lineage(_ data: LoadedTable, _ trainer: ModelTrainer, _ trained: TrainedModel) -> Lineage {
        var facts = [
            "producer": "modeltrain \(ModelTrain.version)",
            "algorithm": trained.algorithm.name,
            "task": trainer.target.task.rawValue,
            "target": trainer.target.name,
            "seed": "\(options.split.seed)",
            "source.name": String(data.path.split(separator: "/").last ?? "-"),
            "source.sha256": data.sha256,
            "source.bytes": "\(data.byteCount)",
            "source.rows": "\(data.table.rowCount)",
            "weight_column": options.weights.weightColumn ?? "",
            "split.rule": options.split.columns.isEmpty ? "random" : options.split.description,
            "split.train": "\(trainer.split.train.count)",
            "split.validation": "\(trainer.split.validation.count)",
            "split.test": "\(trainer.split.test.count)",
        ]
        if options.weights.weightColumn == nil { facts["weight_column"] = nil }
        for setting in trained.settings where setting.name != "algorithm" {
            facts["setting.\(setting.name)"] = setting.value
        }
        for metric in trained.testMetrics { facts["metric.\(metric.name)"] = metric.value.description }
        return Lineage(facts: facts)
    }

    /// The digests of several files; that of one is in the lineage.
    private func sources(_ data: LoadedTable) -> [(name: String, value: String)] {
        guard data.sources.count > 1 else { return [] }
        return data.sources.map { source in
            let name = source.path.split(separator: "/").last.map { String($0) } ?? source.path
            return (
                name: "source.file.\(name)",
                value: "sha256 \(source.sha256), \(source.byteCount) bytes, \(source.rowCount) rows"
            )
        }
    }

    private func encode(_ graph: ModelGraph) throws(AppError) -> [UInt8] {
        do { return try NativeModel.write(graph) } catch { throw AppError(.software, error.description) }
    }

    // MARK: Results

    private func write(_ bytes: [UInt8], to path: String) throws(AppError) {
        do { try AtomicFile.write(bytes.span, to: path) } catch { throw AppError(writing: error) }
        var line = JSONLine(event: "written")
        line.add("path", path)
        line.add("bytes", bytes.count)
        reporter.emit(line.finish())
    }

    /// One line a test row: what the daemon answers for it, to the last bit.
    private func writePredictions(
        _ path: String, _ graph: ModelGraph, _ trainer: ModelTrainer
    ) throws(AppError) {
        var lines = ByteBuffer(capacity: 1 << 16)
        do {
            let evaluator = try Evaluator(graph, trainer.table)
            evaluator.forEachRow(trainer.split.test) { row, predictions, label in
                var line = JSONLine()
                line.add("row", row)
                line.add("predictions", predictions, as: evaluator.outputType)
                if let label {
                    switch trainer.target.labels {
                    case .integers(let numbers): line.add("label", Int(numbers[label]))
                    case .strings(let names): line.add("label", names[label])
                    case nil: break
                    }
                }
                lines.append(line.finish() + "\n")
            }
        } catch {
            throw AppError(.software, error.description)
        }
        do { try AtomicFile.write(lines.bytes, to: path) } catch { throw AppError(writing: error) }
    }

    private func publish(
        _ bytes: [UInt8], _ graph: ModelGraph, _ card: ModelCard, _ more: [(name: String, value: String)],
        _ key: SigningKey?
    ) throws(AppError) -> Publication? {
        guard let registry = options.results.registry, let name = options.results.name else { return nil }
        let schema = graph.schema.features.map { (name: "schema.\($0.name)", value: $0.kind.name) }
        let own = graph.lineage.facts.map { (name: $0.key, value: $0.value) }
        let published = try Publication.publish(
            bytes, card: card.text, name: name, registry: registry,
            facts: (own + schema + more).sorted { $0.name < $1.name }, signedBy: key)
        var line = JSONLine(event: "published")
        line.add("name", name)
        line.add("version", Int(published.version))
        line.add("path", published.path)
        reporter.emit(line.finish())
        return published
    }
}

/// "1 row", "2 rows".
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
