// SPDX-License-Identifier: Apache-2.0
import Base
import ModelFormat
import Training

/// Evaluates a trained model as the options ask, and writes the reports.
struct EvaluationRun {
    let options: TrainCommand
    let trainer: ModelTrainer
    let reporter: Reporter
    /// The losses that were reported while the model was trained.
    let progress: [Evaluation.ProgressPoint]

    /// More points than these are not drawn.
    private static let progressMax = 400

    /// Nil when nothing asks for it.
    func evaluate(_ trained: TrainedModel) throws(AppError) -> Evaluation? {
        guard options.evaluation.isWanted else { return nil }
        let gate = try options.evaluation.gate()
        var settings = Evaluation.Settings()
        settings.seed = options.split.seed
        var evaluation: Evaluation
        do {
            evaluation = try trainer.evaluate(trained, settings)
            if let folds = options.evaluation.folds {
                evaluation.crossValidation = try trainer.crossValidate(trained.algorithm, folds: folds)
            }
        } catch {
            throw AppError(error)
        }
        let step = max(1, progress.count / EvaluationRun.progressMax)
        evaluation.progress = progress.enumerated().filter {
            $0.offset % step == 0 || $0.offset == progress.count - 1
        }.map(\.element)
        if let registry = options.results.registry, let name = options.results.name {
            evaluation.comparison = try LiveModel.find(name, registry: registry)?
                .compare(trainer, new: trained.graph, settings)
        }
        if let gate {
            evaluation.verdicts = gate.verdicts(
                evaluation.testMetrics, task: evaluation.task, comparison: evaluation.comparison)
        }
        show(evaluation)
        return evaluation
    }

    private func show(_ evaluation: Evaluation) {
        if let validation = evaluation.crossValidation {
            reporter.say("\(validation.folds.count) folds:")
            for metric in validation.summary {
                reporter.say("  \(pad(metric.name, 20))\(figure(metric.mean)) ± \(figure(metric.deviation))")
            }
            var line = JSONLine(event: "cross_validation")
            line.add("folds", validation.folds.count)
            for metric in validation.summary {
                line.add(metric.name, metric.mean)
                line.add(metric.name + "_deviation", metric.deviation)
            }
            reporter.emit(line.finish())
        }
        for verdict in evaluation.verdicts {
            reporter.say("\(verdict.holds ? "passed" : "failed")  \(verdict.condition): \(verdict.reason)")
            var line = JSONLine(event: "gate")
            line.add("condition", verdict.condition)
            line.add("holds", verdict.holds)
            line.add("reason", verdict.reason)
            reporter.emit(line.finish())
        }
    }

    /// Writes the page and the document that were asked for.
    func write(_ evaluation: Evaluation, _ trained: TrainedModel, _ graph: ModelGraph) throws(AppError) {
        if let path = options.evaluation.report {
            let facts =
                ["source.name", "source.sha256", "seed", "producer"]
                .compactMap { name in graph.lineage.facts[name].map { (name: name, value: $0) } }
                + [(name: "created", value: CalendarTime.text(CalendarTime.nanoseconds))]
            let page = ReportPage(
                evaluation: evaluation, title: options.results.name ?? "\(trainer.target.name) model",
                algorithm: trained.algorithm.summary,
                settings: trained.settings.filter { $0.name != "algorithm" }, facts: facts)
            try write(Array(page.html.utf8), to: path)
        }
        if let path = options.evaluation.reportJSON {
            var buffer = ByteBuffer()
            evaluation.document.write(into: &buffer)
            buffer.append("\n")
            do { try AtomicFile.write(buffer.bytes, to: path) } catch { throw AppError(writing: error) }
            announce(path)
        }
    }

    private func write(_ bytes: [UInt8], to path: String) throws(AppError) {
        do { try AtomicFile.write(bytes.span, to: path) } catch { throw AppError(writing: error) }
        announce(path)
    }

    private func announce(_ path: String) {
        reporter.say("report     \(path)")
        var line = JSONLine(event: "report")
        line.add("path", path)
        reporter.emit(line.finish())
    }
}
