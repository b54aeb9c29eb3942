// SPDX-License-Identifier: Apache-2.0
import Base
import ModelFormat
import Tabular
import Training

/// What the user reads at the end: how good it is, where it is, how to try it.
struct Summary {
    private let options: TrainCommand
    private let trainer: ModelTrainer
    private let trained: TrainedModel
    private let graph: ModelGraph
    private let published: Publication?

    init(
        _ options: TrainCommand, _ trainer: ModelTrainer, _ trained: TrainedModel, _ graph: ModelGraph,
        _ published: Publication?
    ) {
        self.options = options
        self.trainer = trainer
        self.trained = trained
        self.graph = graph
        self.published = published
    }

    func show(_ reporter: Reporter, seconds: Double) {
        let settings = trained.settings.filter { $0.name != "algorithm" }
            .map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        reporter.say("\(trained.algorithm.name) (\(settings)), \(figure(seconds)) s")
        reporter.say("")
        showMetrics(reporter)
        if let path = options.results.output { reporter.say("written    \(path)") }
        if let path = options.results.predictions { reporter.say("predicted  \(path)") }
        guard let published else {
            if options.results.output == nil {
                reporter.say(
                    "nothing kept: use --registry DIR --name NAME to publish, or --output FILE to write")
            }
            return
        }
        reporter.say("published  \(published.path)")
        reporter.say("")
        reporter.say("to serve it:  modeld --registry \(quoted(published.registry)) --listen 127.0.0.1:8080")
        reporter.say("to try it:    \(curl(published.name))")
    }

    /// All of it as one object.
    func document(seconds: Double, isRefused: Bool) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("event", "summary"), ("algorithm", .string(trained.algorithm.name)),
            ("task", .string(trainer.target.task.rawValue)), ("target", .string(trainer.target.name)),
            (
                "rows",
                .record([
                    ("train", .count(trainer.split.train.count)),
                    ("validation", .count(trainer.split.validation.count)),
                    ("test", .count(trainer.split.test.count)),
                ])
            ),
            (
                "metrics",
                .record([
                    ("train", .metrics(trained.trainMetrics)), ("test", .metrics(trained.testMetrics)),
                ])
            ),
            ("settings", .record(trained.settings.map { ($0.name, .string($0.value)) })),
            ("seconds", .number(seconds)), ("refused", .bool(isRefused)),
        ]
        if let path = options.results.output { members.append(("output", .string(path))) }
        if let path = options.evaluation.report { members.append(("report", .string(path))) }
        if let published {
            members.append(
                (
                    "published",
                    .record([
                        ("name", .string(published.name)), ("version", .integer(published.version)),
                        ("path", .string(published.path)),
                    ])
                ))
        }
        return .record(members)
    }

    private func showMetrics(_ reporter: Reporter) {
        let metrics = trained.trainMetrics
        if metrics.isEmpty { return }
        let width = max(8, metrics.map(\.name.count).max() ?? 0) + 2
        reporter.say("  " + pad("", width) + pad("train", 12) + (trained.testMetrics.isEmpty ? "" : "test"))
        for metric in metrics {
            let test = trained.testMetrics.first { $0.name == metric.name }
            reporter.say(
                "  " + pad(metric.name, width) + pad(figure(metric.value), 12)
                    + (test.map { figure($0.value) } ?? (trained.testMetrics.isEmpty ? "" : "—")))
        }
        reporter.say("")
    }

    /// A request for the first golden sample.
    private func curl(_ name: String) -> String {
        var line = JSONLine()
        if let sample = graph.goldenSamples.first {
            line.add(instance: sample.inputs, graph.schema)
        }
        return "curl -s http://127.0.0.1:8080/v1/models/\(name):predict -d \(quoted(line.finish()))"
    }

    private func quoted(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { byte in
            byte == 0x2F || byte == 0x2E || byte == 0x2D || byte == 0x5F || byte >= 0x30 && byte <= 0x39
                || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A
        }
        if plain && !text.isEmpty { return text }
        var escaped = ""
        for character in text { escaped += character == "'" ? "'\\''" : String(character) }
        return "'\(escaped)'"
    }
}
