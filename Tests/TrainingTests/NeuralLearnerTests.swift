// SPDX-License-Identifier: Apache-2.0
import Inference
import ModelFormat
import Testing

@testable import Training

@Suite struct NeuralLearnerTests {
    private func trained(_ data: String, _ change: (inout NeuralSettings) -> Void = { _ in }) throws
        -> TrainedModel
    {
        var trainer = try Baselines.trainer(data)
        var settings = NeuralSettings()
        change(&settings)
        trainer.learners = [NeuralLearner(settings)]
        return try trainer.train(.mlp)
    }

    private func value(_ name: String, _ metrics: [Metric]) throws -> Double {
        try #require(metrics.first { $0.name == name }?.value)
    }

    @Test(arguments: ["breast_cancer", "wine", "iris"])
    func itIsAsGoodAsTheOthers(data: String) throws {
        let metrics = try trained(data).testMetrics
        #expect(try value("accuracy", metrics) >= Baselines.metric(data, "mlp64", "accuracy") - 0.03)
        #expect(try value("roc_auc", metrics) >= Baselines.metric(data, "mlp64", "roc_auc") - 0.005)
    }

    @Test func numbers_areLearned() throws {
        let rmse = try value("rmse", try trained("diabetes").testMetrics)
        #expect(try rmse <= Baselines.metric("diabetes", "mlp64", "rmse") + 5)
    }

    @Test(arguments: NeuralSettings.Activation.allCases)
    func everyActivation_learns(activation: NeuralSettings.Activation) throws {
        let metrics = try trained("iris") {
            $0.activation = activation
            $0.hidden = [16, 8]
            $0.learningRate = 0.01
        }.testMetrics
        #expect(try value("accuracy", metrics) > 0.9)
    }

    @Test func whatIsFolded_answersAsItLearned() throws {
        let metrics = try trained("breast_cancer") {
            $0.hasBatchNorm = true
            $0.dropout = 0.2
            $0.hidden = [32, 16]
        }.testMetrics
        #expect(try value("accuracy", metrics) > 0.95)
    }

    @Test func theSameSeed_givesTheSameModel() throws {
        func train() throws -> ModelGraph {
            try trained("iris") {
                $0.dropout = 0.1
                $0.hasBatchNorm = true
                $0.epochs = 10
            }.graph
        }
        #expect(try train() == train())
    }

    @Test func itsSamples_allowForOtherCPUs() throws {
        let graph = try trained("iris") { $0.epochs = 5 }.graph
        #expect(graph.goldenSamples.allSatisfy { $0.tolerance == 1e-5 })
        #expect(try CompiledModel(graph).verify(graph.goldenSamples).isEmpty)
    }

    /// The slopes that are learned by are those of the loss, through every kind of layer.
    @Test(arguments: NeuralSettings.Activation.allCases, [false, true])
    func gradients_areThoseOfTheLoss(activation: NeuralSettings.Activation, hasBatchNorm: Bool) {
        var random = RandomSource(seed: 2)
        let (rows, width) = (6, 3)
        let input = (0..<rows * width).map { _ in random.uniform(below: 1) }
        let targets: [Float] = [0, 1, 2, 1, 0, 2]
        let loss = NeuralLoss.softmax(classCount: 3)
        var layers = [
            NeuralLayer(
                inputs: width, outputs: 4, activation: activation, hasBatchNorm: hasBatchNorm, random: &random
            ),
            NeuralLayer(inputs: 4, outputs: 3, activation: nil, hasBatchNorm: hasBatchNorm, random: &random),
        ]
        func value(_ layers: [NeuralLayer]) -> Double {
            var (layers, random) = (layers, RandomSource(seed: 1))
            layers[0].forward(input, rows: rows, dropout: 0, random: &random)
            layers[1].forward(layers[0].answers, rows: rows, dropout: 0, random: &random)
            var margins = layers[1].answers
            return loss.evaluate(&margins, targets[...]) / Double(rows)
        }
        layers[0].forward(input, rows: rows, dropout: 0, random: &random)
        layers[1].forward(layers[0].answers, rows: rows, dropout: 0, random: &random)
        var slopes = layers[1].answers
        _ = loss.evaluate(&slopes, targets[...])
        var inner = layers[1].backward(
            &slopes, input: layers[0].answers, rows: rows, isFirst: false, dropout: 0)
        _ = layers[0].backward(&inner, input: input, rows: rows, isFirst: true, dropout: 0)
        for layer in 0..<2 {
            for index in stride(from: 0, to: layers[layer].weights.values.count, by: 2) {
                var (above, below) = (layers, layers)
                above[layer].weights.values[index] += 0.01
                below[layer].weights.values[index] -= 0.01
                let difference = (value(above) - value(below)) / 0.02
                #expect(abs(difference - Double(layers[layer].weights.gradients[index])) < 4e-3)
            }
        }
    }

    @Test func aNetworkThatDiverges_isRefused() {
        let error = #expect(throws: TrainingError.self) {
            try trained("diabetes") {
                $0.weightDecay = 1e30
                $0.learningRate = 1
                $0.epochs = 5
            }
        }
        #expect(error?.code == "diverged")
    }

    @Test(arguments: ["hidden", "epochs", "dropout", "learning-rate", "batch-rows"])
    func settingsOutOfRange_areRefused(name: String) {
        let error = #expect(throws: TrainingError.self) {
            try trained("iris") {
                switch name {
                case "hidden": $0.hidden = [0]
                case "epochs": $0.epochs = 0
                case "dropout": $0.dropout = 1
                case "learning-rate": $0.learningRate = .nan
                default: $0.batchRows = 0
                }
            }
        }
        #expect(error?.description.hasPrefix("--\(name)") == true)
    }
}
