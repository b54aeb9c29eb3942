// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Ingest
import Training

/// One search, and for `auto` the training that follows.
struct TuneRun {
    private let tuning: TuneOptions
    private let options: TrainCommand
    private let given: GivenArguments
    private let training: TrainingRun
    private let started = MonotonicInstant.now

    /// Shown of all trials.
    private static let leaderCount = 10
    /// Seconds that `auto` searches when nobody says.
    private static let autoSeconds = 300.0
    /// Options that say where results go and not what is learned.
    private static let resultNames: Set<String> = ResultOptions.names.union(EvaluationOptions.names)

    init(_ tuning: TuneOptions, _ options: TrainCommand, _ given: GivenArguments) {
        self.tuning = tuning
        self.options = options
        self.given = given.without(TuneOptions.names)
        training = TrainingRun(options)
    }

    /// `modeltrain tune`.
    func tune() throws(AppError) {
        let found = try findTheBest()
        if let path = tuning.writeConfig { try write(found, to: path) }
        finish(found)
    }

    /// `modeltrain auto`.
    func trainTheBest() throws(AppError) {
        let found = try findTheBest()
        let path = tuning.writeConfig ?? AutoCommand.configurationPath
        let text = try write(found, to: path)
        // By the file itself: what it says is what was done.
        var arguments = try ConfigurationFile(Array(text.utf8), path: path).arguments
        var results = given
        results.options.removeAll { !TuneRun.resultNames.contains($0.name) }
        arguments += results.arguments
        let run = TrainingRun(try command(arguments))
        try run.run(found.data, try run.prepare(found.data.table))
    }

    /// What a search came to.
    private struct Found {
        var data: LoadedTable
        var best: Trial
        var trialCount: Int
        /// The loss's name.
        var loss: String
    }

    private func findTheBest() throws(AppError) -> Found {
        let data = try training.load()
        let trainer = try training.prepare(data.table)
        training.reportSchema(trainer)
        let trials = try search(data, trainer)
        let loss = Answers.lossName(trainer.target.task)
        return Found(data: data, best: try show(trials, loss), trialCount: trials.count, loss: loss)
    }

    // MARK: The search

    private func search(_ data: LoadedTable, _ trainer: ModelTrainer) throws(AppError) -> [Trial] {
        let algorithms =
            tuning.chosen
            ?? SearchSpace.algorithms(for: trainer.target.task, rowCount: trainer.split.train.count)
        var settings = Tuner.Settings(SearchSpace(algorithms, fixed: CompanionOptions.fixed(given)))
        settings.search = tuning.search
        settings.trialsMax = tuning.trials
        settings.seconds =
            tuning.budget?.seconds ?? (tuning.trials == nil ? TuneRun.autoSeconds : nil)
        settings.seed = trainer.seed
        settings.threads = tuning.jobs ?? Processors.count
        let log = try tuning.log.map { (path) throws(AppError) in
            try TrialLog(path: path, header: header(data, settings))
        }
        if let log, !log.trials.isEmpty {
            training.reporter.say("going on from \(log.trials.count) trials in \(tuning.log ?? "")")
        }
        let name = Answers.lossName(trainer.target.task)
        // Safe because the tuner reports one trial at a time, and nobody else shows anything meanwhile.
        nonisolated(unsafe) let reporter = training.reporter
        let base = given
        let begun = MonotonicInstant.now
        let (trialsMax, secondsMax) = (settings.trialsMax, settings.seconds)
        let tuner = Tuner(trainer, settings) { (point) throws(TrainingError) in
            try TuneRun.learner(point, base)
        }
        do {
            return try tuner.run(known: log?.trials ?? []) { trial in
                log?.append(trial.jsonLine())
                let reporter = unsafe reporter
                reporter.emit(trial.jsonLine(event: "trial"))
                reporter.say(
                    "trial \(pad("\(trial.number)", 5))\(pad(trial.point.algorithm.name, 14))"
                        + "\(pad(trial.failure ?? "\(name) \(figure(trial.loss))", 19)) "
                        + "\(figure(trial.seconds)) s" + (trial.rowPart < 1 ? ", on few rows" : ""))
                reporter.searching(
                    trial: trial.number + 1, of: trialsMax,
                    seconds: Double(MonotonicInstant.now.nanoseconds(since: begun)) / 1e9,
                    of: secondsMax)
            }
        } catch {
            throw AppError(error)
        }
    }

    /// What a log is of: data and all options that decide trials, but not how many there shall be.
    private func header(_ data: LoadedTable, _ settings: Tuner.Settings) -> String {
        var line = JSONLine()
        line.add("search", settings.search.rawValue)
        line.add("version", ModelTrain.version)
        line.add("sha256", data.sha256)
        line.add("seed", "\(settings.seed)")
        line.add("algorithms", settings.space.branches.map(\.algorithm.name))
        line.add(
            "parameters", settings.space.branches.flatMap { branch in branch.parameters.map { "\($0)" } })
        line.add("options", given.without(TuneRun.resultNames).arguments)
        return line.finish()
    }

