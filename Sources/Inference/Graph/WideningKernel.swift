// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Runs a kernel that knows Float32, Float64, Int64 and UInt64 on the narrower types too: inputs are
/// widened, results are narrowed.
///
/// Integers wrap around as they would have in their own type, because the low bits of sums, differences and
/// products do not depend on the high ones. Halves are rounded once at the end, as ONNX Runtime does on CPUs.
struct WideningKernel: FusibleKernel {
    let kernel: any OperatorKernel
    let narrowed: [Int]

    var answersRowsAlone: Bool { kernel.answersRowsAlone }

    /// Halves between the two are not rounded, as little as those inside a kernel are.
    func fused(with next: any OperatorKernel, others: [Tensor?]) -> (any OperatorKernel)? {
        guard let kernel = kernel as? any FusibleKernel else { return nil }
        return kernel.fused(with: next, others: others).map { WideningKernel(kernel: $0, narrowed: narrowed) }
    }

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        var narrow: ElementType?
        for index in 0..<context.inputCount {
            guard let type = context.optionalInput(index)?.type, type.wide != type else { continue }
            narrow = type
            break
        }
        guard let narrow else { return try kernel.run(&context) }
        var inputs: [Tensor?] = []
        for index in 0..<context.inputCount {
            guard let input = context.optionalInput(index) else {
                inputs.append(nil)
                continue
            }
            inputs.append(input.type == narrow ? try input.cast(to: narrow.wide) : input)
        }
        context.replacements = inputs
        defer { context.replacements = nil }
        try kernel.run(&context)
        for output in narrowed {
            guard let result = context.output(output), result.type == narrow.wide else { continue }
            context.set(output, try result.cast(to: narrow))
        }
    }
}

extension ElementType {
    /// The type that this one is computed as.
    var wide: ElementType {
        switch self {
        case .float16, .bfloat16: .float32
        case .int8, .int16, .int32, .uint8, .uint16, .uint32: .int64
        case .float32, .float64, .int64, .uint64, .bool, .string: self
        }
    }
}
