// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// Estimators that hold the row against what they know: support vectors, points, distributions.
extension SkopsComposite {
    // MARK: Support vectors

    private func kernel(_ name: String, gamma: Double) throws(FormatError) -> SimilarityKernel {
        let offset = try node["coef0"].map { (node) throws(FormatError) in try archive.double(node) } ?? 0
        let degree = try node["degree"].map { (node) throws(FormatError) in try archive.double(node) } ?? 3
        return switch name {
        case "linear": .linear
        case "poly", "polynomial": .polynomial(gamma: gamma, offset: offset, degree: degree)
        case "rbf": .radial(gamma: gamma)
        case "sigmoid": .sigmoid(gamma: gamma, offset: offset)
        default: throw refuse("kernel=\"\(name)\"")
        }
    }

    /// How alike the row is to each support vector.
    private mutating func similarities() throws(FormatError) -> Int {
        if node.flag("_sparse") == true { throw refuse("sparse support vectors") }
        guard let name = node.string("kernel") else { throw refuse("a kernel of its own") }
        let kernel = try kernel(name, gamma: try archive.double(try node.require("_gamma")))
        return try add(.similarity(kernel, vectors: try numbers("support_vectors_")), x)
    }

    /// One number: above 0 for inliers, the value of a regressor.
    mutating func readSupportVectors() throws(FormatError) {
        let similar = try similarities()
        let offset = try archive.double(try node.require("_intercept_"))
        try add(.product(matrix: try numbers("_dual_coef_"), addends: [offset]), similar)
        if node.className == "OneClassSVM" {
            output = OutputDescription(
                transform: .identity, labels: .integers([-1, 1]), predictsLabels: true)
        }
    }

    /// Each pair of classes is told apart by the vectors of both; the class with the most votes wins.
    mutating func readSupportVectorClasses() throws(FormatError) {
        if node.flag("break_ties") == true { throw refuse("break_ties=True") }
        output = try classifier(.identity)
        let similar = try similarities()
        let vectorCount = program.widths[similar]
        let coefficients = try numbers("_dual_coef_")
        let offsets = try numbers("_intercept_")
        let counts = try numbers("_n_support").compactMap { Int(exactly: $0) }
        let classCount = output.labels?.count ?? 0
        let (size, overflow) = vectorCount.multipliedReportingOverflow(by: max(classCount - 1, 0))
        var starts = [0]
        for count in counts {
            let (end, overflow) = starts[starts.count - 1].addingReportingOverflow(count)
            if count < 0 || overflow { throw refuse("a negative count of vectors") }
            starts.append(end)
        }
        let pairCount = classCount * (classCount - 1) / 2
        guard classCount >= 2, classCount <= 1 << 12, !overflow, coefficients.count == size,
            counts.count == classCount, starts[starts.count - 1] == vectorCount, offsets.count == pairCount,
            vectorCount <= (1 << 28) / pairCount
        else {
            throw .wrongShape(
                part: "\(part)._dual_coef_", expected: "[\(classCount - 1), \(vectorCount)]",
                found: "[\(coefficients.count)]")
        }
        var matrix: [Double] = []
        for first in 0..<classCount {
            for second in first + 1..<classCount {
                var row = [Double](repeating: 0, count: vectorCount)
                for vector in starts[first]..<starts[first + 1] {
                    row[vector] = coefficients[(second - 1) * vectorCount + vector]
                }
                for vector in starts[second]..<starts[second + 1] {
                    row[vector] = coefficients[first * vectorCount + vector]
                }
                matrix += row
            }
        }
        if classCount == 2 {
            // Above 0 is the first class; a margin is that of the second.
            try add(.product(matrix: matrix.map { -$0 }, addends: offsets.map { -$0 }), similar)
        } else {
            let pairs = try add(.product(matrix: matrix, addends: offsets), similar)
            try add(.pairVotes(classCount: classCount), pairs)
        }
    }

    mutating func readKernelRidge() throws(FormatError) {
        let gamma =
            try node["gamma"].map { (node) throws(FormatError) in try archive.double(node) } ?? 1
            / Double(width)
        let kernel = try kernel(node.string("kernel") ?? "", gamma: gamma)
        let similar = try add(.similarity(kernel, vectors: try numbers("X_fit_")), x)
        let array = try archive.array(try node.require("dual_coef_"))
        let coefficients = try array.doubles(part: part)
        let outputs = array.shape.count == 2 ? array.shape[1] : 1
        let points = program.widths[similar]
        guard outputs > 0, coefficients.count == points * outputs else {
            throw .wrongShape(
                part: "\(part).dual_coef_", expected: "[\(points), outputs]", found: "\(array.shape)")
        }
        var matrix: [Double] = []
        for output in 0..<outputs {
            for point in 0..<points { matrix.append(coefficients[point * outputs + output]) }
        }
        _ = try multiply(similar, matrix, outputs: outputs)
    }

