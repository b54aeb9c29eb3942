// SPDX-License-Identifier: Apache-2.0
import Base

/// `GaussianProcessRegressor`: how alike the row is to the training rows, by a kernel made of others.
extension SkopsComposite {
    mutating func readProcess() throws(FormatError) {
        let points = try numbers("X_train_")
        guard width > 0, !points.isEmpty, points.count % width == 0 else {
            throw .wrongShape(
                part: "\(part).X_train_", expected: "[rows, \(width)]", found: "[\(points.count)]")
        }
        let count = points.count / width
        let similar = try similarity(try node.require("kernel_"), points, count: count, depth: 0)
        let array = try archive.array(try node.require("alpha_"))
        let weights = try array.doubles(part: "\(part).alpha_")
        let outputs = weights.count / count
        let scales = try numbers("_y_train_std")
        let offsets = try numbers("_y_train_mean")
        guard outputs > 0, weights.count == count * outputs, scales.count == 1 || scales.count == outputs,
            offsets.count == 1 || offsets.count == outputs
        else {
            throw .wrongShape(
                part: "\(part).alpha_", expected: "[\(count), outputs]", found: "\(array.shape)")
        }
        let matrix = (0..<count * outputs).map { weights[$0 % count * outputs + $0 / count] }
        let sums = try multiply(similar, matrix, outputs: outputs)
        let scaled = try add(.combine(.multiply), sums, try add(.constants(scales)))
        try add(.combine(.add), scaled, try add(.constants(offsets)))
    }

    /// One number a training row.
    private mutating func similarity(
        _ kernel: SkopsNode, _ points: [Double], count: Int, depth: Int
    ) throws(FormatError) -> Int {
        if depth > 32 { throw refuse("so deep a kernel") }
        func number(_ name: String) throws(FormatError) -> Double {
            try archive.double(try kernel.require(name))
        }
        switch kernel.className {
        case "Sum", "Product":
            let left = try similarity(try kernel.require("k1"), points, count: count, depth: depth + 1)
            let right = try similarity(try kernel.require("k2"), points, count: count, depth: depth + 1)
            return try add(.combine(kernel.className == "Sum" ? .add : .multiply), left, right)
        case "ConstantKernel":
            return try add(.constants([Double](repeating: try number("constant_value"), count: count)))
        // Noise is that of training rows only.
        case "WhiteKernel": return try add(.constants([Double](repeating: 0, count: count)))
        case "DotProduct":
            let offset = try number("sigma_0")
            return try add(
                .similarity(.polynomial(gamma: 1, offset: offset * offset, degree: 1), vectors: points), x)
        case "RBF": return try distances(kernel, points, .radial(gamma: 0.5))
        case "RationalQuadratic":
            let alpha = try number("alpha")
            let squares = try distances(kernel, points, .squaredDistance)
            let shares = try add(.combine(.divide), squares, try constant(2 * alpha))
            let logarithms = try add(.apply(.logarithmOfOnePlus), shares)
            return try add(
                .apply(.exponential), try add(.combine(.multiply), logarithms, try constant(-alpha)))
        case "Matern": return try matern(kernel, points)
        default: throw refuse("the kernel \(kernel.className)")
        }
    }

    /// From the row to the training rows, in units of the kernel's lengths.
    private mutating func distances(
        _ kernel: SkopsNode, _ points: [Double], _ similarity: SimilarityKernel
    ) throws(FormatError) -> Int {
        let lengths = try archive.doubles(try kernel.require("length_scale"))
        guard lengths.count == 1 || lengths.count == width, !lengths.contains(0) else {
            throw .wrongShape(
                part: "\(kernel.path).length_scale", expected: "[\(width)]", found: "[\(lengths.count)]")
        }
        let scaled = try add(.combine(.divide), x, try add(.constants(lengths)))
        let vectors = points.indices.map { points[$0] / lengths[lengths.count == 1 ? 0 : $0 % width] }
        return try add(.similarity(similarity, vectors: vectors), scaled)
    }

    private mutating func matern(_ kernel: SkopsNode, _ points: [Double]) throws(FormatError) -> Int {
        let smoothness = try archive.double(try kernel.require("nu"))
        if smoothness == .infinity { return try distances(kernel, points, .radial(gamma: 0.5)) }
        guard [0.5, 1.5, 2.5].contains(smoothness) else {
            throw refuse("a Matern kernel of nu=\(smoothness)")
        }
        let squares = try distances(kernel, points, .squaredDistance)
        let lengths = try add(.apply(.squareRoot), squares)
        let factor = try constant((2 * smoothness).squareRoot())
        let scaled = try add(.combine(.multiply), lengths, factor)
        let decay = try add(.apply(.exponential), try add(.apply(.negative), scaled))
        if smoothness == 0.5 { return decay }
        var polynomial = try add(.combine(.add), scaled, try constant(1))
        if smoothness == 2.5 {
            let third = try add(.combine(.divide), try add(.apply(.square), scaled), try constant(3))
            polynomial = try add(.combine(.add), polynomial, third)
        }
        return try add(.combine(.multiply), polynomial, decay)
    }
}