    /// The learner that `train` would use: the trial's settings beneath those that were given.
    private static func learner(
        _ point: TrialPoint, _ given: GivenArguments
    ) throws(TrainingError) -> any Learner {
        let arguments = TuneRun.arguments(point) + given.arguments
        let command: TrainCommand
        do { command = try TrainCommand.parse(arguments) } catch {
            throw .setting(
                name: "the options of a trial", value: arguments.joined(separator: " "),
                allowed: "ones that train takes (\(TrainCommand.message(for: error)))")
        }
        return command.learners.first { $0.algorithm == point.algorithm } ?? point.algorithm.learner()
    }

    private static func arguments(_ point: TrialPoint) -> [String] {
        var arguments = ["--algorithm=\(point.algorithm.name)"]
        for (name, value) in point.values {
            let option = "--" + name.replacing("_", with: "-")
            if value == "true" {
                arguments.append(option)
            } else if value != "false" {
                arguments.append("\(option)=\(value)")
            }
        }
        return arguments
    }

    private func command(_ arguments: [String]) throws(AppError) -> TrainCommand {
        do { return try TrainCommand.parse(arguments) } catch {
            throw AppError(.usage, TrainCommand.message(for: error))
        }
    }

    // MARK: What came of it

    private func show(_ trials: [Trial], _ lossName: String) throws(AppError) -> Trial {
        let leaders = Trial.leaderboard(trials)
        guard let best = leaders.first else {
            throw AppError(.data, "no trial on all rows was done in that time; give a longer --budget")
        }
        let reporter = training.reporter
        reporter.say("")
        reporter.say("  \(pad(lossName, 12))\(pad("µs a row", 12))\(pad("trial", 7))settings")
        for (rank, trial) in leaders.prefix(TuneRun.leaderCount).enumerated() {
            let settings = trial.point.values.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
            reporter.say(
                "  \(pad(figure(trial.rankedLoss), 12))\(pad(figure(trial.latencyMicroseconds), 12))"
                    + "\(pad("\(trial.number)", 7))\(trial.point.algorithm.name): "
                    + (settings.isEmpty ? "defaults" : settings))
            var line = JSONLine(event: "leader")
            line.add("rank", rank + 1)
            line.add("trial", trial.number)
            line.add("algorithm", trial.point.algorithm.name)
            line.add(lossName, trial.rankedLoss)
            line.add("latency_microseconds", trial.latencyMicroseconds)
            line.add("settings", trial.point.values.map { "\($0.name)=\($0.value)" })
            reporter.emit(line.finish())
        }
        reporter.say("")
        return best
    }

    /// The configuration by which `train` does the same: what was given, then the best settings.
    @discardableResult
    private func write(_ found: Found, to path: String) throws(AppError) -> String {
        let best = found.best
        var text =
            "# modeltrain train DATA --config THIS FILE\n#\n"
            + "# The best of \(counted(found.trialCount, "trial")): \(found.loss) \(best.rankedLoss) on folds "
            + "of training rows.\n"
        var own = given.without(TuneRun.resultNames)
        // What was given for the other algorithms.
        own.options.removeAll { !AlgorithmSettings.takes(best.point.algorithm, $0.name) }
        var names: [String] = []
        for option in own.options where !names.contains(option.name) { names.append(option.name) }
        for name in names {
            let values = own.options.filter { $0.name == name }.map(\.value)
            let quoted = values.compactMap { $0 }.map(TuneRun.quoted)
            let key = name.replacing("-", with: "_")
            text += "\(key): "
            text +=
                quoted.isEmpty
                ? "true\n" : quoted.count == 1 ? "\(quoted[0])\n" : "[\(quoted.joined(separator: ", "))]\n"
        }
        text += "algorithm: \(best.point.algorithm.name)\n"
        for (name, value) in best.point.values where value != "false" {
            text += "\(name): " + (value == "true" ? "true" : TuneRun.quoted(value)) + "\n"
        }
        do { try AtomicFile.write(text.utf8Span.span, to: path) } catch { throw AppError(writing: error) }
        training.reporter.say("settings   \(path)")
        var line = JSONLine(event: "configuration")
        line.add("path", path)
        training.reporter.emit(line.finish())
        return text
    }

    /// Numbers as they are, other texts in quotation marks.
    private static func quoted(_ value: String) -> String {
        if Double(value) != nil && value.utf8.allSatisfy({ $0 >= 0x2B && $0 <= 0x39 || $0 == 0x65 }) {
            return value
        }
        var buffer = ByteBuffer()
        buffer.append(quoted: value)
        return String(copying: buffer.bytes)
    }

    private func finish(_ found: Found) {
        let best = found.best
        var line = JSONLine(event: "summary")
        line.add("trials", found.trialCount)
        line.add("best_trial", best.number)
        line.add("algorithm", best.point.algorithm.name)
        line.add("loss", best.rankedLoss)
        line.add("settings", best.point.values.map { "\($0.name)=\($0.value)" })
        line.add("seconds", Double(MonotonicInstant.now.nanoseconds(since: started)) / 1e9)
        if let path = tuning.writeConfig { line.add("configuration", path) }
        training.reporter.finish(line.finish(), isWanted: options.results.json)
    }
}
