// SPDX-License-Identifier: Apache-2.0
import Tabular
import Testing

@testable import ModelFormat

@Suite struct IsotonicCalibrationTests {
    private func graph(_ calibration: IsotonicCalibration?, _ transform: OutputTransform = .logistic)
        -> ModelGraph
    {
        ModelGraph(
            schema: FeatureSchema(features: [Feature(name: "x", kind: .numeric)]), stages: [],
            estimator: .linear(LinearModel(coefficients: [1], intercepts: [0])),
            output: OutputDescription(
                transform: transform, labels: transform == .logistic ? .integers([0, 1]) : nil,
                calibration: calibration))
    }

    @Test func itIsWrittenAndRead() throws {
        let graph = graph(IsotonicCalibration(margins: [-1, 0.5, 2], probabilities: [0.1, 0.1, 0.9]))
        let bytes = try NativeModel.write(graph)
        #expect(try NativeModel.read(bytes.span) == graph)
        #expect(String(decoding: bytes, as: UTF8.self).contains("output.calibration"))
    }

    @Test(arguments: [
        ([0.0, 0], [0.1, 0.2]), ([1, 0], [0.1, 0.2]), ([0, 1], [0.2, 0.1]), ([0, 1], [0.1, 1.1]),
        ([0, 1], [-0.1, 0.5]), ([0, .infinity], [0.1, 0.2]), ([0, 1], [0.1]), ([], []),
        ([0, 1], [.nan, 0.5]),
    ])
    func whatIsNoCurve_isRefused(margins: [Double], probabilities: [Double]) {
        let graph = graph(IsotonicCalibration(margins: margins, probabilities: probabilities))
        #expect(throws: FormatError.self) { try graph.validate() }
    }

    @Test func anotherTransform_isRefused() {
        let calibration = IsotonicCalibration(margins: [0], probabilities: [0.5])
        #expect(throws: FormatError.self) { try graph(calibration, .identity).validate() }
    }

    @Test func betweenKnots_itIsStraight() {
        let calibration = IsotonicCalibration(margins: [0, 1, 3], probabilities: [0.2, 0.4, 0.8])
        for (margin, expected) in [(-5.0, 0.2), (0, 0.2), (0.5, 0.3), (1, 0.4), (2, 0.6), (3, 0.8), (9, 0.8)]
        {
            #expect(abs(calibration.probability(margin) - expected) < 1e-15)
        }
        #expect(calibration.probability(.nan).isNaN)
    }
}
