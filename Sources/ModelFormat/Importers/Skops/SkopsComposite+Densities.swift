// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// Estimators that ask how near a row is to the middle of something.
extension SkopsComposite {
    /// The inverse covariance says how far a row is from the usual ones.
    mutating func readEnvelope() throws(FormatError) {
        let precision = try numbers("precision_")
        let offset = try archive.double(try node.require("offset_"))
        let centred = try add(.combine(.subtract), x, try add(.constants(try numbers("location_"))))
        let turned = try multiply(centred, precision, outputs: width)
        let distance = try add(.reduce(.sum), try add(.combine(.multiply), turned, centred))
        try add(.product(matrix: [-1], addends: [-offset]), distance)
        output = OutputDescription(transform: .identity, labels: .integers([-1, 1]), predictsLabels: true)
    }

    mutating func readOutlierPlane() throws(FormatError) {
        let offset = try archive.double(try node.require("offset_"))
        try add(.product(matrix: try numbers("coef_"), addends: [-offset]), x)
        output = OutputDescription(transform: .identity, labels: .integers([-1, 1]), predictsLabels: true)
    }

    /// The class whose middle is nearest; with shares of the classes it counts how wide the columns are, too.
    mutating func readNearestCentre() throws(FormatError) {
        let labels = try SkopsEstimator.classes(node, archive)
        let centres = try numbers("centroids_")
        let metric = node.string("metric") ?? "euclidean"
        guard ["euclidean", "manhattan"].contains(metric) else { throw refuse("metric=\"\(metric)\"") }
        guard width > 0, labels.count > 1, centres.count == labels.count * width else {
            throw .wrongShape(
                part: "\(part).centroids_", expected: "[\(labels.count), \(width)]",
                found: "[\(centres.count)]")
        }
        let even = 1 / Double(labels.count)
        let shares =
            node["class_prior_"] == nil
            ? [Double](repeating: even, count: labels.count) : try numbers("class_prior_")
        let isEven = shares.allSatisfy { abs($0 - even) <= 1e-8 + 1e-5 * even }
        var scales = [Double](repeating: 1, count: width)
        if !isEven {
            scales = try numbers("within_class_std_dev_").map { $0 == 0 ? 1 : $0 }
            if scales.count != width || shares.count != labels.count {
                throw .wrongShape(
                    part: "\(part).within_class_std_dev_", expected: "[\(width)]", found: "[\(scales.count)]")
            }
        }
        let scaled = try add(.combine(.divide), x, try add(.constants(scales)))
        var distances: [Int] = []
        for index in 0..<labels.count {
            let centre = (0..<width).map { centres[index * width + $0] / scales[$0] }
            let difference = try add(.combine(.subtract), scaled, try add(.constants(centre)))
            if metric == "euclidean" {
                distances.append(try add(.reduce(.sumOfSquares), difference))
            } else {
                let sum = try add(.reduce(.sumOfAbsolutes), difference)
                distances.append(try add(.apply(.square), sum))
            }
        }
        let addends = try add(.constants(isEven ? shares.map { _ in 0 } : shares.map { 2 * log($0) }))
        let joined = try program.add(.join, distances, part: part)
        try add(.combine(.subtract), addends, joined)
        output = try classifier(isEven || metric != "euclidean" ? .identity : .softmax)
        if output.transform == .identity && labels.count == 2 {
            try add(.product(matrix: [-1, 1], addends: [0]), program.last)
        }
    }

    /// The likeliest of some normal distributions.
    mutating func readMixture() throws(FormatError) {
        let means = try numbers("means_")
        let shares = try numbers("weights_")
        let roots = try numbers("precisions_cholesky_")
        let kind = node.string("covariance_type") ?? "full"
        let count = shares.count
        let size = ["full": width * width, "tied": width * width, "diag": width, "spherical": 1][kind] ?? 0
        guard width > 0, count > 0, size > 0, means.count == count * width,
            roots.count == (kind == "tied" ? size : count * size)
        else {
            throw .wrongShape(
                part: "\(part).means_", expected: "[\(count), \(width)] and roots of the precisions",
                found: "[\(means.count)]")
        }
        var distances: [Int] = []
        var addends: [Double] = []
        for index in 0..<count {
            let mean = Array(means[index * width..<(index + 1) * width])
            let own = kind == "tied" ? roots : Array(roots[index * size..<(index + 1) * size])
            let centred = try add(.combine(.subtract), x, try add(.constants(mean)))
            let diagonal: [Double]
            let turned: Int
            if size == width * width && kind != "diag" && kind != "spherical" {
                diagonal = (0..<width).map { own[$0 * width + $0] }
                let matrix = (0..<width * width).map { own[$0 % width * width + $0 / width] }
                turned = try multiply(centred, matrix, outputs: width)
            } else {
                diagonal = kind == "diag" ? own : [Double](repeating: own[0], count: width)
                turned = try add(.combine(.multiply), centred, try add(.constants(diagonal)))
            }
            distances.append(try add(.reduce(.sumOfSquares), turned))
            let logarithms = diagonal.reduce(0) { $0 + log($1) }
            addends.append(log(shares[index]) + logarithms - 0.5 * Double(width) * log(2 * Double.pi))
        }
        let joined = try program.add(.join, distances, part: part)
        let halves = try add(.combine(.multiply), joined, try constant(-0.5))
        try add(.combine(.add), halves, try add(.constants(addends)))
        output = OutputDescription(
            transform: .softmax, labels: .integers((0..<Int64(count)).map { $0 }), predictsLabels: true)
    }

    /// Each column is a code; a class has a likelihood for each.
    mutating func readCategoricalBayes() throws(FormatError) {
        output = try classifier(.softmax)
        let classCount = output.labels?.count ?? 0
        let tables = try node.require("feature_log_prob_").items ?? []
        let shares = try numbers("class_log_prior_")
        if classCount < 2 || tables.count != width || shares.count != classCount {
            throw .wrongShape(
                part: "\(part).feature_log_prob_", expected: "[\(width)], two classes or more",
                found: "[\(tables.count)]")
        }
        var counts: [Int] = []
        var rows = [[Double]](repeating: [], count: classCount)
        for table in tables {
            let logarithms = try archive.doubles(table)
            let count = logarithms.count / classCount
            if count == 0 || count * classCount != logarithms.count {
                throw .wrongShape(
                    part: table.path, expected: "[\(classCount), categories]", found: "[\(logarithms.count)]")
            }
            counts.append(count)
            for index in 0..<classCount { rows[index] += logarithms[index * count..<(index + 1) * count] }
        }
        let chosen = try add(.spread(counts), x)
        try add(.product(matrix: rows.flatMap { $0 }, addends: shares), chosen)
    }
}
