// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular
import Testing

@testable import Inference

struct LinearKernelTests {
    @Test(arguments: [1, 2, 7, 8, 9, 16, 31, 300], [1, 3])
    func everyWidth_answersAsTheReferenceBitForBit(width: Int, outputs: Int) throws {
        var random = RandomSource(seed: UInt64(width * 10 + outputs))
        let model = LinearModel(
            coefficients: (0..<width * outputs).map { _ in Double(random.float()) * 1e3 },
            intercepts: (0..<outputs).map { _ in Double(random.float()) })
        let rows = (0..<50).map { _ in
            (0..<width).map { _ in
                random.chance(0.05) ? Double(random.awkwardFloat()) : Double(random.float())
            }
        }
        let compiled = try CompiledModel(
            ModelGraph(
                schema: numericSchema(width), estimator: .linear(model),
                output: OutputDescription(transform: .identity)))
        #expect(compiled.inputType == .float64)
        let expected = rows.flatMap { referenceMargins(model, row: $0) }
        var predictions = Predictions()
        var scratch = InferenceScratch()
        for batch in [1, 7, 50] {
            var got: [Double] = []
            for first in stride(from: 0, to: rows.count, by: batch) {
                let part = Array(rows[first..<min(first + batch, rows.count)])
                compiled.predict(block(part, columns: width), into: &predictions, scratch: &scratch)
                let values = predictions.values.float64
                for index in values.indices { got.append(values[index]) }
            }
            for (got, expected) in zip(got, expected) {
                // A NaN's sign and payload depend on the order of operands that the compiler chose.
                #expect(got.bitPattern == expected.bitPattern || (got.isNaN && expected.isNaN))
            }
        }
    }

    @Test(arguments: [1, 7, 28], [1, 3])
    func float32Models_answerAsXGBoostAddsUp(width: Int, outputs: Int) throws {
        var random = RandomSource(seed: UInt64(width * 10 + outputs))
        let model = LinearModel(
            numberType: .float32, coefficients: (0..<width * outputs).map { _ in Double(random.float()) },
            intercepts: (0..<outputs).map { _ in Double(random.float()) })
        let rows = (0..<40).map { _ in
            (0..<width).map { _ in random.chance(0.3) ? random.awkwardFloat() : random.float() }
        }
        let graph = ModelGraph(
            schema: numericSchema(width), estimator: .linear(model),
            output: OutputDescription(transform: .identity))
        try graph.validate()
        let compiled = try CompiledModel(graph)
        #expect(compiled.inputType == .float32)
        #expect(compiled.outputs[0].datatype == .float32)
        var predictions = Predictions()
        var scratch = InferenceScratch()
        compiled.predict(block(rows, columns: width), into: &predictions, scratch: &scratch)
        for (index, expected) in rows.flatMap({ referenceMargins(model, row: $0) }).enumerated() {
            let got = predictions.values.float32[index]
            #expect(got.bitPattern == expected.bitPattern || (got.isNaN && expected.isNaN))
        }
    }

    @Test func wrongShapes_areRefused() {
        #expect(throws: InferenceError.noOutputs) {
            try LinearKernel(LinearModel(coefficients: [], intercepts: []), inputCount: 0)
        }
        #expect(throws: InferenceError.arrayLength(name: "linear coefficients", expected: 4, got: 3)) {
            try LinearKernel(LinearModel(coefficients: [1, 2, 3], intercepts: [0, 0]), inputCount: 2)
        }
    }
}
