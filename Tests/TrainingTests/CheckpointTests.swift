// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Synchronization
import Tabular
import Testing

@testable import Training

@Suite struct CheckpointTests {
    /// Stops after `steps` steps and keeps what was saved, as bytes.
    private final class Stop: Sendable {
        let left: Mutex<Int>
        let saved = Mutex<[UInt8]>([])

        init(after steps: Int) { left = Mutex(steps) }

        func checkpointer(_ resumed: NumberArchive? = nil) -> Checkpointer {
            Checkpointer(
                resumed: resumed,
                wish: {
                    self.left.withLock {
                        $0 -= 1
                        return $0 > 0 ? .goOn : .stop
                    }
                },
                save: { (archive) throws(TrainingError) in
                    let bytes: [UInt8]
                    do { bytes = try archive.bytes() } catch { throw .checkpoint("\(error)") }
                    self.saved.withLock { $0 = bytes }
                })
        }
    }

    /// Stops twice, goes on each time, and expects the model of a training that did not stop.
    private func expectTheSame(_ trainer: ModelTrainer, _ algorithm: Algorithm, stops: [Int]) throws {
        let whole = try trainer.train(algorithm)
        var trainer = trainer
        var archive: NumberArchive?
        for stop in stops {
            let owner = Stop(after: stop)
            trainer.checkpointer = owner.checkpointer(archive)
            let error = #expect(throws: TrainingError.self) { try trainer.train(algorithm) }
            try #require(error?.code == "interrupted", "\(error?.description ?? "")")
            let bytes = owner.saved.withLock { $0 }
            archive = try NumberArchive(bytes.span)
        }
        trainer.checkpointer = Stop(after: .max).checkpointer(archive)
        let resumed = try trainer.train(algorithm)
        #expect(resumed.graph == whole.graph)
        #expect(resumed.settings.map(\.value) == whole.settings.map(\.value))
    }

    @Test(arguments: ["plain", "bagging", "goss", "columns", "validation", "quantile", "depth"])
    func treesGoOn_asIfTheyHadNotStopped(variant: String) throws {
        var trainer = try Baselines.trainer(variant == "quantile" ? "diabetes" : "breast_cancer")
        var settings = BoostingSettings()
        settings.rounds = 30
        settings.learningRate = 0.3
        switch variant {
        case "bagging": settings.sampling = .bagging(fraction: 0.5)
        case "goss": settings.sampling = .goss(top: 0.2, other: 0.2)
        case "columns": (settings.columnsByTree, settings.columnsByNode) = (0.5, 0.5)
        case "depth": settings.growth = .depthWise
        default: break
        }
        if variant == "validation" {
            settings.patience = 12
            let rows = trainer.split.train
            trainer = try ModelTrainer(
                trainer.table, target: trainer.target,
                split: Split(
                    train: rows.filter { $0 % 4 > 0 }, validation: rows.filter { $0 % 4 == 0 },
                    test: trainer.split.test), excluding: ["split"])
        }
        var learner = BoostingLearner(settings)
        if variant == "quantile" { learner.loss = .quantile }
        trainer.learners = [learner]
        try expectTheSame(trainer, .gbdt, stops: [3, 9])
    }

    @Test func treesOfSeveralClasses_goOn() throws {
        var trainer = try Baselines.trainer("wine")
        var settings = BoostingSettings()
        settings.rounds = 12
        settings.sampling = .bagging(fraction: 0.6)
        trainer.learners = [BoostingLearner(settings)]
        try expectTheSame(trainer, .gbdt, stops: [5])
    }

    @Test(arguments: [false, true])
    func networksGoOn_asIfTheyHadNotStopped(isNormalized: Bool) throws {
        var trainer = try Baselines.trainer("breast_cancer")
        var settings = NeuralSettings()
        settings.hidden = [16, 8]
        settings.epochs = 25
        settings.dropout = isNormalized ? 0.2 : 0
        settings.hasBatchNorm = isNormalized
        settings.patience = 6
        trainer.learners = [NeuralLearner(settings)]
        if isNormalized {
            let rows = trainer.split.train
            trainer = try ModelTrainer(
                trainer.table, target: trainer.target,
                split: Split(
                    train: rows.filter { $0 % 4 > 0 }, validation: rows.filter { $0 % 4 == 0 },
                    test: trainer.split.test), excluding: ["split"])
            trainer.learners = [NeuralLearner(settings)]
        }
        try expectTheSame(trainer, .mlp, stops: [2, 2])
    }

