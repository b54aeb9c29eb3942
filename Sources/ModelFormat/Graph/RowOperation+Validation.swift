// SPDX-License-Identifier: Apache-2.0
import Tabular

extension RowOperation {
    /// The width of what the operation makes of values of these widths; checks everything that a kernel
    /// relies on.
    func width(of widths: [Int], part: String) throws(FormatError) -> Int {
        let width = widths.first ?? 0
        let inputCount: ClosedRange<Int> =
            switch self {
            case .constants: 0...0
            case .join: 1...(1 << 20)
            case .combine: 2...2
            default: 1...1
            }
        try require(inputCount.contains(widths.count), "a step has \(widths.count) inputs", part)
        switch self {
        case .select(let indices):
            try require(
                indices.allSatisfy { $0 >= 0 && $0 < width }, "a column is none of \(width)", part)
            return indices.count
        case .join: return widths.reduce(0, +)
        case .constants(let numbers):
            try require(numbers.allSatisfy(\.isFinite), "a number is not finite", part)
            return numbers.count
        case .apply, .softmax: return width
        case .combine:
            try require(
                widths[0] == widths[1] || widths.contains(1), "\(widths[0]) and \(widths[1]) numbers meet",
                part)
            return max(widths[0], widths[1])
        case .reduce: return 1
        case .oneHot(let count):
            try require(width == 1, "\(width) indices", part)
            return count
        case .spread(let counts):
            try require(
                counts.count == width && counts.allSatisfy { $0 >= 0 && $0 <= RowProgram.widthMax },
                "\(counts.count) counts of categories for \(width) columns", part)
            return counts.reduce(0) { $0 + max($1, 1) }
        case .stages(let stages):
            var columns = [Int?](repeating: nil, count: width)
            for stage in stages { columns = try stage.validate(part: part, columns: columns) }
            return columns.count
        case .model(let graph, let answer):
            try require(
                width == graph.schema.count, "a model reads \(graph.schema.count) of \(width) columns", part)
            return answer == .margins ? graph.outputCount : graph.valueWidth
        default: return try fittedWidth(width, part: part)
        }
    }

    /// The same for operations that hold numbers fitted to columns.
    private func fittedWidth(_ width: Int, part: String) throws(FormatError) -> Int {
        switch self {
        case .product(let matrix, let addends):
            let (size, overflow) = addends.count.multipliedReportingOverflow(by: width)
            try require(
                !overflow && matrix.count == size,
                "\(matrix.count) coefficients for \(addends.count) outputs of \(width) columns", part)
            try require(
                matrix.allSatisfy(\.isFinite) && addends.allSatisfy(\.isFinite),
                "a coefficient is not finite", part)
            return addends.count
        case .similarity(let kernel, let vectors):
            try require(
                width > 0 && !vectors.isEmpty && vectors.count % width == 0
                    && vectors.allSatisfy(\.isFinite) && kernel.isFinite,
                "\(vectors.count) numbers are no vectors of \(width) columns, or one is not finite", part)
            return vectors.count / width
        case .pairVotes(let classCount):
            try require(
                classCount >= 2 && classCount <= 1 << 12 && width == classCount * (classCount - 1) / 2,
                "\(width) pairs of \(classCount) classes", part)
            return classCount
        case .nearest(let neighbours): return try neighbours.outputCount(width: width, part: part)
        case .imputeNearest(let imputation):
            try imputation.validate(width: width, part: part)
            return width
        case .power(let exponents, _):
            try require(
                exponents.count == width && exponents.allSatisfy(\.isFinite),
                "\(exponents.count) exponents for \(width) columns, or one is not finite", part)
            return width
        case .bins(let edges):
            try require(
                edges.count == width && edges.allSatisfy { $0.allSatisfy { !$0.isNaN } },
                "\(edges.count) lists of edges for \(width) columns, or an edge is NaN", part)
            return width
        case .interpolate(let curves):
            try require(curves.count == width, "\(curves.count) curves for \(width) columns", part)
            for curve in curves {
                try require(curve.isAscending, "a curve has no point, goes back, or is not finite", part)
            }
            return width
        case .monomials(let products):
            try require(
                products.allSatisfy { $0.count <= 64 && $0.allSatisfy { $0 >= 0 && $0 < width } },
                "a product has a column that is none of \(width), or more than 64", part)
            return products.count
        case .weightedMedian(let weights):
            try require(
                weights.count == width && weights.allSatisfy { $0.isFinite && $0 >= 0 },
                "\(weights.count) weights for \(width) numbers, or one is negative or not finite", part)
            return 1
        default: preconditionFailure("has no numbers of its own")
        }
    }

    private func require(
        _ condition: Bool, _ reason: @autoclosure () -> String, _ part: String
    ) throws(FormatError) {
        if !condition { throw .invalidValue(part: part, reason: reason()) }
    }
}

extension RowCurve {
    /// At least one point, all finite, and none left of the one before.
    fileprivate var isAscending: Bool {
        !x.isEmpty && x.count == y.count && x.allSatisfy(\.isFinite) && y.allSatisfy(\.isFinite)
            && zip(x, x.dropFirst()).allSatisfy { $0 <= $1 }
    }
}

extension ModelGraph {
    /// Columns of its probabilities where it has such, else of its predictions.
    var valueWidth: Int {
        switch output.transform {
        case .logistic, .softmax, .probability: output.labels?.count ?? predictionWidth
        default: predictionWidth
        }
    }
}

extension SimilarityKernel {
    fileprivate var isFinite: Bool {
        switch self {
        case .linear, .squaredDistance: true
        case .polynomial(let gamma, let offset, let degree):
            gamma.isFinite && offset.isFinite && degree.isFinite
        case .radial(let gamma): gamma.isFinite
        case .sigmoid(let gamma, let offset): gamma.isFinite && offset.isFinite
        }
    }
}

extension NearestNeighbours {
    fileprivate func outputCount(width: Int, part: String) throws(FormatError) -> Int {
        let count = width > 0 ? points.count / width : 0
        let (size, overflow) = count.multipliedReportingOverflow(by: outputCount)
        guard count > 0, points.count == count * width, outputCount > 0, !overflow, values.count == size,
            points.allSatisfy(\.isFinite), values.allSatisfy(\.isFinite),
            (1...count).contains(neighbourCount),
            exponent >= 1
        else {
            throw .invalidValue(
                part: part,
                reason: "\(points.count) numbers are no points of \(width) columns, or values do not fit")
        }
        return outputCount
    }
}
