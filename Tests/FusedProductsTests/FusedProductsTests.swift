// SPDX-License-Identifier: Apache-2.0
import FusedProducts
import LinearAlgebra
import TestKit
import Testing

/// Every tile against one fused sum after the other, bit for bit; where a CPU has no FMA nothing is run.
@Suite(.enabled(if: FusedCPU.fused.isPresent)) struct FusedProductsTests {
    private func panels(_ weights: [Float], inputs: Int, outputs: Int) -> [Float] {
        let width = Products.panelWidth
        var panels = [Float](repeating: 0, count: (outputs + width - 1) / width * inputs * width)
        for output in 0..<outputs {
            for input in 0..<inputs {
                panels[(output / width * inputs + input) * width + output % width] =
                    weights[output * inputs + input]
            }
        }
        return panels
    }

    @Test(
        arguments: [
            (1, 1, 1), (1, 7, 64), (1, 5, 130), (2, 3, 16), (3, 28, 96), (4, 9, 17), (5, 2, 31), (6, 11, 33),
            (8, 4, 48), (11, 4, 48), (13, 28, 79), (17, 3, 20),
        ], [false, true])
    func rowsTimesPanels_areSumsInOrder(shape: (rows: Int, inputs: Int, outputs: Int), cutsNegatives: Bool) {
        let (rows, inputs, outputs) = shape
        let weights = SeededGenerator.floats(inputs * outputs, seed: 1)
        let values = SeededGenerator.floats(rows * inputs, seed: 2)
        let bias = SeededGenerator.floats(outputs, seed: 3)
        let padded = bias + [Float](repeating: 0, count: (outputs + 15) / 16 * 16 - outputs)
        // One number more than there is room for: it must stay.
        var products = [Float](repeating: -1, count: rows * outputs + 1)
        // Safe because the arrays have the sizes that the function's comment asks for.
        unsafe Products.multiply(
            weights: panels(weights, inputs: inputs, outputs: outputs), outputs: outputs, bias: padded,
            cutsNegatives: cutsNegatives, runs: nil, runCount: 1, runLength: inputs, input: values,
            inputStep: inputs, inputTable: nil, output: &products, outputStep: outputs, outputTable: nil,
            rowCount: rows)
        #expect(products[rows * outputs] == -1)
        for row in 0..<rows {
            for output in 0..<outputs {
                var sum: Float = 0
                for input in 0..<inputs {
                    sum.addProduct(values[row * inputs + input], weights[output * inputs + input])
                }
                sum += bias[output]
                if cutsNegatives && sum < 0 { sum = 0 }
                #expect(products[row * outputs + output].bitPattern == sum.bitPattern)
            }
        }
    }

    /// Three runs of five inputs each, of rows that overlap, to places in reverse.
    @Test func runsAndTables_sayWhereNumbersAre() {
        let (rows, outputs, depth) = (11, 20, 15)
        let weights = SeededGenerator.floats(depth * outputs, seed: 4)
        let values = SeededGenerator.floats(100, seed: 5)
        let runs = [0, 20, 41]
        let from = (0..<rows).map { $0 * 3 }
        let to = (0..<rows).map { (rows - 1 - $0) * outputs }
        var products = [Float](repeating: -1, count: rows * outputs)
        // Safe because the last run of the last row ends at 41 + 5 + 30, and the last place has room.
        unsafe Products.multiply(
            weights: panels(weights, inputs: depth, outputs: outputs), outputs: outputs, bias: nil,
            cutsNegatives: false, runs: runs, runCount: 3, runLength: 5, input: values, inputStep: 0,
            inputTable: from, output: &products, outputStep: 0, outputTable: to, rowCount: rows)
        for row in 0..<rows {
            for output in 0..<outputs {
                var sum: Float = 0
                for index in 0..<depth {
                    sum.addProduct(
                        values[from[row] + runs[index / 5] + index % 5], weights[output * depth + index])
                }
                #expect(products[to[row] + output].bitPattern == sum.bitPattern)
            }
        }
    }

    @Test func missingNumbers_stayMissing() {
        var products: [Float] = [0, 0]
        // Safe because there is a row of one input, and one panel.
        unsafe Products.multiply(
            weights: [Float](repeating: 1, count: 16), outputs: 1, bias: nil, cutsNegatives: true, runs: nil,
            runCount: 1, runLength: 1, input: [.nan, -.infinity], inputStep: 1, inputTable: nil,
            output: &products, outputStep: 1, outputTable: nil, rowCount: 2)
        #expect(products[0].isNaN)
        #expect(products[1] == 0)
    }

    @Test(arguments: [1, 3, 16, 30, 31, 128]) func fewOutputs_areSumsOfLanes(inputs: Int) {
        let (rows, outputs) = (3, 2)
        let weights = SeededGenerator.floats(inputs * outputs, seed: 6)
        let values = SeededGenerator.floats(rows * inputs, seed: 7)
        var products = [Float](repeating: -1, count: rows * outputs)
        // Safe because the arrays have the sizes that the function's comment asks for.
        unsafe Products.multiplyFew(
            weights: weights, bias: [0.5, 0.25], cutsNegatives: false, rows: values, products: &products,
            rowCount: rows, inputs: inputs, outputs: outputs)
        for row in 0..<rows {
            for output in 0..<outputs {
                let exact = (0..<inputs).reduce([0.5, 0.25][output]) {
                    $0 + Double(values[row * inputs + $1]) * Double(weights[output * inputs + $1])
                }
                #expect(abs(Double(products[row * outputs + output]) - exact) < 1e-5)
                var alone: [Float] = [-1, -1]
                unsafe Products.multiplyFew(
                    weights: weights, bias: [0.5, 0.25], cutsNegatives: false,
                    rows: Array(values[row * inputs..<(row + 1) * inputs]), products: &alone, rowCount: 1,
                    inputs: inputs, outputs: outputs)
                #expect(alone[output] == products[row * outputs + output])
            }
        }
    }

    @Test(arguments: [
        (1, 1, 1), (6, 3, 16), (10, 9, 40), (5, 72, 64), (4, 5, 15), (13, 20, 33), (3, 4, 30),
    ])
    func matricesTimesMatrices_areSumsInOrder(rows: Int, inner: Int, columns: Int) {
        let a = SeededGenerator.floats(rows * inner, seed: 8)
        let b = SeededGenerator.floats(inner * columns, seed: 9)
        var c = [Float](repeating: -1, count: rows * columns + 1)
        // Safe because the arrays have the sizes that the function's comment asks for.
        unsafe Products.multiply(a, b, &c, rows: rows, inner: inner, columns: columns)
        #expect(c[rows * columns] == -1)
        for row in 0..<rows {
            for column in 0..<columns {
                var sum: Float = 0
                for index in 0..<inner {
                    sum.addProduct(a[row * inner + index], b[index * columns + column])
                }
                #expect(c[row * columns + column].bitPattern == sum.bitPattern)
            }
        }
    }

    @Test(arguments: [1, 2, 7, 12, 16, 31], [false, true])
    func pooling_looksAtAllPlacesOfEachChannel(channels: Int, mean: Bool) {
        let window = [0, channels, 3 * channels]
        let values = SeededGenerator.floats(8 * channels, seed: 10)
        var answers = [Float](repeating: -1, count: 3 * channels)
        let from = [0, channels, 4 * channels]
        let to = [2 * channels, channels, 0]
        // Safe because the last place of the last window is the eighth.
        unsafe Products.pool(
            values, inputTable: from, window: window, windowCount: 3, channels: channels, mean: mean,
            output: &answers, outputTable: to, count: 3)
        for place in 0..<3 {
            for channel in 0..<channels {
                let seen = window.map { values[from[place] + $0 + channel] }
                let expected = mean ? (seen[0] + seen[1] + seen[2]) / 3 : seen.max() ?? .nan
                #expect(answers[to[place] + channel] == expected)
            }
        }
    }
}
