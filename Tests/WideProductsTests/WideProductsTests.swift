// SPDX-License-Identifier: Apache-2.0
import FusedProducts
import LinearAlgebra
import TestKit
import Testing
import WideProducts

/// The wide build answers with the bits of the other one; where a CPU has no AVX-512 nothing is run.
@Suite(.enabled(if: FusedCPU.wide.isPresent)) struct WideProductsTests {
    @Test(arguments: 1...19, [1, 15, 16, 33, 64, 130, 200])
    func rowsTimesPanels_areTheSameBits(rows: Int, outputs: Int) {
        let inputs = 13
        let panels = SeededGenerator.floats((outputs + 15) / 16 * inputs * 16, seed: 1)
        let bias = SeededGenerator.floats((outputs + 15) / 16 * 16, seed: 2)
        let values = SeededGenerator.floats(rows * inputs, seed: 3)
        var wide = [Float](repeating: -1, count: rows * outputs + 1)
        var fused = wide
        // Safe because the arrays have the sizes that the function's comment asks for.
        unsafe WideProducts.Products.multiply(
            weights: panels, outputs: outputs, bias: bias, cutsNegatives: true, runs: nil, runCount: 1,
            runLength: inputs, input: values, inputStep: inputs, inputTable: nil, output: &wide,
            outputStep: outputs, outputTable: nil, rowCount: rows)
        unsafe FusedProducts.Products.multiply(
            weights: panels, outputs: outputs, bias: bias, cutsNegatives: true, runs: nil, runCount: 1,
            runLength: inputs, input: values, inputStep: inputs, inputTable: nil, output: &fused,
            outputStep: outputs, outputTable: nil, rowCount: rows)
        #expect(wide.map(\.bitPattern) == fused.map(\.bitPattern))
        #expect(wide[rows * outputs] == -1)
    }

    @Test(arguments: 1...40) func matricesAndFewOutputs_areTheSameBits(columns: Int) {
        let (rows, inner) = (7, 45)
        let a = SeededGenerator.floats(rows * inner, seed: 4)
        let b = SeededGenerator.floats(inner * columns, seed: 5)
        var wide = [Float](repeating: -1, count: rows * columns + 1)
        var fused = wide
        // Safe because the arrays have the sizes that the functions' comments ask for.
        unsafe WideProducts.Products.multiply(a, b, &wide, rows: rows, inner: inner, columns: columns)
        unsafe FusedProducts.Products.multiply(a, b, &fused, rows: rows, inner: inner, columns: columns)
        #expect(wide.map(\.bitPattern) == fused.map(\.bitPattern))
        unsafe WideProducts.Products.multiplyFew(
            weights: b, bias: nil, cutsNegatives: false, rows: a, products: &wide, rowCount: rows,
            inputs: inner, outputs: columns)
        unsafe FusedProducts.Products.multiplyFew(
            weights: b, bias: nil, cutsNegatives: false, rows: a, products: &fused, rowCount: rows,
            inputs: inner, outputs: columns)
        #expect(wide.map(\.bitPattern) == fused.map(\.bitPattern))
    }

    @Test(arguments: 1...40, [false, true]) func pooling_isTheSameBits(channels: Int, mean: Bool) {
        let values = SeededGenerator.floats(9 * channels, seed: 6)
        let window = [0, 1, 3, 4].map { $0 * channels }
        let places = [0, 1, 3, 4].map { $0 * channels }
        let answers = (0..<4).map { $0 * channels }
        var wide = [Float](repeating: -1, count: 4 * channels + 1)
        var fused = wide
        // Safe because the last place of the last window is the ninth.
        unsafe WideProducts.Products.pool(
            values, inputTable: places, window: window, windowCount: 4, channels: channels, mean: mean,
            output: &wide, outputTable: answers, count: 4)
        unsafe FusedProducts.Products.pool(
            values, inputTable: places, window: window, windowCount: 4, channels: channels, mean: mean,
            output: &fused, outputTable: answers, count: 4)
        #expect(wide.map(\.bitPattern) == fused.map(\.bitPattern))
        #expect(wide[4 * channels] == -1)
    }
}
