// SPDX-License-Identifier: Apache-2.0
private import FusedProducts

/// A layer's weights, laid out once for the product that is asked of them again and again. Immutable.
///
/// A row's product is the same to the last bit whatever rows stand beside it: the plain kernel adds each
/// output in the order of the inputs, a row at a time; BLAS gets blocks of one fixed number of rows, whose
/// last is padded, and is used only if it computes the same at every place of a block, which is tried when
/// the weights are laid out.
package struct WeightMatrix: Sendable {
    package let inputCount: Int
    package let outputCount: Int
    private let layout: Layout

    private enum Layout: Sendable {
        /// Panels of sixteen outputs, [panels, inputs, 16]; the last padded with zeros.
        case fused([Float])
        /// Panels of eight outputs, [panels, inputs, 8]; the last padded with zeros.
        case panels([Float])
        /// Row-major [inputs, outputs].
        case blas(BLASLibrary, [Float])
    }

    package enum Provider: Sendable {
        /// The faster one for the size.
        case automatic
        /// Our own kernel: the same bits on every CPU.
        case plain
        /// Our own kernel for CPUs with AVX2 and FMA; the plain one where there is none.
        case fused
        case blas(BLASLibrary)

        fileprivate var allowsFused: Bool {
            switch self {
            case .automatic, .fused: true
            case .plain, .blas: false
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

    /// `weights` is row-major, shape [outputs, inputs], as model files have it.
    package init(
        _ weights: [Float], inputCount: Int, outputCount: Int, provider: Provider = .automatic
    ) {
        precondition(weights.count == inputCount * outputCount, "weights have the shape [outputs, inputs]")
        self.inputCount = inputCount
        self.outputCount = outputCount
        if FusedCPU.isPresent, !weights.isEmpty, provider.allowsFused {
            layout = .fused(
                Self.panels(
                    weights, width: FusedProducts.panelWidth, inputCount: inputCount, outputCount: outputCount
                ))
            return
        }
        let library: BLASLibrary? =
            switch provider {
            case .automatic: weights.count >= Self.blasWeightsMin ? BLASLibrary.shared : nil
            case .plain, .fused: nil
            case .blas(let library): library
            }
        let fits = max(inputCount, outputCount) <= Int(Int32.max) && !weights.isEmpty
        if let library, fits {
            let transposed = Self.transposed(weights, inputCount: inputCount, outputCount: outputCount)
            if Self.isPlaceIndependent(library, transposed, inputCount, outputCount) {
                layout = .blas(library, transposed)
                return
            }
        }
        layout = .panels(
            Self.panels(weights, width: 8, inputCount: inputCount, outputCount: outputCount))
    }

    /// What computes the products, for logs and `modelctl show`.
    package var providerName: String {
        switch layout {
        case .panels: "plain"
        case .fused: "fused"
        case .blas(let library, _): library.kind.rawValue
        }
    }

    /// The number of rows that `multiply` wants for `count` of them: the rest is padding that it computes
    /// too.
    package func paddedRows(_ count: Int) -> Int {
        switch layout {
        case .panels, .fused: count
        case .blas: (count + Self.blockRows - 1) / Self.blockRows * Self.blockRows
        }
    }

    /// products = rows · weightsᵀ; shapes [rowCount, inputs] and [rowCount, outputs], `rowCount` a number
    /// that `paddedRows` gave.
    package func multiply(_ rows: Span<Float>, rowCount: Int, into products: inout MutableSpan<Float>) {
        precondition(rows.count == rowCount * inputCount, "rows have the shape [rowCount, inputs]")
        precondition(products.count == rowCount * outputCount, "products have the shape [rowCount, outputs]")
        switch layout {
        case .fused(let panels):
            multiplyFused(panels.span, rows, rowCount: rowCount, into: &products)
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
