// SPDX-License-Identifier: Apache-2.0

/// A layer: weights, laid out once for the product that is asked of them again and again, a bias, and the
/// cutting of what is negative. Immutable.
///
/// A row's product is the same to the last bit whatever rows stand beside it: our own kernels add each
/// output in an order of the inputs that depends on the layer alone; BLAS gets blocks of one fixed number of
/// rows, whose last is padded, and is used only if it computes the same at every place of a block, which is
/// tried when the weights are laid out.
package struct WeightMatrix: Sendable {
    package let inputCount: Int
    package let outputCount: Int
    private var layout: Layout
    /// Added to the products, in whole panels of sixteen; nil: nothing is.
    private var bias: [Float]?
    /// Sums below zero become zero; NaN stays.
    private(set) package var cutsNegatives = false

    private enum Layout: Sendable {
        /// Panels of sixteen outputs, [panels, inputs, 16]; the last padded with zeros.
        case fused(FusedCPU, [Float])
        /// Row-major [outputs, inputs].
        case fusedFew(FusedCPU, [Float])
        /// Panels of eight outputs, [panels, inputs, 8]; the last padded with zeros.
        case panels([Float])
        /// Row-major [inputs, outputs].
        case blas(BLASLibrary, [Float])
    }

    package enum Provider: Sendable {
        /// The fastest one for the CPU and the size.
        case automatic
        /// Our own kernel: the same bits on every CPU.
        case plain
        /// Our own kernel for CPUs of this kind; the plain one where the CPU is another.
        case fused(FusedCPU)
        case blas(BLASLibrary)

        fileprivate var fusedCPU: FusedCPU {
            switch self {
            case .automatic: FusedCPU.best
            case .fused(let cpu): cpu.isPresent ? cpu : .none
            case .plain, .blas: .none
            }
        }
    }

    /// Rows that BLAS gets at a time. OpenBLAS packs the weights anew at each call: with 16 rows a single
    /// row of a network 28-256-256-2 took 41 us and with 8 it takes 20, for the same 4 us a row in larger
    /// blocks.
    package static let blockRows = 8

    /// Weights from which on BLAS is worth its padding, on CPUs without FMA. With two hidden layers of 256 a
    /// single row takes 9 us on the plain kernel and 20 on OpenBLAS, a row in a block 9 and 4; with 512 it is
    /// 47 and 175, 40 and 24.
    static let blasWeightsMin = 1 << 16

    /// Layers of so few outputs, and of so many inputs, have their inputs in the lanes: a last layer 128-1
    /// takes 12 ns for a row instead of 130, and in a block 10 instead of 25.
    private static func isFew(inputs: Int, outputs: Int) -> Bool { outputs <= 4 && inputs >= 16 * outputs }

    /// `weights` is row-major, shape [outputs, inputs], as model files have it; `bias` has `outputCount`
    /// numbers.
    package init(
        _ weights: [Float], inputCount: Int, outputCount: Int, bias: [Float]? = nil,
        cutsNegatives: Bool = false, provider: Provider = .automatic
    ) {
        precondition(weights.count == inputCount * outputCount, "weights have the shape [outputs, inputs]")
        self.inputCount = inputCount
        self.outputCount = outputCount
        layout = Self.layout(weights, inputCount, outputCount, provider)
        if let bias { self.bias = inWholePanels(bias, outputCount: outputCount) }
        self.cutsNegatives = cutsNegatives
    }

    private static func layout(
        _ weights: [Float], _ inputCount: Int, _ outputCount: Int, _ provider: Provider
    ) -> Layout {
        let cpu = provider.fusedCPU
        if cpu != .none, !weights.isEmpty {
            if isFew(inputs: inputCount, outputs: outputCount) { return .fusedFew(cpu, weights) }
            return .fused(
                cpu, panels(weights, width: 16, inputCount: inputCount, outputCount: outputCount))
        }
        let library: BLASLibrary? =
            switch provider {
            case .automatic: weights.count >= blasWeightsMin ? BLASLibrary.shared : nil
            case .plain, .fused: nil
            case .blas(let library): library
            }
        let fits = max(inputCount, outputCount) <= Int(Int32.max) && !weights.isEmpty
        if let library, fits {
            let transposed = transposed(weights, inputCount: inputCount, outputCount: outputCount)
            if isPlaceIndependent(library, transposed, inputCount, outputCount) {
                return .blas(library, transposed)
            }
        }
        return .panels(panels(weights, width: 8, inputCount: inputCount, outputCount: outputCount))
    }

    /// This layer with `bias`, of `outputCount` numbers, in place of its own.
    package func adding(bias: [Float]) -> WeightMatrix {
        var matrix = self
        matrix.bias = inWholePanels(bias, outputCount: outputCount)
        return matrix
    }

    /// This layer, with zero for every sum that is negative.
    package var cuttingNegatives: WeightMatrix {
        var matrix = self
        matrix.cutsNegatives = true
        return matrix
    }

    /// This layer for rows whose number i is what was number `order[i]`, which names each input once.
    package func readingInputs(in order: [Int]) -> WeightMatrix {
        precondition(order.sorted() == Array(0..<inputCount), "an order of all inputs")
        var matrix = self
        switch layout {
        case .fused(let cpu, let panels):
            matrix.layout = .fused(cpu, Self.reordered(panels, order, width: 16))
        case .fusedFew(let cpu, let weights):
            matrix.layout = .fusedFew(cpu, Self.reordered(weights, order, width: 1))
        case .panels(let panels): matrix.layout = .panels(Self.reordered(panels, order, width: 8))
        case .blas(let library, let weights):
            matrix.layout = .blas(library, Self.reordered(weights, order, width: outputCount))
        }
        return matrix
    }

    /// Groups of a line of `width` numbers for each input, in another order of the inputs.
    private static func reordered(_ numbers: [Float], _ order: [Int], width: Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(numbers.count)
        for group in 0..<numbers.count / max(order.count * width, 1) {
            for input in order {
                let line = (group * order.count + input) * width
                result += numbers[line..<line + width]
            }
        }
        return result
    }

    package var hasBias: Bool { bias != nil }

    /// What computes the products, for logs and `modelctl show`.
    package var providerName: String {
        switch layout {
        case .panels: "plain"
        case .fused(let cpu, _), .fusedFew(let cpu, _): cpu.rawValue
        case .blas(let library, _): library.kind.rawValue
        }
    }

    /// The number of rows that `multiply` wants for `count` of them: the rest is padding that it computes
    /// too.
    package func paddedRows(_ count: Int) -> Int {
        switch layout {
        case .panels, .fused, .fusedFew: count
        case .blas: (count + Self.blockRows - 1) / Self.blockRows * Self.blockRows
        }
    }

    /// products = rows · weightsᵀ + bias; shapes [rowCount, inputs] and [rowCount, outputs], `rowCount` a
    /// number that `paddedRows` gave.
    package func multiply(_ rows: Span<Float>, rowCount: Int, into products: inout MutableSpan<Float>) {
        precondition(rows.count == rowCount * inputCount, "rows have the shape [rowCount, inputs]")
        precondition(products.count == rowCount * outputCount, "products have the shape [rowCount, outputs]")
        switch layout {
        case .fused(let cpu, let panels):
            return multiplyFused(
                cpu, panels.span, bias: bias?.span, rows, rowCount: rowCount, into: &products)
        case .fusedFew(let cpu, let weights):
            return multiplyFew(
                cpu, weights.span, bias: bias?.span, rows, rowCount: rowCount, into: &products)
        case .panels(let panels):
            multiplyPanels(panels.span, rows, rowCount: rowCount, into: &products)
        case .blas(let library, let weights):
            precondition(rowCount % Self.blockRows == 0, "BLAS gets whole blocks of rows")
            var first = 0
            while first < rowCount {
                let last = first + Self.blockRows
                var target = products._mutatingExtracting(first * outputCount..<last * outputCount)
                library.multiply(
                    rows.extracting(first * inputCount..<last * inputCount), weights.span, into: &target,
                    rows: Self.blockRows, inner: inputCount, columns: outputCount)
                first = last
            }
        }
        finish(&products, rowCount: rowCount)
    }

    /// Adds the bias and cuts negative sums, for kernels that do not.
    private func finish(_ products: inout MutableSpan<Float>, rowCount: Int) {
        if let bias {
            let terms = bias.span.extracting(0..<outputCount)
            for row in 0..<rowCount {
                let base = row &* outputCount
                // Safe because `multiply` checked the number of products.
                for output in 0..<outputCount {
                    unsafe products[unchecked: base &+ output] += terms[unchecked: output]
                }
            }
        }
        if cutsNegatives {
            for index in products.indices where products[index] < 0 { products[index] = 0 }
        }
    }

    private static func transposed(_ weights: [Float], inputCount: Int, outputCount: Int) -> [Float] {
        var result = Array(repeating: Float(0), count: weights.count)
        for output in 0..<outputCount {
            for input in 0..<inputCount {
                result[input * outputCount + output] = weights[output * inputCount + input]
            }
        }
        return result
    }

    /// Panels of `width` outputs.
    private static func panels(
        _ weights: [Float], width: Int, inputCount: Int, outputCount: Int
    ) -> [Float] {
        let panelCount = (outputCount + width - 1) / width
        var result = Array(repeating: Float(0), count: panelCount * inputCount * width)
        for output in 0..<outputCount {
            for input in 0..<inputCount {
                result[(output / width * inputCount + input) * width + output % width] =
                    weights[output * inputCount + input]
            }
        }
        return result
    }

    /// Tries one row of mixed magnitudes at every place of a block: all products must be the same bits.
    private static func isPlaceIndependent(
        _ library: BLASLibrary, _ weights: [Float], _ inputCount: Int, _ outputCount: Int
    ) -> Bool {
        var rows: [Float] = []
        rows.reserveCapacity(blockRows * inputCount)
        for _ in 0..<blockRows {
            // 1/3, -2/5, 3/7 …: full mantissas, so that another order of summation shows.
            for input in 0..<inputCount {
                rows.append(Float(input % 17 + 1) / Float(2 * (input % 29) + 3) * (input % 2 == 0 ? 1 : -1))
            }
        }
        var products = Array(repeating: Float(0), count: blockRows * outputCount)
        var target = products.mutableSpan
        library.multiply(
            rows.span, weights.span, into: &target, rows: blockRows, inner: inputCount, columns: outputCount)
        for index in outputCount..<products.count
        where products[index].bitPattern != products[index % outputCount].bitPattern { return false }
        return true
    }
}
