// SPDX-License-Identifier: Apache-2.0
import Glibc
import ModelFormat
import Tabular
import Testing

@testable import Inference

struct OutputTests {
    /// A model whose margins are its inputs.
    private func identityModel(
        _ width: Int, _ output: OutputDescription, trees: Bool
    ) throws -> CompiledModel {
        var coefficients = Array(repeating: 0.0, count: width * width)
        for index in 0..<width { coefficients[index * width + index] = 1 }
        let layer = MultilayerPerceptron.Layer(
            weights: coefficients.map { Float($0) }, biases: Array(repeating: 0, count: width),
            activation: .identity)
        let estimator: Estimator =
            trees
            ? .multilayerPerceptron(MultilayerPerceptron(layers: [layer]))
            : .linear(
                LinearModel(
                    coefficients: coefficients, intercepts: Array(repeating: 0, count: width)))
        return try CompiledModel(
            ModelGraph(schema: numericSchema(width), estimator: estimator, output: output))
    }

    private func answer(_ model: CompiledModel, _ rows: [[Double]]) -> Predictions {
        var predictions = Predictions()
        var scratch = InferenceScratch()
        var input = RowBlock()
        input.reset(columnCount: model.schema.count, numberType: model.inputType)
        input.appendRows(rows.count)
        for (row, values) in rows.enumerated() {
            for (column, value) in values.enumerated() { input.set(value, row: row, column: column) }
        }
        model.predict(input, into: &predictions, scratch: &scratch)
        return predictions
    }

