// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Weights of 8 bits for values that are quantized as they come: one scale for all rows of a product.
struct QuantizedWeights: Sendable {
    /// Less the zero points, shape [outputs, inputs].
    private let weights: [Int16]
    /// One an output.
    private let scales: [Float]
    private let inputCount: Int

    /// - Parameters:
    ///   - levels: shape [inputs, outputs].
    ///   - scales: one, or one an output; as many zero points.
    init(
        levels: ArraySlice<Int64>, inputCount: Int, scales: ArraySlice<Float>, zeros: ArraySlice<Int64>
    ) {
        let outputCount = inputCount == 0 ? 0 : levels.count / inputCount
        let zero = zeros.startIndex
        self.inputCount = inputCount
        self.scales = (0..<outputCount).map { scales[scales.startIndex + (scales.count == 1 ? 0 : $0)] }
        weights = (0..<levels.count).map { place in
            let (output, input) = (place / inputCount, place % inputCount)
            let level = levels[levels.startIndex + input * outputCount + output]
            return Int16(truncatingIfNeeded: level - zeros[zero + (zeros.count == 1 ? 0 : output)])
        }
    }

    /// rows · weights, shapes [rows, inputs] and [rows, outputs].
    func multiply(_ rows: [Float]) -> [Float] {
        let (scale, zero) = DynamicQuantizeKernel.steps(of: rows[...])
        let levels = rows.map { number in
            let level = (number / scale).rounded(.toNearestOrEven) + zero
            return level.isNaN ? Int16(0) : Int16(min(max(level, 0), 255)) - Int16(zero.isNaN ? 0 : zero)
        }
        let factors = scales.map { scale * $0 }
        var products: [Float] = []
        let rowCount = inputCount == 0 ? 0 : rows.count / inputCount
        products.reserveCapacity(rowCount * scales.count)
        for row in 0..<rowCount {
            for output in scales.indices {
                var sum: Int32 = 0
                for index in 0..<inputCount {
                    let level = Int32(levels[row * inputCount + index])
                    sum &+= level &* Int32(weights[output * inputCount + index])
                }
                products.append(Float(sum) * factors[output])
            }
        }
        return products
    }
}

extension RecurrentKernel {
    /// The layers of `DynamicQuantizeLSTM`, whose weights are constants: [directions, inputs, gates].
    static func quantizedLayers(
        _ description: OperatorDescription, directions: Int
    ) throws(OperatorError) -> [QuantizedLayers] {
        let inputs = try quantizedParts(description, weights: 1, scales: 8, directions: directions)
        let states = try quantizedParts(description, weights: 2, scales: 10, directions: directions)
        return zip(inputs, states).map { QuantizedLayers(input: $0, recurrence: $1) }
    }

    private static func quantizedParts(
        _ description: OperatorDescription, weights: Int, scales: Int, directions: Int
    ) throws(OperatorError) -> [QuantizedWeights] {
        guard let levels = description.constant(weights), let scale = description.constant(scales),
            let zero = description.constant(scales + 1), [.uint8, .int8].contains(levels.type),
            levels.shape.rank == 3, levels.shape[0] == directions, levels.count > 0
        else { throw OperatorError(unsupported: "weights, scales or zero points that are no constants") }
        let numbers = try levels.convertedToLongs()
        let scaleNumbers = try scale.converted(toFloating: Float.self)
        let zeros = try zero.convertedToLongs()
        let gates = levels.shape[2]
        guard [directions, directions * gates].contains(scale.count), zero.count == scale.count else {
            throw OperatorError("\(scale.count) scales and \(zero.count) zero points")
        }
        return (0..<directions).map { direction in
            func part<Element>(_ values: [Element], of count: Int) -> ArraySlice<Element> {
                let size = count / directions
                return values[direction * size..<(direction + 1) * size]
            }
            return QuantizedWeights(
                levels: part(numbers, of: levels.count), inputCount: levels.shape[1],
                scales: part(scaleNumbers, of: scale.count), zeros: part(zeros, of: zero.count))
        }
    }
}