    /// A tenth of the rows says for how many epochs all of them are learned from: stopped before and after.
    @Test func networksThatLearnAnewFromAllRows_goOn() throws {
        let table = try Baselines.table("breast_cancer")
        let target = try Target("target", in: table, task: nil)
        var trainer = try ModelTrainer(
            table, target: target, split: Split(train: Array(0..<table.rowCount), test: []),
            excluding: ["split"])
        var settings = NeuralSettings()
        (settings.hidden, settings.epochs, settings.patience) = ([8], 12, 12)
        trainer.learners = [NeuralLearner(settings)]
        let epochs = try #require(
            try trainer.train(.mlp).settings.first { $0.name == "epochs" }.flatMap { Int($0.value) })
        try #require(epochs >= 4)
        // 11 stops are offered in the first part.
        try expectTheSame(trainer, .mlp, stops: [3, 8 + 2])
    }

    @Test func whatIsOfAnotherTraining_isRefused() throws {
        var trainer = try Baselines.trainer("iris")
        let owner = Stop(after: 2)
        trainer.checkpointer = owner.checkpointer()
        #expect(throws: TrainingError.self) { try trainer.train(.gbdt) }
        let bytes = owner.saved.withLock { $0 }
        let archive = try NumberArchive(bytes.span)
        trainer.checkpointer = Stop(after: 9).checkpointer(archive)
        let error = #expect(throws: TrainingError.self) { try trainer.train(.mlp) }
        #expect(error?.code == "checkpoint")
        var wine = try Baselines.trainer("wine")
        wine.checkpointer = Stop(after: 9).checkpointer(archive)
        #expect(throws: TrainingError.self) { try wine.train(.gbdt) }
        var damaged = archive
        damaged.uint8["model"]?.removeLast()
        trainer.checkpointer = Stop(after: 9).checkpointer(damaged)
        #expect(throws: TrainingError.self) { try trainer.train(.gbdt) }
    }

    @Test func dart_isNotStopped() throws {
        var trainer = try Baselines.trainer("iris")
        var settings = BoostingSettings()
        settings.dart = BoostingSettings.Dart()
        trainer.learners = [BoostingLearner(settings)]
        trainer.checkpointer = Stop(after: 2).checkpointer()
        let error = #expect(throws: TrainingError.self) { try trainer.train(.gbdt) }
        #expect(error?.description.contains("--dart") == true)
    }

    // MARK: Going on from a model

    @Test func moreRounds_areGrownOnAModel() throws {
        var trainer = try Baselines.trainer("breast_cancer")
        var settings = BoostingSettings()
        settings.rounds = 20
        trainer.learners = [BoostingLearner(settings)]
        let whole = try trainer.train(.gbdt)
        settings.rounds = 8
        trainer.learners = [BoostingLearner(settings)]
        let first = try trainer.train(.gbdt)
        settings.rounds = 12
        trainer.learners = [BoostingLearner(settings)]
        trainer.start = first.graph
        let both = try trainer.train(nil)
        #expect(both.graph.estimator == whole.graph.estimator)
        #expect(both.testMetrics == whole.testMetrics)
    }

    @Test func aModelThatDoesNotFit_isNotGoneOnFrom() throws {
        var trainer = try Baselines.trainer("breast_cancer")
        func refusal(_ algorithm: Algorithm? = .gbdt) -> String {
            let error = #expect(throws: TrainingError.self) { try trainer.train(algorithm) }
            return error?.description ?? ""
        }
        trainer.start = try Baselines.trainer("iris").train(.gbdt).graph
        #expect(refusal().contains("column"))
        var own = try model(of: .gbdt)
        trainer.start = own
        #expect(refusal(.logistic).contains("--continue-from"))
        own.output.labels = .strings(["a", "b"])
        trainer.start = own
        #expect(refusal().contains("classes"))
        own.output.labels = .integers([0, 1])
        own.output.slope = 2
        trainer.start = own
        #expect(refusal().contains("calibrated"))
    }

    private func model(of algorithm: Algorithm) throws -> ModelGraph {
        try Baselines.trainer("breast_cancer").train(algorithm).graph
    }
}
