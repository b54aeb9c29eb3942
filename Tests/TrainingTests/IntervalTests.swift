// SPDX-License-Identifier: Apache-2.0
import Inference
import ModelFormat
import Tabular
import Testing

@testable import Training

@Suite struct IntervalTests {
    /// y = 2x + noise whose width grows with x; the last half of the rows is for the test.
    private func trainer(rows: Int, seed: UInt64 = 3, classes: Bool = false) throws -> ModelTrainer {
        var random = RandomSource(seed: seed)
        var (xs, ys) = ([Double](), [Double]())
        var kinds = Column.CategoryBuilder()
        for row in 0..<rows {
            let x = random.unit()
            // The sum of uniform numbers is near enough to a normal one.
            let noise = (0..<6).reduce(-3.0) { sum, _ in sum + random.unit() }
            xs.append(x)
            kinds.append(["a", "b", "c"][row % 3])
            ys.append(2 * x + (row % 3 == 0 ? 1 : 0) + (0.1 + 2 * x) * noise)
        }
        let table = Table(
            names: ["x", "kind", "y"],
            columns: [.numeric(xs), kinds.build(), .numeric(classes ? ys.map { $0 > 1 ? 1 : 0 } : ys)])
        let half = rows / 2
        return try ModelTrainer(
            table, target: try Target("y", in: table, task: nil),
            split: Split(train: Array(0..<half), test: Array(half..<rows)))
    }

    /// For each of `rows` the bounds, by the serving kernels.
    private func bounds(_ graph: ModelGraph, _ table: Table, _ rows: [Int]) throws -> [(Double, Double)] {
        let model = try CompiledModel(graph)
        #expect(model.outputs.map(\.name).contains("lower") && model.outputs.map(\.name).contains("upper"))
        var block = RowBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        table.fill(&block, rows: rows[...], schema: model.schema, as: model.inputType)
        model.predict(block, into: &predictions, scratch: &scratch)
        #expect(predictions.width == 1)
        predictions.deriveBounds()
        return rows.indices.map {
            (predictions.bounds.value(row: $0, column: 0), predictions.bounds.value(row: $0, column: 1))
        }
    }

    @Test(arguments: [
        (Algorithm.linear, IntervalSettings.Method.residual), (.gbdt, .residual), (.gbdt, .quantiles),
        (.randomForest, .residual),
    ])
    func asManyTruthsLieInside_asWasAskedFor(algorithm: Algorithm, method: IntervalSettings.Method) throws {
        for level in [0.5, 0.9] {
            var trainer = try trainer(rows: 8_000)
            var settings = BoostingSettings()
            settings.rounds = 40
            var forest = ForestSettings()
            forest.treeCount = 20
            trainer.learners = [BoostingLearner(settings), ForestLearner(.randomForest, forest)]
            trainer.interval = IntervalSettings(level: level, method: method)
            let trained = try trainer.train(algorithm)
            let rows = trainer.split.test
            let found = try bounds(trained.graph, trainer.table, rows)
            let inside = rows.indices.count {
                let truth = trainer.target.values[rows[$0]]
                return found[$0].0 <= truth && truth <= found[$0].1
            }
            // 4,000 test rows and 800 that the radius comes from: three deviations are 0.06 at the most.
            #expect(abs(Double(inside) / Double(rows.count) - level) < 0.06, "\(level)")
            let widths = found.map { $0.1 - $0.0 }
            if method == .residual {
                #expect(try #require(widths.max()) - #require(widths.min()) < 1e-4)
            } else {
                #expect(try #require(widths.max()) > 3 * #require(widths.min()))
            }
            #expect(trained.settings.contains { $0.name == "interval_rows" && $0.value == "800" })
            let bytes = try NativeModel.write(trained.graph)
            let read = try NativeModel.read(bytes.span)
            #expect(read == trained.graph)
            #expect(try CompiledModel(read).verify(read.goldenSamples).isEmpty)
        }
    }

    @Test func aPairOfQuantiles_leavesThePredictionAsItWas() throws {
        var trainer = try trainer(rows: 1_000)
        var settings = BoostingSettings()
        settings.rounds = 10
        trainer.learners = [BoostingLearner(settings)]
        trainer.interval = IntervalSettings(level: 0.8)
        let plain = try trainer.train(.gbdt)
        trainer.interval = IntervalSettings(level: 0.8, method: .quantiles)
        #expect(try trainer.train(.gbdt).testMetrics == plain.testMetrics)
    }

    @Test func theRadius_isTheScoreOfTheRankThatHolds() throws {
        let scores = (1...19).map(Double.init)
        #expect(try IntervalSettings(level: 0.9).radius(scores) == 18)
        #expect(try IntervalSettings(level: 0.95).radius(scores) == 19)
        #expect(try IntervalSettings(level: 0.5).radius(scores) == 10)
        #expect(try IntervalSettings(level: 0.9).radius((1...9).map(Double.init)) == 9)
        let error = #expect(throws: TrainingError.self) { try IntervalSettings(level: 0.96).radius(scores) }
        #expect(error?.description.contains("24 held-out rows") == true, "\(error?.description ?? "")")
    }

    @Test func whatHasNoInterval_isRefused() throws {
        var numbers = try trainer(rows: 400)
        numbers.interval = IntervalSettings(level: 1)
        #expect(throws: TrainingError.self) { try numbers.train(.linear) }
        numbers.interval = IntervalSettings(level: 0.9, method: .quantiles)
        let error = #expect(throws: TrainingError.self) { try numbers.train(.linear) }
        #expect(error?.description.contains("residual") == true)
        var classes = try trainer(rows: 400, classes: true)
        classes.interval = IntervalSettings(level: 0.9)
        #expect(throws: TrainingError.self) { try classes.train(.logistic) }
    }
}
