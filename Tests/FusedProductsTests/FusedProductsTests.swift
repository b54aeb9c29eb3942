// SPDX-License-Identifier: Apache-2.0
import FusedProducts
import LinearAlgebra
import Testing

/// Every tile against one fused sum after the other, bit for bit; where a CPU has no FMA nothing is run.
@Suite(.enabled(if: FusedCPU.isPresent)) struct FusedProductsTests {
    private func numbers(_ count: Int, seed: UInt64) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 24) / Float(1 << 38)
        }
    }

    @Test(arguments: [
        (1, 1, 1), (1, 7, 64), (1, 5, 130), (2, 3, 16), (4, 9, 17), (5, 2, 31), (6, 11, 33), (11, 4, 48),
        (13, 28, 79),
    ])
    func rowsTimesPanels_areSumsInOrder(rows: Int, inputs: Int, outputs: Int) {
        let weights = numbers(inputs * outputs, seed: 1)
        let values = numbers(rows * inputs, seed: 2)
        let width = FusedProducts.panelWidth
        var panels = [Float](repeating: 0, count: (outputs + width - 1) / width * inputs * width)
        for output in 0..<outputs {
            for input in 0..<inputs {
                panels[(output / width * inputs + input) * width + output % width] =
                    weights[output * inputs + input]
            }
        }
        // One number more than there is room for: it must stay.
        var products = [Float](repeating: -1, count: rows * outputs + 1)
        // Safe because the arrays have the sizes that the function's comment asks for.
        unsafe FusedProducts.multiply(
            panels: panels, rows: values, products: &products, rowCount: rows, inputs: inputs,
            outputs: outputs)
        #expect(products[rows * outputs] == -1)
        for row in 0..<rows {
            for output in 0..<outputs {
                var sum: Float = 0
                for input in 0..<inputs {
                    sum.addProduct(values[row * inputs + input], weights[output * inputs + input])
                }
                #expect(products[row * outputs + output].bitPattern == sum.bitPattern)
            }
        }
    }

    @Test(arguments: [(1, 1, 1), (6, 3, 16), (10, 9, 40), (5, 72, 64), (4, 5, 15), (13, 20, 33)])
    func matricesTimesMatrices_areSumsInOrder(rows: Int, inner: Int, columns: Int) {
        let a = numbers(rows * inner, seed: 3)
        let b = numbers(inner * columns, seed: 4)
        var c = [Float](repeating: -1, count: rows * columns + 1)
        // Safe because the arrays have the sizes that the function's comment asks for.
        unsafe FusedProducts.multiply(a, b, &c, rows: rows, inner: inner, columns: columns)
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
}
