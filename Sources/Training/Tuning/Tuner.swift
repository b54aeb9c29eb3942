// SPDX-License-Identifier: Apache-2.0
internal import Base
import Synchronization

/// Searches the settings that do best on folds of the training rows. Test rows are not looked at.
///
/// Points are made in batches of `batchSize` from the trials of earlier batches, whatever the number of
/// threads; so the same seed gives the same trials, and a search that goes on from its trials repeats none.
package struct Tuner {
    package struct Settings: Sendable {
        package var space: SearchSpace
        package var search = Search.tpe
        /// Trials in all; nil: as many as the time allows.
        package var trialsMax: Int?
        /// Wall-clock seconds. No trial begins that would, as long as the longest so far, end later.
        package var seconds: Double?
        /// Folds that a trial is measured on; nil: five, three from 2,000 rows on. One of five when there are
        /// more than 20,000 rows.
        package var folds: Int?
        package var threads = 1
        package var seed: UInt64 = 0

        package init(_ space: SearchSpace) { self.space = space }
    }

    /// How the next settings are chosen.
    package enum Search: String, Sendable, CaseIterable {
        /// Points drawn evenly.
        case random
        /// Where good trials are dense.
        case tpe
        /// Many points on a ninth of the rows, the best third of them on a third, the best of those on all.
        case halving
    }

    /// Makes the learner that a point says; the same point gives the same learner.
    package typealias MakeLearner = @Sendable (TrialPoint) throws(TrainingError) -> any Learner

    static let batchSize = 4
    /// Points that are drawn evenly before the estimator has something to go by.
    static let evenCount = 8
    /// With fewer rows a ninth of them says nothing.
    private static let partRowsMin = 200
    /// With fewer rows chance says too much in three folds, and in one division into folds.
    private static let fewRows = 2_000
    /// Divisions into folds that a leader of few rows is measured on besides the first.
    static let moreDivisions = 2
    /// Of the time, what is kept for that.
    private static let confirmingPart = 0.15

    let trainer: ModelTrainer
    let settings: Settings
    private let makeLearner: MakeLearner
    private let started = MonotonicInstant.now

    package init(_ trainer: ModelTrainer, _ settings: Settings, learner: @escaping MakeLearner) {
        var trainer = trainer
        // Trials run beside each other, each on one thread.
        trainer.threadCount = 1
        trainer.checkpointer = nil
        trainer.calibration = nil
        trainer.interval = nil
        self.trainer = trainer
        self.settings = settings
        makeLearner = learner
    }

    /// Tries points until trials or time are used up; returns all trials by their number. `known` are trials
    /// of an earlier run of the same search, which are not tried again. `report` hears of each new trial,
    /// from any thread, one at a time.
    ///
    /// - Throws: `setting`; what failed, when every trial did.
    package func run(
        known: [Trial] = [], report: @escaping @Sendable (Trial) -> Void = { _ in }
    ) throws(TrainingError) -> [Trial] {
        guard settings.trialsMax != nil || settings.seconds != nil, settings.trialsMax ?? 1 >= 1,
            settings.seconds ?? 1 > 0
        else {
            throw .setting(name: "--trials and --budget", value: "given so", allowed: "above 0, one of them")
        }
        for branch in settings.space.branches where !branch.algorithm.tasks.contains(trainer.target.task) {
            let instead = Algorithm.all(for: trainer.target.task).map(\.name).joined(separator: " or ")
            throw .algorithmForTask(
                algorithm: branch.algorithm.name, task: trainer.target.task.rawValue, instead: instead)
        }
        var run = SearchRun(self, known: known, report: report)
        if settings.search == .halving { try run.halve() } else { try run.sample() }
        if confirmsLeaders { try run.confirm() }
        let trials = run.trials
        if let failure = trials.first?.failure, !trials.contains(where: { $0.loss.isFinite }) {
            throw .noTrial(failure)
        }
        return trials
    }

    /// Whether the best is looked for among leaders that are measured again: of many trials on the same folds
    /// the one that was luckiest with them looks best.
    private var confirmsLeaders: Bool {
        trainer.folding.canDivideAnew && trainer.split.train.count < Self.fewRows
    }

    /// Seconds until the last trial must have begun; nil for any number.
    var searchSeconds: Double? {
        settings.seconds.map { confirmsLeaders ? $0 * (1 - Self.confirmingPart) : $0 }
    }

    /// Divides a part of the training rows into folds.
    ///
    /// - Parameter division: 0, or the number of another way to do it.
    func splits(rowPart: Double, division: Int = 0) throws(TrainingError) -> [Split] {
        let (target, folding) = (trainer.target, trainer.folding)
        let seed = division == 0 ? trainer.seed : RandomSource.mixed(trainer.seed, UInt64(division))
        var rows = trainer.split.train
        if rowPart < 1 {
            let parts = Int((1 / rowPart).rounded())
            rows = try folding.holdOut(rows, parts: parts, target: target, seed: seed).test
        }
        if rows.count > ModelTrainer.manyRows {
            return [try folding.holdOut(rows, parts: 5, target: target, seed: seed)]
        }
        let count = max(2, min(settings.folds ?? (rows.count < Self.fewRows ? 5 : 3), rows.count))
        return try folding.folds(rows, count: count, target: target, seed: seed).filter { !$0.test.isEmpty }
    }

    /// The parts of the rows that points are tried on before they are on all.
    var rowParts: [Double] {
        [1.0 / 9, 1.0 / 3, 1].filter {
            $0 == 1 || $0 * Double(trainer.split.train.count) >= Double(Self.partRowsMin)
        }
    }

    var secondsSoFar: Double { Double(MonotonicInstant.now.nanoseconds(since: started)) / 1e9 }

    func attempt(_ number: Int, _ point: TrialPoint, _ rowPart: Double, _ splits: [Split]) -> Trial {
        let begun = MonotonicInstant.now
        var trial = Trial(
            number: number, point: point, rowPart: rowPart, loss: .infinity, seconds: 0,
            latencyMicroseconds: 0)
        do throws(TrainingError) {
            var trainer = trainer
            trainer.learners = [try makeLearner(point)]
            var sum = 0.0
            for (index, split) in splits.enumerated() {
                let (graph, _) = try trainer.fit(point.algorithm, split) { _ in }
                let evaluator = try trainer.evaluator(graph)
                sum += try trainer.answered(evaluator, split.test)
                if index == 0 { trial.latencyMicroseconds = evaluator.rowMicroseconds(split.test) }
            }
            trial.loss = sum / Double(splits.count)
            if !trial.loss.isFinite {
                trial.loss = .infinity
                trial.failure = "its loss is not finite"
            }
        } catch {
            trial.failure = error.description
        }
        trial.seconds = Double(MonotonicInstant.now.nanoseconds(since: begun)) / 1e9
        return trial
    }
}

extension ModelTrainer {
    /// The loss on `rows`.
    fileprivate func answered(_ evaluator: Evaluator, _ rows: [Int]) throws(TrainingError) -> Double {
        evaluator.answers(rows, target).loss
    }
}
