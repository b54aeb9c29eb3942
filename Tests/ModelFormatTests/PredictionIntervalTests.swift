// SPDX-License-Identifier: Apache-2.0
import Tabular
import Testing

@testable import ModelFormat

@Suite struct PredictionIntervalTests {
    private func graph(_ interval: PredictionInterval?, outputs: Int = 1, _ output: OutputDescription? = nil)
        -> ModelGraph
    {
        var output = output ?? OutputDescription(transform: .identity)
        output.interval = interval
        return ModelGraph(
            schema: FeatureSchema(features: [Feature(name: "x", kind: .numeric)]), stages: [],
            estimator: .linear(
                LinearModel(
                    coefficients: [Double](repeating: 1, count: outputs),
                    intercepts: [Double](repeating: 0, count: outputs))),
            output: output)
    }

    @Test func itIsWrittenAndRead() throws {
        for graph in [
            graph(PredictionInterval(level: 0.9, radius: 2.5, kind: .residual)),
            graph(PredictionInterval(level: 0.8, radius: -0.25, kind: .quantiles), outputs: 3),
        ] {
            let bytes = try NativeModel.write(graph)
            #expect(try NativeModel.read(bytes.span) == graph)
            #expect(String(decoding: bytes, as: UTF8.self).contains("output.interval"))
        }
    }

    @Test(arguments: [
        (0.0, 1.0, PredictionInterval.Kind.residual, 1), (1, 1, .residual, 1), (.nan, 1, .residual, 1),
        (0.9, -1, .residual, 1), (0.9, .infinity, .quantiles, 3), (0.9, 1, .residual, 2),
        (0.9, 1, .quantiles, 1), (0.9, 1, .quantiles, 2),
    ])
    func whatIsNoInterval_isRefused(
        level: Double, radius: Double, kind: PredictionInterval.Kind, outputs: Int
    ) {
        let graph = graph(PredictionInterval(level: level, radius: radius, kind: kind), outputs: outputs)
        #expect(throws: FormatError.self) { try graph.validate() }
    }

    @Test func aClassifier_hasNone() {
        let interval = PredictionInterval(level: 0.9, radius: 1, kind: .residual)
        let output = OutputDescription(transform: .logistic, labels: .integers([0, 1]))
        #expect(throws: FormatError.self) { try graph(interval, output).validate() }
        let scaled = OutputDescription(transform: .identity, divisor: 2)
        let quantiles = PredictionInterval(level: 0.9, radius: 1, kind: .quantiles)
        #expect(throws: FormatError.self) { try graph(quantiles, outputs: 3, scaled).validate() }
    }

    @Test(arguments: [
        ("\"kind\":\"residual\"", "\"kind\":\"other\""), ("\"level\":0.9", "\"levels\":0.9"),
        ("\"radius\":2.5", "\"radium\":2.5"), ("\"kind\":\"residual\",", ""),
    ])
    func aPartThatIsNotKnown_isNamed(part: String, other: String) throws {
        let text = GraphWriter.graphText(graph(PredictionInterval(level: 0.9, radius: 2.5, kind: .residual)))
        try #require(text.contains(part))
        let changed = Array(text.replacing(part, with: other).utf8)
        let error = #expect(throws: FormatError.self) { try GraphDocument(changed.span) }
        #expect(error?.description.contains("output.interval") == true)
    }
}