    @Test func binaryClassifier_answersTheProbabilityOfTheSecondClass() throws {
        let model = try identityModel(
            1, OutputDescription(transform: .logistic, labels: .strings(["no", "yes"])), trees: true)
        #expect(
            model.outputs == [
                OutputSpecification(kind: .predictions, datatype: .float32, width: nil),
                OutputSpecification(kind: .probabilities, datatype: .float32, width: 2),
                OutputSpecification(kind: .labels, datatype: .bytes, width: nil),
                OutputSpecification(kind: .margin, datatype: .float32, width: nil),
            ])
        var predictions = answer(model, [[0], [2], [-2], [-200], [200], [.nan]])
        predictions.deriveProbabilities()
        #expect(predictions.values.value(row: 0, column: 0) == 0.5)
        let expected = 1 / (expf(-2) + 1)
        #expect(predictions.values.float32[1] == expected)
        #expect(predictions.probabilities.float32[2] == 1 - expected)
        #expect(predictions.probabilities.float32[3] == expected)
        // XGBoost caps the exponent: never 0.
        #expect(predictions.values.float32[3] == 1 / (expf(88.7) + 1))
        #expect(predictions.values.float32[4] == 1)
        #expect(predictions.values.float32[5].isNaN)
        #expect((0..<6).map { predictions.labelIndex(row: $0) } == [0, 1, 0, 0, 1, 0])
        #expect(predictions.margins.float32[1] == 2)
    }

    @Test func softmax_sumsToOneAndNamesTheFirstLargest() throws {
        for trees in [true, false] {
            let model = try identityModel(
                3, OutputDescription(transform: .softmax, labels: .integers([10, 20, 30])), trees: trees)
            #expect(model.outputs[0].width == 3)
            #expect(model.outputs[2].datatype == .int64)
            var predictions = answer(model, [[1, 2, 3], [5, 5, 1], [1000, 0, -1000]])
            predictions.deriveProbabilities()
            for row in 0..<3 {
                let sum = (0..<3).reduce(0.0) { $0 + predictions.values.value(row: row, column: $1) }
                #expect(abs(sum - 1) < 1e-6)
                for column in 0..<3 {
                    #expect(
                        predictions.probabilities.value(row: row, column: column)
                            == predictions.values.value(row: row, column: column))
                }
            }
            #expect((0..<3).map { predictions.labelIndex(row: $0) } == [2, 0, 0])
            #expect(predictions.numberType == (trees ? .float32 : .float64))
        }
    }

    @Test func argmax_answersTheIndexAndKeepsProbabilities() throws {
        let model = try identityModel(
            3, OutputDescription(transform: .argmax, labels: .strings(["a", "b", "c"])), trees: true)
        #expect(model.outputs[0].width == nil)
        #expect(model.outputs[3].width == 3)
        var predictions = answer(model, [[1, 2, 0], [4, 4, 0]])
        predictions.deriveProbabilities()
        #expect(predictions.values.float32[0] == 1)
        #expect(predictions.values.float32[1] == 0)
        #expect(predictions.labelIndex(row: 0) == 1)
        #expect(abs(predictions.probabilities.float32[1] - 0.665_24) < 1e-5)
    }

    @Test func hingeAndExponential_followXGBoost() throws {
        let hinge = try identityModel(
            1, OutputDescription(transform: .hinge, labels: .integers([0, 1])), trees: true)
        #expect(hinge.outputs.map(\.kind) == [.predictions, .labels, .margin])
        let predictions = answer(hinge, [[0.1], [0], [-1]])
        #expect((0..<3).map { predictions.values.value(row: $0, column: 0) } == [1, 0, 0])
        #expect((0..<3).map { predictions.labelIndex(row: $0) } == [1, 0, 0])
        let exponential = try identityModel(1, OutputDescription(transform: .exponential), trees: true)
        #expect(answer(exponential, [[1.5]]).values.float32[0] == expf(1.5))
        #expect(exponential.outputs.map(\.kind) == [.predictions, .margin])
    }

    @Test func divisorAndSlope_applyBeforeTheTransformAndNotToTheMargin() throws {
        let output = OutputDescription(transform: .logistic, divisor: 4, slope: 2.5)
        let predictions = answer(try identityModel(1, output, trees: false), [[3]])
        #expect(predictions.values.float64[0] == 1 / (1 + exp(-2.5 * 0.75)))
        #expect(predictions.margins.float64[0] == 3)
    }

    @Test func everyTransform_isComputedInBothTypes() throws {
        for trees in [true, false] {
            func values(_ transform: OutputTransform, _ row: [Double]) throws -> [Double] {
                let model = try identityModel(
                    row.count, OutputDescription(transform: transform), trees: trees)
                let predictions = answer(model, [row])
                return row.indices.map { predictions.values.value(row: 0, column: $0) }
            }
            #expect(try values(.signedSquare, [3, -3]) == [9, -9])
            #expect(try values(.meanAndVariance, [-3, 0]) == [-3, 1])
            #expect(try values(.probability, [0.25]) == [0.25])
            for (got, expected) in zip(try values(.softplus, [0.5, -2]), [0.974_077, 0.126_928]) {
                #expect(abs(got - expected) < 1e-6)
            }
            let each = try values(.logistic, [0, 2])
            #expect(each[0] == 0.5 && abs(each[1] - 0.880_797) < 1e-6)
        }
    }

    @Test func marginsThatAreProbabilities_nameTheLikeliestClass() throws {
        let binary = try identityModel(
            1, OutputDescription(transform: .probability, labels: .integers([0, 1])), trees: false)
        var predictions = answer(binary, [[0.4], [0.6]])
        predictions.deriveProbabilities()
        #expect((0..<2).map { predictions.labelIndex(row: $0) } == [0, 1])
        #expect(predictions.probabilities.float64[0] == 0.6)
        let several = try identityModel(
            3, OutputDescription(transform: .probability, labels: .integers([0, 1, 2])), trees: false)
        #expect(answer(several, [[0.2, 0.5, 0.3]]).labelIndex(row: 0) == 1)
    }

    @Test func labelsThatDoNotFit_areRefused() {
        #expect(throws: InferenceError.labelCount(expected: 2, got: 3)) {
            try identityModel(
                1, OutputDescription(transform: .logistic, labels: .strings(["a", "b", "c"])), trees: true)
        }
        #expect(throws: InferenceError.labelCount(expected: 3, got: 2)) {
            try identityModel(
                3, OutputDescription(transform: .softmax, labels: .strings(["a", "b"])), trees: true)
        }
        #expect(throws: InferenceError.transform(name: "exponential", outputCount: 1)) {
            try identityModel(
                1, OutputDescription(transform: .exponential, labels: .strings(["a", "b"])), trees: true)
        }
    }
}