    // MARK: Neighbours

    mutating func readNeighbours() throws(FormatError) {
        let isClassifier = node.className == "KNeighborsClassifier"
        let points = try numbers("_fit_X")
        let targets = try archive.array(try node.require("_y"))
        var values = try targets.doubles(part: "\(part)._y")
        let count = width == 0 ? 0 : points.count / width
        var outputCount = count == 0 ? 0 : values.count / count
        if isClassifier {
            if node.flag("outputs_2d_") == true { throw refuse("several targets") }
            output = try classifier(.probability)
            outputCount = output.labels?.count ?? 0
            let codes = values
            if codes.count != count || outputCount < 1 || count > (1 << 28) / outputCount {
                throw .wrongShape(part: "\(part)._y", expected: "[\(count)]", found: "\(targets.shape)")
            }
            values = [Double](repeating: 0, count: codes.count * outputCount)
            for (point, code) in codes.enumerated() {
                guard let place = Int(exactly: code), place >= 0, place < outputCount else {
                    throw .invalidValue(part: "\(part)._y", reason: "\(code) is no class of \(outputCount)")
                }
                values[point * outputCount + place] = 1
            }
        }
        let weights = node["weights"] == nil ? "uniform" : node.string("weights")
        guard let weights, ["uniform", "distance"].contains(weights) else {
            throw refuse("weights of its own")
        }
        let wanted = Int(clamping: node["n_neighbors"]?.scalar?.integer ?? 5)
        try add(
            .nearest(
                NearestNeighbours(
                    points: points, values: values, outputCount: outputCount, neighbourCount: wanted,
                    isWeighted: weights == "distance", exponent: try distanceExponent())), x)
    }

    private func distanceExponent() throws(FormatError) -> Double {
        let name = node.string("effective_metric_") ?? node.string("metric") ?? ""
        switch name {
        case "euclidean", "l2": return 2
        case "manhattan", "cityblock", "l1": return 1
        case "chebyshev", "infinity": return .infinity
        case "minkowski":
            if node["effective_metric_params_"]?["w"] != nil { throw refuse("weights of the columns") }
            return node["effective_metric_params_"]?["p"]?.scalar?.double ?? node["p"]?.scalar?.double ?? 2
        default: throw refuse("metric=\"\(name)\"")
        }
    }

    /// The index of the nearest centre.
    mutating func readCentres() throws(FormatError) {
        let distances = try add(
            .similarity(.squaredDistance, vectors: try numbers("cluster_centers_")), x)
        let count = program.widths[distances]
        if count < 2 { throw refuse("one cluster") }
        try add(.apply(.negative), distances)
        output = OutputDescription(
            transform: .identity, labels: .integers((0..<Int64(count)).map { $0 }), predictsLabels: true)
    }

    // MARK: Distributions

    mutating func readGaussians() throws(FormatError) {
        output = try classifier(.softmax)
        let classCount = output.labels?.count ?? 0
        let means = try numbers("theta_")
        let variances = try archive.doubles(try node.require("var_", or: "sigma_"))
        let shares = try numbers("class_prior_")
        guard width > 0, means.count == classCount * width, variances.count == means.count,
            shares.count == classCount, variances.allSatisfy({ $0 > 0 })
        else {
            throw .wrongShape(
                part: "\(part).theta_", expected: "[\(classCount), \(width)], variances above 0",
                found: "[\(means.count)]")
        }
        var distances: [Int] = []
        var addends: [Double] = []
        for index in 0..<classCount {
            let range = index * width..<(index + 1) * width
            let centred = try add(.combine(.subtract), x, try add(.constants(Array(means[range]))))
            let squares = try add(.apply(.square), centred)
            let scaled = try add(.combine(.divide), squares, try add(.constants(Array(variances[range]))))
            distances.append(try add(.reduce(.sum), scaled))
            let logarithms = variances[range].reduce(0) { $0 + log(2 * Double.pi * $1) }
            addends.append(log(shares[index]) - 0.5 * logarithms)
        }
        try finishQuadratic(distances, addends)
    }

    /// Logarithms of likelihoods: half of each distance less.
    private mutating func finishQuadratic(_ distances: [Int], _ addends: [Double]) throws(FormatError) {
        let joined = try program.add(.join, distances, part: part)
        let halves = try add(.combine(.multiply), joined, try constant(-0.5))
        try add(.combine(.add), halves, try add(.constants(addends)))
    }

