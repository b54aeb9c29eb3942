// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// How numbers become levels of 8 bits again, as ONNX Runtime computes it: sums of products are multiplied
/// with one factor, (scale of a · scale of b) / own scale, and rounded to even.
struct Requantization {
    private let scale: Float
    private let zero: Int64
    private let type: ElementType
    private let range: ClosedRange<Int64>

    init(scale: Tensor, zero: Tensor) throws(OperatorError) {
        guard scale.count == 1, zero.count == 1, let range = zero.type.quantizedRange,
            let ownScale = try scale.converted(toFloating: Float.self).first,
            let level = try zero.convertedToLongs().first
        else { throw OperatorError("a scale of \(scale.shape), a zero point of \(zero.shape) \(zero.type)") }
        (self.scale, self.zero, self.range, type) = (ownScale, level, range, zero.type)
    }

    /// Of a sum of products whose operands have scales with the product `factor`.
    func level(_ sum: Int32, _ factor: Float) -> Int64 { level(Float(sum) * (factor / scale)) }

    /// Of a number in steps of the own scale.
    func level(_ steps: Float) -> Int64 {
        let rounded = steps.rounded(.toNearestOrEven)
        let whole = rounded.isNaN ? zero : Int64(min(max(rounded, -4e9), 4e9)) &+ zero
        return min(max(whole, range.lowerBound), range.upperBound)
    }

    /// Of a number.
    func level(of number: Float) -> Int64 { level(number / scale) }

    func tensor(_ levels: [Int64], shape: Shape) throws(OperatorError) -> Tensor {
        try Tensor(shape: shape, elements: .int64(levels)).cast(to: type)
    }

    /// The factor by which a number of another scale becomes steps, and the zero point.
    func ratio(_ other: Float) -> Float { other / scale }
    var zeroLevel: Float { Float(zero) }
}
