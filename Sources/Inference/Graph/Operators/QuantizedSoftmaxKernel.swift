// SPDX-License-Identifier: Apache-2.0
import Glibc
internal import ModelFormat

/// DequantizeLinear and Softmax in one, so that a QuantizeLinear behind them can be seen.
struct DequantizedSoftmaxKernel: FusibleKernel {
    let dequantize: DequantizeKernel
    let softmax: SoftmaxKernel

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        try softmax.run(on: try dequantize.result(context), &context)
    }

    func fused(with next: any OperatorKernel, others: [Tensor?]) -> (any OperatorKernel)? {
        guard softmax.form == .softmax, let quantize = next as? QuantizeKernel, quantize.blockSize == 0,
            others.count == 2, let scale = others[0], scale.count == 1, let zero = others[1],
            zero.count == 1, zero.type == .uint8 || zero.type == .int8,
            let scales = try? scale.converted(toFloating: Float.self), scales[0] > 0,
            let zeros = try? zero.convertedToLongs()
        else { return nil }
        return QuantizedSoftmaxKernel(
            dequantize: dequantize, softmax: softmax, scale: scales[0], zero: zeros[0], type: zero.type)
    }
}

/// Softmax between quantized tensors of 8 bits, as ONNX Runtime computes it when it finds the three nodes.
///
/// It counts with whole steps a probability, ⌊1 / scale⌋: for the usual scale of 1/255, whose Float32 is a
/// little larger, these are 254, and answers differ by a step from those of the nodes one by one.
struct QuantizedSoftmaxKernel: OperatorKernel {
    let dequantize: DequantizeKernel
    let softmax: SoftmaxKernel
    let scale: Float
    let zero: Int64
    let type: ElementType

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let range = type == .uint8 ? Int64(0)...255 : -128...127
        let isWhole = try context.input(0).type == type
        let x = try dequantize.result(context)
        if isWhole {
            let values = try x.converted(toFloating: Float.self)
            var results = [Int64](repeating: 0, count: values.count)
            let steps = (1 / scale).rounded(.down)
            try softmax.forEachLine(of: x.shape) { (base, stride, length) in
                var largest = -Float.infinity
                for index in 0..<length { largest = max(largest, values[base + index * stride]) }
                var powers: [Float] = []
                powers.reserveCapacity(length)
                var sum: Float = 0
                for index in 0..<length {
                    powers.append(Float(exp(Double(values[base + index * stride]) - Double(largest))))
                    sum += powers[index]
                }
                for index in 0..<length {
                    let level = (powers[index] * steps / sum).rounded(.toNearestOrEven)
                    let whole = level.isNaN ? zero : Int64(min(level, 1e9)) + zero
                    results[base + index * stride] = min(max(whole, range.lowerBound), range.upperBound)
                }
            }
            return context.set(
                0, try Tensor(shape: x.shape, elements: .int64(results)).cast(to: type))
        }
        try softmax.run(on: x, &context)
        let original = context.replacements
        context.replacements = [
            context.output(0), Tensor(shape: Shape(), elements: .float32([scale])),
            try Tensor(shape: Shape(), elements: .int64([zero])).cast(to: type),
        ]
        defer { context.replacements = original }
        try QuantizeKernel(axis: 1, blockSize: 0, type: nil).run(&context)
    }
}