    mutating func readQuadratic() throws(FormatError) {
        output = try classifier(.softmax)
        let classCount = output.labels?.count ?? 0
        let means = try numbers("means_")
        let shares = try numbers("priors_")
        let rotations = try node.require("rotations_").items ?? []
        let scalings = try node.require("scalings_").items ?? []
        guard width > 0, means.count == classCount * width, rotations.count == classCount,
            scalings.count == classCount, shares.count == classCount
        else {
            throw .wrongShape(
                part: "\(part).means_", expected: "[\(classCount), \(width)]", found: "[\(means.count)]")
        }
        var distances: [Int] = []
        var addends: [Double] = []
        for index in 0..<classCount {
            let rotation = try archive.doubles(rotations[index])
            let scales = try archive.doubles(scalings[index])
            let count = scales.count
            if rotation.count != width * count || count == 0 {
                throw .wrongShape(
                    part: rotations[index].path, expected: "[\(width), \(count)]",
                    found: "[\(rotation.count)]")
            }
            var matrix: [Double] = []
            for output in 0..<count {
                let factor = 1 / scales[output].squareRoot()
                for column in 0..<width { matrix.append(rotation[column * count + output] * factor) }
            }
            let mean = Array(means[index * width..<(index + 1) * width])
            let centred = try add(.combine(.subtract), x, try add(.constants(mean)))
            distances.append(
                try add(.reduce(.sumOfSquares), try multiply(centred, matrix, outputs: count)))
            addends.append(log(shares[index]) - 0.5 * scales.reduce(0) { $0 + log($1) })
        }
        try finishQuadratic(distances, addends)
    }

    mutating func readCoins() throws(FormatError) {
        output = try classifier(.softmax)
        let classCount = output.labels?.count ?? 0
        let logarithms = try numbers("feature_log_prob_")
        let shares = try numbers("class_log_prior_")
        guard logarithms.count == classCount * width, shares.count == classCount, classCount > 1 else {
            throw .wrongShape(
                part: "\(part).feature_log_prob_", expected: "[\(classCount), \(width)]",
                found: "[\(logarithms.count)]")
        }
        var bits = x
        if let threshold = node["binarize"] {
            bits = try add(.combine(.above), x, try constant(try archive.double(threshold)))
        }
        let others = logarithms.map { log(1 - exp($0)) }
        let addends = (0..<classCount).map { index in
            shares[index] + others[index * width..<(index + 1) * width].reduce(0, +)
        }
        try add(.product(matrix: zip(logarithms, others).map { $0 - $1 }, addends: addends), bits)
    }

    // MARK: Others

    /// The shorter the ways to the leaves, the likelier an outlier.
    mutating func readIsolation() throws(FormatError) {
        let nodes = try node.require("estimators_").items ?? []
        var trees = SkopsTrees(archive, rules: SkopsTrees.rules(.onBase))
        for (inner, features) in zip(nodes, try featureLists(nodes.count)) {
            try trees.appendPaths(inner, features: features)
        }
        try trees.finish(margins: [0])
        let sampleCount = try archive.double(try node.require("_max_samples", or: "max_samples_"))
        let usual = SkopsMath.averagePathLength(sampleCount) * Double(nodes.count)
        guard usual > 0 else { throw refuse("trees of one sample") }
        let offset = try archive.double(try node.require("offset_"))
        let graph = ModelGraph(
            schema: columns.innerSchema, estimator: .treeEnsemble(trees.ensemble),
            output: OutputDescription(transform: .identity))
        try graph.validate()
        let depth = try add(.model(graph, .margins), x)
        let share = try add(.combine(.divide), depth, try constant(usual))
        let score = try add(.apply(.exponential), try multiply(share, [-log(2)], outputs: 1))
        try add(.product(matrix: [-1], addends: [-offset]), score)
        output = OutputDescription(transform: .identity, labels: .integers([-1, 1]), predictsLabels: true)
    }

    mutating func readConstant() throws(FormatError) {
        if node.className == "DummyRegressor" {
            try add(.constants(try numbers("constant_")))
            return
        }
        let strategy = node.string("strategy") ?? ""
        guard ["prior", "most_frequent"].contains(strategy) else { throw refuse("strategy=\"\(strategy)\"") }
        var shares = try numbers("class_prior_")
        if strategy == "most_frequent", let largest = shares.max(), let best = shares.firstIndex(of: largest)
        {
            shares = shares.indices.map { $0 == best ? 1 : 0 }
        }
        output = try classifier(.probability)
        try add(.constants(shares))
    }

    mutating func readPartialLeastSquares() throws(FormatError) {
        guard SkopsMath.isVersion(node.string("_sklearn_version"), atLeast: (1, 3)) else {
            throw refuse("the coefficients of scikit-learn before 1.3")
        }
        let centred = try add(.combine(.subtract), x, try add(.constants(try numbers("_x_mean"))))
        try add(.product(matrix: try numbers("coef_"), addends: try numbers("intercept_")), centred)
    }
}
