// SPDX-License-Identifier: Apache-2.0

/// Rows times the lines of a matrix, summed as ONNX Runtime's matrix products sum for several rows: fused, in
/// the order of the inputs, a block of them at a time.
///
/// Large sums that cancel (support vectors) come out the same only in the same order. A row's sums do not
/// depend on the rows beside it.
struct BlockedProduct: Sendable {
    let inputs: Int
    let outputs: Int
    /// How many inputs are summed before the sum is added to those of the blocks before.
    private let blockLength: Int
    /// For each block its inputs' numbers for all outputs, shape [inputs, outputs], one after the other.
    private let factors: [Float]

    /// - Parameter lines: shape [outputs, inputs].
    init(lines: [Float], outputs: Int) {
        precondition(outputs > 0 && lines.count % outputs == 0, "a line for each output")
        let inputs = lines.count / outputs
        (self.inputs, self.outputs) = (inputs, outputs)
        blockLength = Self.blockLength(inputs: inputs, outputs: outputs)
        var factors: [Float] = []
        factors.reserveCapacity(lines.count)
        for input in 0..<inputs {
            for output in 0..<outputs { factors.append(lines[output * inputs + input]) }
        }
        self.factors = factors
    }

    /// Blocks have 128 inputs, and as much more as the outputs leave of a panel of 128 by 128; a panel has
    /// sixteen outputs at least.
    private static func blockLength(inputs: Int, outputs: Int) -> Int {
        var (length, width) = (128, 128)
        guard outputs < inputs else { return length }
        while width > 16 && width / 2 >= outputs { (length, width) = (length * 2, width / 2) }
        return length
    }

    /// scale · rows · linesᵀ + bias, shape [rowCount, outputs].
    ///
    /// - Parameters:
    ///   - rows: shape [rowCount, inputs].
    ///   - bias: one number for all outputs, one for each, or none.
    func run(_ rows: Span<Float>, rowCount: Int, scale: Float = 1, bias: [Float] = []) -> [Float] {
        precondition(rows.count >= rowCount * inputs, "rows of the lines' length")
        precondition([0, 1, outputs].contains(bias.count), "a bias for all outputs or for each")
        var results = [Float](repeating: 0, count: rowCount * outputs)
        if !bias.isEmpty {
            for place in results.indices {
                results[place] = bias.count == 1 ? bias[0] : bias[place % outputs]
            }
        }
        var sums = [Float](repeating: 0, count: rowCount * outputs)
        var first = 0
        while first < inputs {
            let length = min(blockLength, inputs - first)
            let block = factors.span.extracting(first * outputs..<(first + length) * outputs)
            var target = sums.mutableSpan
            if length == inputs {
                multiplyMatrices(rows, block, into: &target, rows: rowCount, inner: length, columns: outputs)
            } else {
                let part = Self.columns(first..<first + length, of: rows, rowCount, width: inputs)
                multiplyMatrices(
                    part.span, block, into: &target, rows: rowCount, inner: length, columns: outputs)
            }
            if scale == 1 {
                for place in results.indices { results[place] += sums[place] }
            } else {
                for place in results.indices { results[place].addProduct(sums[place], scale) }
            }
            first += length
        }
        return results
    }

    private static func columns(
        _ range: Range<Int>, of rows: Span<Float>, _ rowCount: Int, width: Int
    ) -> [Float] {
        var part: [Float] = []
        part.reserveCapacity(rowCount * range.count)
        for row in 0..<rowCount {
            for column in range { part.append(rows[row * width + column]) }
        }
        return part
    }
}
