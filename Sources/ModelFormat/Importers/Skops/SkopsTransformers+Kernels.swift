// SPDX-License-Identifier: Apache-2.0
import Base

/// Transformers that hold rows against what they know: centres, directions, training rows.
extension SkopsTransformers {
    /// Discriminant analysis before another model: the directions that tell the classes apart.
    mutating func projectOnClasses(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        let scalings = try numbers(node, "scalings_")
        let width = range.count
        let directions = scalings.count / max(width, 1)
        let most = Int(clamping: node["_max_components"]?.scalar?.integer ?? Int64(directions))
        let count = min(directions, most)
        if count < 1 || directions * width != scalings.count {
            throw .wrongShape(
                part: "\(part).scalings_", expected: "[\(width), directions]", found: "[\(scalings.count)]")
        }
        let matrix = (0..<count * width).map { scalings[$0 % width * directions + $0 / width] }
        var middle = [Double](repeating: 0, count: width)
        if node.string("solver") ?? "svd" == "svd" { middle = try numbers(node, "xbar_") }
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let center = try program.add(.constants(middle), [], part: part)
            let centred = try program.add(.combine(.subtract), [x, center], part: part)
            let zeros = [Double](repeating: 0, count: count)
            return try program.add(.product(matrix: matrix, addends: zeros), [centred], part: part)
        }
    }

    /// Clusters before another model: how far each centre is.
    mutating func measureDistances(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        let centres = try numbers(node, "cluster_centers_")
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let squares = try program.add(
                .similarity(.squaredDistance, vectors: centres), [x], part: part)
            return try program.add(.apply(.squareRoot), [squares], part: part)
        }
    }

    /// The kernel of a transformer; `gamma` where fitting found one.
    private func kernel(_ node: SkopsNode, width: Int) throws(FormatError) -> SimilarityKernel {
        let gamma: Double
        if let fitted = node["gamma_"] ?? node["gamma"] {
            gamma = try archive.double(fitted)
        } else {
            gamma = 1 / Double(max(width, 1))
        }
        let offset = try node["coef0"].map { (node) throws(FormatError) in try archive.double(node) } ?? 1
        let degree = try node["degree"].map { (node) throws(FormatError) in try archive.double(node) } ?? 3
        switch node.string("kernel") ?? "" {
        case "linear": return .linear
        case "rbf": return .radial(gamma: gamma)
        case "poly", "polynomial": return .polynomial(gamma: gamma, offset: offset, degree: degree)
        case "sigmoid": return .sigmoid(gamma: gamma, offset: offset)
        case let name: throw refuse(node, "kernel=\"\(name)\"")
        }
    }

    mutating func approximateKernel(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        let kernel = try kernel(node, width: range.count)
        let points = try numbers(node, "components_")
        let matrix = try numbers(node, "normalization_")
        let count = points.count / max(range.count, 1)
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let similar = try program.add(.similarity(kernel, vectors: points), [x], part: part)
            let zeros = [Double](repeating: 0, count: count)
            return try program.add(.product(matrix: matrix, addends: zeros), [similar], part: part)
        }
    }

    mutating func sampleKernel(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        let weights = try numbers(node, "random_weights_")
        let offsets = try numbers(node, "random_offset_")
        let count = offsets.count
        let width = range.count
        if count == 0 || weights.count != count * width {
            throw .wrongShape(
                part: "\(part).random_weights_", expected: "[\(width), \(count)]", found: "[\(weights.count)]"
            )
        }
        let matrix = (0..<count * width).map { weights[$0 % width * count + $0 / width] }
        let scale = (2 / Double(count)).squareRoot()
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let angles = try program.add(.product(matrix: matrix, addends: offsets), [x], part: part)
            let waves = try program.add(.apply(.cosine), [angles], part: part)
            let factor = try program.add(.constants([scale]), [], part: part)
            return try program.add(.combine(.multiply), [waves, factor], part: part)
        }
    }

    /// Directions in the space of a kernel, whose similarities are centred first.
    mutating func projectKernel(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        let kernel = try kernel(node, width: range.count)
        let points = try numbers(node, "X_fit_")
        let count = points.count / max(range.count, 1)
        let center = try node.require("_centerer")
        let means = try numbers(center, "K_fit_rows_")
        let mean = try archive.double(try center.require("K_fit_all_"))
        let values = try archive.doubles(try node.require("eigenvalues_", or: "lambdas_"))
        let vectors = try archive.doubles(try node.require("eigenvectors_", or: "alphas_"))
        let outputs = values.count
        if count == 0 || outputs == 0 || vectors.count != count * outputs || means.count != count {
            throw .wrongShape(
                part: "\(part).eigenvectors_", expected: "[\(count), \(outputs)]", found: "[\(vectors.count)]"
            )
        }
        let matrix = (0..<outputs * count).map { place in
            let value = values[place / count]
            return value > 0 ? vectors[place % count * outputs + place / count] / value.squareRoot() : 0
        }
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let similar = try program.add(.similarity(kernel, vectors: points), [x], part: part)
            let sum = try program.add(.reduce(.sum), [similar], part: part)
            let own = try program.add(
                .product(matrix: [1 / Double(count)], addends: [-mean]), [sum], part: part)
            let rows = try program.add(.constants(means), [], part: part)
            let lifted = try program.add(.combine(.subtract), [similar, rows], part: part)
            let centred = try program.add(.combine(.subtract), [lifted, own], part: part)
            let zeros = [Double](repeating: 0, count: outputs)
            return try program.add(.product(matrix: matrix, addends: zeros), [centred], part: part)
        }
    }
}
