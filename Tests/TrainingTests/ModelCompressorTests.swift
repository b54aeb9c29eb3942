// SPDX-License-Identifier: Apache-2.0
import Inference
import ModelFormat
import Tabular
import Testing

@testable import Training

@Suite struct ModelCompressorTests {
    /// Two numbers, a category, and a class or a number that depends on them with noise.
    private func table(_ rowCount: Int, classes: Bool) -> Table {
        var random = RandomSource(seed: 5)
        var first: [Double] = []
        var second: [Double] = []
        var colours = Column.CategoryBuilder()
        var answers = Column.CategoryBuilder()
        var numbers: [Double] = []
        for row in 0..<rowCount {
            let (x, y) = (random.unit() * 4 - 2, random.unit() * 1_000)
            let colour = ["red", "green", "blue"][row % 3]
            first.append(row % 31 == 0 ? .nan : x)
            second.append(y)
            colours.append(colour)
            let score = x * (colour == "red" ? 2 : 1) + y / 1_000
            answers.append(score + random.unit() > 1 ? "yes" : "no")
            numbers.append(score + random.unit() / 4)
        }
        return Table(
            names: ["x", "y", "colour", "answer"],
            columns: [
                .numeric(first), .numeric(second), colours.build(),
                classes ? answers.build() : .numeric(numbers),
            ])
    }

    private func trained(
        _ algorithm: Algorithm, classes: Bool = true
    ) throws -> (graph: ModelGraph, table: Table, target: Target) {
        let table = table(1_200, classes: classes)
        let target = try Target("answer", in: table, task: classes ? .classification : .regression)
        let rule = Split.Rule.random(testFraction: 0.25, validationFraction: 0, seed: 7)
        let trainer = try ModelTrainer(
            table, target: target, split: try Split(rule, table: table, target: target))
        return (try trainer.train(algorithm).graph, table, target)
    }

    @Test(arguments: [true, false])
    func trees_shrinkWithinTheLossThatIsAllowed(classes: Bool) throws {
        let (graph, table, target) = try trained(.gbdt, classes: classes)
        let compressor = ModelCompressor(table, target: target, lossGrowthMax: 0.05, leavesOut: true)
        let result = try compressor.compress(graph, ModelCompressor.usualSteps(graph))
        let measures = result.measures
        #expect(measures.map(\.step).prefix(4) == ["original", "narrow", "late_trees", "splits"])
        #expect(measures[1].loss == measures[0].loss && measures[1].byteCount < measures[0].byteCount)
        for measure in measures where measure.isKept {
            #expect(measure.loss <= measures[0].loss * 1.05)
            #expect(measure.rowMicroseconds > 0 && measure.blockRowMicroseconds > 0)
        }
        let bytes = try NativeModel.write(result.graph, isNarrow: true)
        #expect(bytes.count < measures[0].byteCount * 3 / 4)
        #expect(bytes.count < measures[1].byteCount)
        let read = try NativeModel.read(bytes.span)
        #expect(try CompiledModel(read).verify(read.goldenSamples).isEmpty)
        #expect(read.goldenSamples.count == 8)
        #expect(read.lineage.facts["compression.steps"]?.contains("late_trees") == true)
        // What is measured is what is written.
        let last = try #require(measures.last { $0.isKept })
        #expect(try Evaluator(read, table).answers(Array(0..<table.rowCount), target).loss == last.loss)
    }

    @Test func forestsOfLeafVectors_shrink() throws {
        let table = table(900, classes: true)
        let column = Column.numeric((0..<900).map { Double($0 % 3) })
        let three = Table(names: table.names, columns: Array(table.columns.prefix(3)) + [column])
        let target = try Target("answer", in: three, task: .classification)
        let rule = Split.Rule.random(testFraction: 0.25, validationFraction: 0, seed: 7)
        let trainer = try ModelTrainer(
            three, target: target, split: try Split(rule, table: three, target: target))
        let graph = try trainer.train(.randomForest).graph
        let compressor = ModelCompressor(three, target: target, lossGrowthMax: 0.2, leavesOut: true)
        let result = try compressor.compress(graph, [.splits, .leaves])
        #expect(result.measures.contains { $0.step == "splits" && $0.isKept })
        #expect(try NativeModel.write(result.graph, isNarrow: true).count < result.measures[0].byteCount)
    }

    @Test(arguments: [CompressionStep.WeightType.float16, .int8])
    func networksAndLinearModels_holdNarrowWeights(type: CompressionStep.WeightType) throws {
        for algorithm in [Algorithm.mlp, .logistic] {
            let (graph, table, target) = try trained(algorithm)
            let compressor = ModelCompressor(table, target: target, lossGrowthMax: 0.1, leavesOut: false)
            let result = try compressor.compress(graph, [.smallWeights(part: 0.05), .weights(type)])
            let bytes = try NativeModel.write(result.graph, isNarrow: true)
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.contains(type == .int8 ? #""dtype":"I8""# : #""dtype":"F16""#))
            #expect(try NativeModel.read(bytes.span).estimator == result.graph.estimator)
        }
    }

    @Test func aStepThatCostsTooMuch_isRefusedOrLeftOut() throws {
        let (graph, table, target) = try trained(.logistic)
        let steps = [CompressionStep.smallWeights(part: 1)]
        let strict = ModelCompressor(table, target: target, lossGrowthMax: 0.01, leavesOut: false)
        let error = #expect(throws: TrainingError.self) { try strict.compress(graph, steps) }
        #expect(error?.code == "compression_loss")
        let lenient = ModelCompressor(table, target: target, lossGrowthMax: 0.01, leavesOut: true)
        let result = try lenient.compress(graph, steps)
        #expect(result.measures.last?.isKept == false)
        #expect(result.graph.estimator == graph.estimator)
    }

    @Test func whatDoesNotApply_isSaid() throws {
        let (graph, table, target) = try trained(.logistic)
        let compressor = ModelCompressor(table, target: target, lossGrowthMax: 1, leavesOut: false)
        for step in [CompressionStep.lateTrees, .splits, .leaves, .thresholds] {
            let error = #expect(throws: TrainingError.self) { try compressor.compress(graph, [step]) }
            #expect(error == .cannotCompress(reason: "\(step.name) does not apply to it"))
        }
        let other = try Target("x", in: Table(names: ["x"], columns: [.numeric([1, 2])]), task: nil)
        let wrong = ModelCompressor(table, target: other, lossGrowthMax: 1, leavesOut: false)
        #expect(throws: TrainingError.self) { try wrong.compress(graph, []) }
    }
}
