// SPDX-License-Identifier: Apache-2.0
import Foundation
import Inference
import ModelFormat
import Testing

@testable import Training

@Suite struct CalibrationTests {
    /// Margins with outcomes that are too sure of themselves by a factor of three, and shifted.
    private func sample(_ count: Int) -> (margins: [Double], isPositive: [Bool]) {
        var random = RandomSource(seed: 6)
        let scores = (0..<count).map { _ in 6 * random.unit() - 3 }
        let outcomes = scores.map { random.unit() < 1 / (1 + exp(-$0)) }
        return (scores.map { 3 * ($0 - 0.5) }, outcomes)
    }

    @Test func platt_findsTheScaleAndTheShift() {
        let (margins, isPositive) = sample(20_000)
        let scaling = PlattScaling(margins: margins, isPositive: isPositive)
        #expect(abs(scaling.slope - 1.0 / 3) < 0.02)
        #expect(abs(scaling.offset - 0.5) < 0.06)
    }

    @Test func platt_endsWhereTheGradientVanishes() {
        let margins = [-2.0, -1, 0.5, 1, 3, -0.5]
        let isPositive = [false, false, true, false, true, true]
        let scaling = PlattScaling(margins: margins, isPositive: isPositive)
        var (first, second) = (0.0, 0.0)
        for (margin, isPositive) in zip(margins, isPositive) {
            let error =
                1 / (1 + exp(-(scaling.slope * margin + scaling.offset))) - (isPositive ? 4.0 / 5 : 1.0 / 5)
            first += error * margin
            second += error
        }
        #expect(abs(first) < 1e-8 && abs(second) < 1e-8)
    }

    @Test func temperature_isWhereTheLossIsLeast() {
        let (margins, isPositive) = sample(5_000)
        let unshifted = margins.map { $0 + 1.5 }
        let temperature = TemperatureScaling.fit(margins: unshifted, classes: isPositive.map { $0 ? 1 : 0 })
        #expect(abs(temperature - 3) < 0.2)
        // Two margins a row say the same as their difference.
        let pairs = unshifted.flatMap { (margin) -> [Double] in [0, margin] }
        #expect(
            abs(TemperatureScaling.fit(margins: pairs, classes: isPositive.map { $0 ? 1 : 0 }) - temperature)
                < 1e-6)
    }

    private struct Original: Decodable {
        struct Case: Decodable {
            var scores, grid, sigmoid, isotonic: [Double]
            var outcomes: [Int]
            var slope, offset: Double
        }

        var cases: [Case]
    }

    @Test func itIsWhatScikitLearnComesTo() throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: Baselines.path("calibration.json")))
        let original = try JSONDecoder().decode(Original.self, from: bytes)
        try #require(original.cases.count == 3)
        for sample in original.cases {
            let isPositive = sample.outcomes.map { $0 == 1 }
            let platt = PlattScaling(margins: sample.scores, isPositive: isPositive)
            // Its solver stops where gradients are small; this one goes on to the last digits.
            #expect(abs(platt.slope - sample.slope) < 2e-6 && abs(platt.offset - sample.offset) < 2e-6)
            let isotonic = IsotonicRegression.fit(margins: sample.scores, isPositive: isPositive)
            for (place, score) in sample.grid.enumerated() {
                let probability = 1 / (1 + exp(-(platt.slope * score + platt.offset)))
                #expect(abs(probability - sample.sigmoid[place]) < 1e-6)
                #expect(abs(isotonic.probability(score) - sample.isotonic[place]) < 1e-12, "\(score)")
            }
        }
    }

    @Test(arguments: [CalibrationMethod.platt, .isotonic])
    func aForestsShares_areCalibratedToo(method: CalibrationMethod) throws {
        var settings = ForestSettings()
        settings.treeCount = 20
        var trainer = try Baselines.trainer("breast_cancer")
        trainer.learners = [ForestLearner(.randomForest, settings)]
        trainer.calibration = method
        let trained = try trainer.train(.randomForest)
        #expect(trained.graph.output.transform == .logistic)
        #expect(try #require(trained.testMetrics.first { $0.name == "log_loss" }?.value) < 0.25)
        trainer.calibration = .temperature
        #expect(throws: TrainingError.self) { try trainer.train(.randomForest) }
    }

    @Test func isotonic_poolsWhatIsInTheWrongOrder() {
        // Means of 1, (1 + 0)/2 and 1 after pooling: 0 | 1 0 | 1.
        let calibration = IsotonicRegression.fit(
            margins: [4, 1, 2, 3], isPositive: [true, false, true, false])
        #expect(calibration.margins == [1, 2, 3, 4])
        #expect(calibration.probabilities == [0, 0.5, 0.5, 1])
        #expect(calibration.probability(0) == 0)
        #expect(calibration.probability(3.5) == 0.75)
        #expect(calibration.probability(9) == 1)
    }

    @Test func isotonic_ofEqualMargins_isTheirMean() {
        let calibration = IsotonicRegression.fit(
            margins: [2, 2, 2, 2], isPositive: [true, false, true, true])
        #expect(calibration.margins == [2] && calibration.probabilities == [0.75])
    }

    @Test(arguments: CalibrationMethod.allCases, [Algorithm.gbdt, .logistic, .mlp])
    func aCalibratedModel_isServedAsItWasMeasured(method: CalibrationMethod, algorithm: Algorithm) throws {
        var trainer = try Baselines.trainer("breast_cancer")
        if algorithm == .mlp {
            var settings = NeuralSettings()
            settings.epochs = 10
            trainer.learners = [NeuralLearner(settings)]
        }
        trainer.calibration = method
        let trained = try trainer.train(algorithm)
        #expect(trained.settings.contains { $0.name == "calibration" && $0.value == method.rawValue })
        let bytes = try NativeModel.write(trained.graph)
        let read = try NativeModel.read(bytes.span)
        #expect(read == trained.graph)
        #expect(try CompiledModel(read).verify(read.goldenSamples).isEmpty)
        let accuracy = try #require(trained.testMetrics.first { $0.name == "accuracy" }?.value)
        #expect(accuracy > 0.93)
    }

    @Test func trees_losesLess_onceTheyAreCalibrated() throws {
        var trainer = try Baselines.trainer("breast_cancer")
        func loss(_ trained: TrainedModel) throws -> Double {
            try #require(trained.testMetrics.first { $0.name == "log_loss" }?.value)
        }
        let before = try loss(trainer.train(.gbdt))
        trainer.calibration = .temperature
        #expect(try loss(trainer.train(.gbdt)) <= before + 0.01)
    }

    @Test func whatHasNoProbabilities_isNotCalibrated() throws {
        var numbers = try Baselines.trainer("diabetes")
        numbers.calibration = .temperature
        #expect(throws: TrainingError.self) { try numbers.train(.linear) }
        var classes = try Baselines.trainer("iris")
        classes.calibration = .platt
        let error = #expect(throws: TrainingError.self) { try classes.train(.logistic) }
        #expect(error?.description.contains("temperature") == true)
        classes.calibration = .temperature
        #expect(try classes.train(.logistic).graph.output.divisor != 1)
    }
}
