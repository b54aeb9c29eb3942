// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Preprocess
import Tabular
import Testing

@testable import Inference

struct GoldenVerificationTests {
    private let schema = FeatureSchema(features: [
        Feature(name: "size", kind: .numeric),
        Feature(name: "colour", kind: .categorical(categories: ["red", "blue"])),
    ])

    private func model() throws -> CompiledModel {
        try CompiledModel(
            ModelGraph(
                schema: schema,
                stages: [
                    .impute(values: [10, .nan]), .encode([.pass, .oneHot(categoryCount: 2)]),
                ],
                estimator: .linear(LinearModel(coefficients: [1, 100, 1000], intercepts: [0.5])),
                output: OutputDescription(transform: .identity)))
    }

    private func mismatches(
        _ inputs: [SampleValue], _ predictions: [Double], tolerance: Double = 0
    ) throws -> [SampleMismatch.Reason] {
        try model().verify([GoldenSample(inputs: inputs, predictions: predictions, tolerance: tolerance)])
            .map(\.reason)
    }

    @Test func reproducedSamples_haveNoMismatch() throws {
        #expect(try mismatches([.number(3), .category("blue")], [1003.5]) == [])
        #expect(try mismatches([.missing, .category("red")], [110.5]) == [])
        #expect(try mismatches([.number(1), .category("green")], [1.5]) == [])
        #expect(try mismatches([.number(1), .missing], [1.5]) == [])
    }

    @Test func zeroTolerance_demandsTheSameBits() throws {
        let near = 1003.5.nextUp
        #expect(
            try mismatches([.number(3), .category("blue")], [near])
                == [.prediction(column: 0, expected: near, got: 1003.5, tolerance: 0)])
        #expect(try mismatches([.number(3), .category("blue")], [near], tolerance: 1e-12) == [])
    }

    @Test func smallNumbers_areComparedAbsolutely() throws {
        #expect(try mismatches([.number(-0.5), .missing], [9e-7], tolerance: 1e-5) == [])
        #expect(try mismatches([.number(-0.5), .missing], [2e-6], tolerance: 1e-5).count == 1)
    }

    @Test func samplesThatDoNotFit_sayWhy() throws {
        #expect(try mismatches([.number(3)], [1]) == [.inputCount(expected: 2, got: 1)])
        #expect(try mismatches([.category("x"), .missing], [1]) == [.inputKind(feature: "size")])
        #expect(try mismatches([.number(1), .number(0)], [1]) == [.inputKind(feature: "colour")])
        #expect(try mismatches([.number(1), .missing], [1, 2]) == [.predictionCount(expected: 1, got: 2)])
        #expect(try mismatches([.number(1), .missing], [.nan]).count == 1)
        #expect(try mismatches([.number(.nan), .missing], [10.5]) == [])
    }

    @Test func stagesThatDoNotFit_areRefused() {
        #expect(throws: InferenceError.preprocessing(.widthMismatch(stage: 0, width: 2))) {
            try CompiledModel(
                ModelGraph(
                    schema: schema, stages: [.impute(values: [1])],
                    estimator: .linear(LinearModel(coefficients: [1, 1], intercepts: [0])),
                    output: OutputDescription(transform: .identity)))
        }
    }
}
