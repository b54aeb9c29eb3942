// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Synchronization
import TestKit
import Testing

@testable import LinearAlgebra

struct WeightMatrixTests {
    /// Debian's BLAS packages, of which any may be installed.
    static let fastLibraries = [
        "libblas.so.3", "/usr/lib/x86_64-linux-gnu/openblas-serial/libblas.so.3",
        "/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3",
        "/usr/lib/x86_64-linux-gnu/blis-serial/libblas.so.3",
    ].compactMap(BLASLibrary.init(path:))

    struct Shape: CustomTestStringConvertible {
        var inputs: Int
        var outputs: Int
        var testDescription: String { "\(inputs) inputs, \(outputs) outputs" }
    }

    static let shapes = [
        Shape(inputs: 1, outputs: 1), Shape(inputs: 3, outputs: 5), Shape(inputs: 28, outputs: 128),
        Shape(inputs: 128, outputs: 64), Shape(inputs: 64, outputs: 2), Shape(inputs: 17, outputs: 33),
        Shape(inputs: 300, outputs: 47), Shape(inputs: 1_000, outputs: 9),
    ]

    /// Several threads ask one matrix, as several workers of a server do. Without its lock the serial
    /// OpenBLAS of Debian 12 got one product in 60,000 wrong.
    @Test(arguments: fastLibraries)
    func threadsAtOnce_getTheNumbersOfOneAlone(_ library: BLASLibrary) {
        let weights = SeededGenerator.floats(256 * 192, seed: 5)
        let matrix = WeightMatrix(weights, inputCount: 256, outputCount: 192, provider: .blas(library))
        let rows = SeededGenerator.floats(16 * 256, seed: 6)
        let alone = products(matrix, rows, count: 16)
        let wrong = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 10_000) { _ in
            if products(matrix, rows, count: 16) != alone { wrong.withLock { $0 += 1 } }
        }
        #expect(wrong.withLock { $0 } == 0)
    }

    /// Numbers with full mantissas, the same in every run.
    /// The products of the first `count` rows, computed together.
    private func products(_ matrix: WeightMatrix, _ rows: [Float], count: Int) -> [Float] {
        let padded = matrix.paddedRows(count)
        var input = Array(repeating: Float(0), count: padded * matrix.inputCount)
        for index in 0..<count * matrix.inputCount { input[index] = rows[index] }
        var output = Array(repeating: Float.nan, count: padded * matrix.outputCount)
        var target = output.mutableSpan
        matrix.multiply(input.span, rowCount: padded, into: &target)
        return Array(output[..<(count * matrix.outputCount)])
    }

    /// Each row must have the same bits alone, in every company and at every place.
    private func expectIndependence(_ matrix: WeightMatrix, _ rows: [Float], count: Int) -> [Float] {
        let inputs = matrix.inputCount
        let outputs = matrix.outputCount
        let together = products(matrix, rows, count: count)
        for row in 0..<count {
            let alone = products(matrix, Array(rows[row * inputs..<(row + 1) * inputs]), count: 1)
            #expect(
                alone.map(\.bitPattern)
                    == together[row * outputs..<(row + 1) * outputs].map(\.bitPattern), "row \(row)")
        }
        for part in [2, 3, 4, 7, 15, 16, 17] where part < count {
            #expect(
                products(matrix, rows, count: part).map(\.bitPattern)
                    == together[..<(part * outputs)].map(\.bitPattern), "\(part) rows")
        }
        return together
    }

    @Test(arguments: shapes) func plainKernel_answersAsTheReferenceBitForBit(shape: Shape) {
        let weights = SeededGenerator.floats(shape.inputs * shape.outputs, seed: 1)
        let rows = SeededGenerator.floats(shape.inputs * 35, seed: 2)
        let matrix = WeightMatrix(
            weights, inputCount: shape.inputs, outputCount: shape.outputs, provider: .plain)
        let expected = referenceProduct(
            rows, weights, inputCount: shape.inputs, outputCount: shape.outputs)
        let got = expectIndependence(matrix, rows, count: 35)
        #expect(got.map(\.bitPattern) == expected.map(\.bitPattern))
    }

    @Test(
        arguments: shapes + [Shape(inputs: 28, outputs: 256), Shape(inputs: 5, outputs: 64)],
        [FusedCPU.fused, .wide])
    func fusedKernel_answersWithinRoundingWhateverTheBatch(shape: Shape, cpu: FusedCPU) {
        let weights = SeededGenerator.floats(shape.inputs * shape.outputs, seed: 6)
        let rows = SeededGenerator.floats(shape.inputs * 35, seed: 7)
        let expected = referenceProduct(
            rows, weights, inputCount: shape.inputs, outputCount: shape.outputs)
        let matrix = WeightMatrix(
            weights, inputCount: shape.inputs, outputCount: shape.outputs, provider: .fused(cpu))
        let got = expectIndependence(matrix, rows, count: 35)
        for (got, expected) in zip(got, expected) {
            #expect(abs(got - expected) <= 1e-5 * Float(shape.inputs).squareRoot())
        }
    }

    /// What a layer does beside the product, and its weights in another order, by every kernel.
    @Test(arguments: shapes) func biasAndCut_areEveryKernels(shape: Shape) {
        let (inputs, outputs) = (shape.inputs, shape.outputs)
        let weights = SeededGenerator.floats(inputs * outputs, seed: 10)
        let bias = SeededGenerator.floats(outputs, seed: 11)
        let rows = SeededGenerator.floats(inputs * 9, seed: 12)
        let order = Array((0..<inputs).reversed())
        let turned = (0..<9 * inputs).map { rows[$0 / inputs * inputs + order[$0 % inputs]] }
        let sums = referenceProduct(rows, weights, inputCount: inputs, outputCount: outputs)
        var providers: [WeightMatrix.Provider] = [.plain, .fused(.fused), .fused(.wide)]
        if let library = Self.fastLibraries.first { providers.append(.blas(library)) }
        for provider in providers {
            let plain = WeightMatrix(
                weights, inputCount: inputs, outputCount: outputs, bias: bias, provider: provider)
            for (matrix, input) in [
                (plain, rows), (plain.cuttingNegatives, rows), (plain.readingInputs(in: order), turned),
            ] {
                let got = products(matrix, input, count: 9)
                for index in got.indices {
                    let sum = sums[index] + bias[index % outputs]
                    let expected = matrix.cutsNegatives && sum < 0 ? 0 : sum
                    #expect(
                        abs(got[index] - expected) <= 1e-5 * Float(inputs).squareRoot(),
                        "\(matrix.providerName) \(index)")
                }
            }
        }
    }

    @Test func fusedProductsOfMatrices_areThoseOfTheReference() {
        for (m, k, n) in [(1, 1, 1), (7, 3, 16), (10, 9, 40), (6, 72, 64), (4, 5, 15), (13, 20, 33)] {
            let a = SeededGenerator.floats(m * k, seed: 8)
            let b = SeededGenerator.floats(k * n, seed: 9)
            var c = [Float](repeating: .nan, count: m * n)
            var span = c.mutableSpan
            guard multiplyFused(a.span, b.span, into: &span, rows: m, inner: k, columns: n) else { return }
            for row in 0..<m {
                for column in 0..<n {
                    let sum = (0..<k).reduce(Float(0)) { $0 + a[row * k + $1] * b[$1 * n + column] }
                    #expect(abs(c[row * n + column] - sum) <= 1e-5 * Float(k).squareRoot())
                }
            }
        }
    }

    @Test(arguments: shapes) func fastLibraries_answerWithinRoundingWhateverTheBatch(shape: Shape) {
        let weights = SeededGenerator.floats(shape.inputs * shape.outputs, seed: 3)
        let rows = SeededGenerator.floats(shape.inputs * 35, seed: 4)
        let expected = referenceProduct(
            rows, weights, inputCount: shape.inputs, outputCount: shape.outputs)
        for library in Self.fastLibraries {
            let matrix = WeightMatrix(
                weights, inputCount: shape.inputs, outputCount: shape.outputs, provider: .blas(library))
            let got = expectIndependence(matrix, rows, count: 35)
            for (got, expected) in zip(got, expected) {
                #expect(abs(got - expected) <= 1e-5 * Float(shape.inputs).squareRoot())
            }
        }
    }

    @Test func referenceBLAS_isLeftAlone() {
        #expect(BLASLibrary(path: "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3") == nil)
        #expect(BLASLibrary(path: "libno-such-blas.so") == nil)
    }

    @Test func smallLayers_needNoLibrary() {
        let small = WeightMatrix(SeededGenerator.floats(64, seed: 5), inputCount: 8, outputCount: 8)
        #expect(small.providerName == FusedCPU.best.rawValue)
        #expect(small.paddedRows(3) == 3)
    }
}
