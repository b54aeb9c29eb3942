// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular
import Testing

@testable import Training

@Suite struct EvaluationTests {
    /// 400 rows: the answer is yes when `a` is above 50 in three colours of four; in red ones it is chance.
    /// `noise` says nothing.
    private func trainer() throws -> ModelTrainer {
        var random = RandomSource(seed: 5)
        var (a, noise) = ([Double](), [Double]())
        var colours = Column.CategoryBuilder()
        var answers = Column.CategoryBuilder()
        for row in 0..<400 {
            let value = Double(Int.random(in: 0...100, using: &random))
            let colour = ["red", "green", "blue", "black"][row % 4]
            a.append(value)
            noise.append(Double(Int.random(in: 0...100, using: &random)))
            colours.append(colour)
            let isYes = colour == "red" ? random.next() % 2 == 0 : value > 50
            answers.append(isYes ? "yes" : "no")
        }
        let table = Table(
            names: ["a", "noise", "colour", "answer"],
            columns: [.numeric(a), .numeric(noise), colours.build(), answers.build()])
        let target = try Target("answer", in: table, task: nil)
        let rule = Split.Rule.random(testFraction: 0.4, validationFraction: 0, seed: 7)
        return try ModelTrainer(table, target: target, split: try Split(rule, table: table, target: target))
    }

    private func evaluation(_ algorithm: Algorithm) throws -> Evaluation {
        let trainer = try trainer()
        return try trainer.evaluate(trainer.train(algorithm), Evaluation.Settings())
    }

    @Test(arguments: [Algorithm.logistic, .gbdt])
    func theFeatureThatDecides_isTheMostImportant(algorithm: Algorithm) throws {
        let importances = try evaluation(algorithm).importances
        #expect(importances.map(\.feature).first == "a")
        #expect(importances[0].permutation > 0.1)
        let noise = try #require(importances.first { $0.feature == "noise" })
        #expect(noise.permutation < importances[0].permutation / 3)
    }

    @Test func contributions_ofALinearModel_areItsTerms() throws {
        let importances = try evaluation(.logistic).importances
        #expect(importances.allSatisfy { $0.contribution != nil })
        let largest = importances.max { $0.contribution ?? 0 < $1.contribution ?? 0 }
        #expect(largest?.feature == "a")
    }

    @Test func dependence_risesWithTheFeature() throws {
        let dependence = try #require(try evaluation(.logistic).dependences.first { $0.feature == "a" })
        #expect(dependence.lines.map(\.label) == ["yes"])
        let means = dependence.lines[0].means
        #expect(means == means.sorted())
        #expect(means[0] < 0.3 && means[means.count - 1] > 0.7)
        guard case .numbers(let points) = dependence.points else { throw Wrong() }
        #expect(points.count == means.count && points == points.sorted())
    }

    @Test func theSliceThatIsChance_isTheHardest() throws {
        let slices = try evaluation(.gbdt).slices.filter { $0.feature == "colour" }
        let losses = slices.map { slice in
            (slice.description, slice.metrics.first { $0.name == "log_loss" }?.value ?? 0)
        }
        #expect(losses.count == 4)
        #expect(losses.max { $0.1 < $1.1 }?.0 == "red")
        #expect(slices.reduce(0) { $0 + $1.rowCount } == 160)
    }

    @Test func intervals_holdTheMetric() throws {
        let evaluation = try evaluation(.gbdt)
        #expect(evaluation.intervals.count == evaluation.testMetrics.count)
        let accuracy = evaluation.testMetrics[0].value
        let interval = evaluation.intervals[0]
        #expect(interval.low < accuracy && accuracy < interval.high)
        #expect(interval.high - interval.low < 0.2)
    }

    @Test func theSameSeed_givesTheSameEvaluation() throws {
        func text() throws -> [UInt8] {
            var buffer = ByteBuffer()
            try evaluation(.gbdt).document.write(into: &buffer)
            return Array(String(copying: buffer.bytes).utf8)
        }
        #expect(try text() == text())
    }

    @Test func crossValidation_measuresEachRowOnce() throws {
        let trainer = try trainer()
        let validation = try trainer.crossValidate(.gbdt, folds: 5)
        #expect(validation.folds.count == 5)
        let accuracy = try #require(validation.summary.first { $0.name == "accuracy" })
        #expect(accuracy.mean > 0.75 && accuracy.deviation < 0.1)
        let error = #expect(throws: TrainingError.self) { try trainer.crossValidate(.gbdt, folds: 1) }
        #expect(error?.code == "setting")
    }

    @Test func anotherModel_isComparedOnTheSameRows() throws {
        let trainer = try trainer()
        let (live, new) = (try trainer.train(.logistic).graph, try trainer.train(.gbdt).graph)
        let comparison = try trainer.compare(new, withLive: live, named: "m/1", Evaluation.Settings())
        #expect(comparison.obstacle == nil)
        #expect(
            comparison.metrics == (try trainer.evaluator(live).metrics(trainer.split.test, trainer.target)))
        #expect(comparison.differences.count == comparison.metrics.count)
        let same = try trainer.compare(new, withLive: new, named: "m/2", Evaluation.Settings())
        #expect(same.differences.allSatisfy { $0.low == 0 && $0.high == 0 })
    }

    @Test func aModelOfOtherColumns_isNotCompared() throws {
        let trainer = try trainer()
        let other = try Baselines.trainer("iris").train(.logistic).graph
        let comparison = try trainer.compare(
            try trainer.train(.logistic).graph, withLive: other, named: "iris/1", Evaluation.Settings())
        #expect(comparison.obstacle?.contains("which the data lacks") == true)
        #expect(comparison.metrics.isEmpty)
    }

    @Test func numbers_haveResiduals() throws {
        let trainer = try Baselines.trainer("diabetes")
        let evaluation = try trainer.evaluate(trainer.train(.linear), Evaluation.Settings())
        let residuals = try #require(evaluation.residuals)
        #expect(residuals.sample.count == 111)
        #expect(residuals.histogram.counts.reduce(0, +) == 111)
        #expect(residuals.quantiles == residuals.quantiles.sorted())
        #expect(evaluation.curves.isEmpty && evaluation.confusion == nil)
    }

    private struct Wrong: Error {}
}
