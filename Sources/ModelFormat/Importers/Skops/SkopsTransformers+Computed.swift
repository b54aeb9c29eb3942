// SPDX-License-Identifier: Apache-2.0
import Base

/// Transformers that are no stages: steps of a program.
extension SkopsTransformers {
    mutating func applyComputed(_ node: SkopsNode, to range: Range<Int>) throws(FormatError) {
        let part = node.path
        switch node.className {
        case "VarianceThreshold", "SelectKBest", "SelectPercentile", "SelectFpr", "SelectFdr", "SelectFwe",
            "RFE",
            "RFECV", "SelectFromModel":
            let kept = try chosen(node, count: range.count)
            try columns.compute(range, part: part) { (program, x) throws(FormatError) in
                try program.add(.select(kept), [x], part: part)
            }
        case "MissingIndicator":
            let gaps = try places(node, "features_")
            try columns.compute(range, part: part) { (program, x) throws(FormatError) in
                let picked = try program.add(.select(gaps), [x], part: part)
                return try program.add(.apply(.isMissing), [picked], part: part)
            }
        case "Binarizer":
            let threshold = node["threshold"]?.scalar?.double ?? 0
            try columns.compute(range, part: part) { (program, x) throws(FormatError) in
                let border = try program.add(.constants([threshold]), [], part: part)
                return try program.add(.combine(.above), [x, border], part: part)
            }
        case "Normalizer": try normalize(node, range)
        case "PolynomialFeatures": try applyPolynomial(node, range)
        case "PCA", "IncrementalPCA", "TruncatedSVD", "FastICA", "GaussianRandomProjection":
            try project(node, range)
        case "LinearDiscriminantAnalysis": try projectOnClasses(node, range)
        case "KMeans", "MiniBatchKMeans": try measureDistances(node, range)
        case "KernelPCA": try projectKernel(node, range)
        case "Nystroem": try approximateKernel(node, range)
        case "RBFSampler": try sampleKernel(node, range)
        case "PowerTransformer": try applyPower(node, range)
        case "QuantileTransformer": try applyQuantiles(node, range)
        case "KBinsDiscretizer": try applyBins(node, range)
        case "TargetEncoder": try encodeTargets(node, range)
        case "FunctionTransformer": try applyFunction(node, range)
        case "TfidfTransformer": try weighTerms(node, range)
        case "FeatureUnion": try applyUnion(node, range)
        case "KNNImputer": try imputeNearest(node, range)
        case "IterativeImputer": try imputeInRounds(node, range)
        case "SplineTransformer": try applySplines(node, range)
        default: throw .unsupported(part: "\(part): \(node.className)", advice: SkopsImporter.advice)
        }
    }

    /// Whole numbers from 0 in an array.
    func places(_ node: SkopsNode, _ name: String) throws(FormatError) -> [Int] {
        var places: [Int] = []
        for number in try numbers(node, name) {
            guard let place = Int(exactly: number), place >= 0 else {
                throw .invalidValue(part: "\(node.path).\(name)", reason: "\(number) is no place")
            }
            places.append(place)
        }
        return places
    }

    /// Keeps numbers within `feature_range`.
    mutating func clip(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        guard let bounds = node["feature_range"]?.items, bounds.count == 2,
            let low = bounds[0].scalar?.double, let high = bounds[1].scalar?.double
        else { throw refuse(node, "clip=True without feature_range") }
        let part = node.path
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let bottom = try program.add(.constants([low]), [], part: part)
            let top = try program.add(.constants([high]), [], part: part)
            let raised = try program.add(.combine(.maximum), [x, bottom], part: part)
            return try program.add(.combine(.minimum), [raised, top], part: part)
        }
    }

    /// Terms that occur count as one.
    mutating func limitToOne(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let one = try program.add(.constants([1]), [], part: part)
            return try program.add(.combine(.minimum), [x, one], part: part)
        }
    }

    // MARK: Choosing

    private func chosen(_ node: SkopsNode, count: Int) throws(FormatError) -> [Int] {
        let kept: [Int]
        switch node.className {
        case "VarianceThreshold":
            let threshold = node["threshold"]?.scalar?.double ?? 0
            let variances = try numbers(node, "variances_")
            kept = variances.indices.filter { variances[$0] > threshold }
        case "SelectKBest":
            let scores = try numbers(node, "scores_").map { $0.isNaN ? -Double.greatestFiniteMagnitude : $0 }
            let wanted = node["k"]?.scalar?.integer.map { Int(clamping: $0) } ?? scores.count
            // Of equal scores the last ones are kept.
            let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
            kept = order.suffix(max(0, wanted)).sorted()
        case "SelectPercentile": kept = try SkopsSelection.percentile(node, try numbers(node, "scores_"))
        case "SelectFpr", "SelectFdr", "SelectFwe":
            kept = try SkopsSelection.significant(node, try numbers(node, "pvalues_"))
        case "SelectFromModel": kept = try SkopsSelection.important(node, archive, count: count)
        default:
            let flags = try numbers(node, "support_")
            kept = flags.indices.filter { flags[$0] != 0 }
        }
        if kept.isEmpty || (kept.last ?? 0) >= count {
            throw refuse(node, "no column, or more than there are")
        }
        return kept
    }

    // MARK: Numbers

    /// Counts of terms become weights, and a row of them gets the length 1.
    private mutating func weighTerms(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        var weights: [Double]?
        if node.flag("use_idf") != false {
            weights = try SkopsTexts.weights(node, archive, count: range.count)
        }
        if node.flag("sublinear_tf") == true {
            try columns.compute(range, part: part) { (program, x) throws(FormatError) in
                let zero = try program.add(.constants([0]), [], part: part)
                let one = try program.add(.constants([1]), [], part: part)
                let isThere = try program.add(.combine(.above), [x, zero], part: part)
                let count = try program.add(.combine(.maximum), [x, one], part: part)
                let logarithm = try program.add(.apply(.logarithm), [count], part: part)
                let sum = try program.add(.combine(.add), [logarithm, one], part: part)
                return try program.add(.combine(.multiply), [sum, isThere], part: part)
            }
        }
        if let weights {
            try columns.multiply(
                range, by: weights, adding: [Double](repeating: 0, count: range.count), part: part)
        }
        if node["norm"] != nil { try normalize(node, range) }
    }

    private mutating func normalize(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        let norm = node.string("norm") ?? "l2"
        let reduction: RowReduction
        switch norm {
        case "l1": reduction = .sumOfAbsolutes
        case "l2": reduction = .sumOfSquares
        case "max": reduction = .largestAbsolute
        default: throw refuse(node, "norm=\"\(norm)\"")
        }
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            var length = try program.add(.reduce(reduction), [x], part: part)
            if norm == "l2" { length = try program.add(.apply(.squareRoot), [length], part: part) }
            // Rows of zeros stay.
            let zero = try program.add(.constants([0]), [], part: part)
            let isZero = try program.add(.combine(.equal), [length, zero], part: part)
            let divisor = try program.add(.combine(.add), [length, isZero], part: part)
            return try program.add(.combine(.divide), [x, divisor], part: part)
        }
    }

    private mutating func applyPolynomial(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        var degrees = 0...2
        if let degree = node["degree"]?.scalar?.integer {
            degrees = 0...Int(min(max(degree, 0), 64))
        } else if let pair = node["degree"]?.items, pair.count == 2, let low = pair[0].scalar?.integer,
            let high = pair[1].scalar?.integer, low >= 0, high >= low, high <= 64
        {
            degrees = Int(low)...Int(high)
        }
        let isInteraction = node.flag("interaction_only") == true
        var products: [[Int]] = node.flag("include_bias") == false ? [] : [[]]
        var previous: [[Int]] = [[]]
        for degree in 1..<degrees.upperBound + 1 {
            var next: [[Int]] = []
            for product in previous {
                let first = product.last.map { isInteraction ? $0 + 1 : $0 } ?? 0
                for column in first..<max(first, range.count) { next.append(product + [column]) }
                if next.count > RowProgram.widthMax {
                    throw refuse(node, "more than \(RowProgram.widthMax) columns")
                }
            }
            if degrees.contains(degree) { products += next }
            previous = next
        }
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            try program.add(.monomials(products), [x], part: part)
        }
    }

    private mutating func project(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        let components = try numbers(node, "components_")
        let count = components.count / max(range.count, 1)
        var divisors: [Double]?
        if node.flag("whiten") == true {
            divisors = try numbers(node, "explained_variance_").map { max($0.squareRoot(), .ulpOfOne) }
        }
        let means = node["mean_"] == nil ? nil : try numbers(node, "mean_")
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            var x = x
            if let means {
                let center = try program.add(.constants(means), [], part: part)
                x = try program.add(.combine(.subtract), [x, center], part: part)
            }
            let zeros = [Double](repeating: 0, count: count)
            x = try program.add(.product(matrix: components, addends: zeros), [x], part: part)
            guard let divisors else { return x }
            let scale = try program.add(.constants(divisors), [], part: part)
            return try program.add(.combine(.divide), [x, scale], part: part)
        }
    }

    private mutating func imputeNearest(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        if let marker = node["missing_values"]?.scalar?.double, !marker.isNaN {
            throw refuse(node, "missing_values=\(marker)")
        }
        var gaps: [Int] = []
        if node.flag("add_indicator") == true, let indicator = node["indicator_"] {
            gaps = try places(indicator, "features_")
        }
        if let metric = node.string("metric"), metric != "nan_euclidean" {
            throw refuse(node, "metric=\"\(metric)\"")
        }
        guard let weights = node.string("weights"), ["uniform", "distance"].contains(weights) else {
            throw refuse(node, "weights of its own")
        }
        let points = try numbers(node, "_fit_X")
        // Columns without any number are left out.
        let flags = try numbers(node, "_valid_mask")
        let kept = flags.indices.filter { flags[$0] != 0 }
        if kept.count < flags.count && node.flag("keep_empty_features") == true {
            throw refuse(node, "keep_empty_features=True and a column without any number")
        }
        let count = node["n_neighbors"]?.scalar?.integer ?? 5
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let filled = try program.add(
                .imputeNearest(
                    NearestImputation(
                        points: points, neighbourCount: Int(clamping: count),
                        isWeighted: weights == "distance")),
                [x], part: part)
            let known = try program.add(.select(kept), [filled], part: part)
            if gaps.isEmpty { return known }
            let picked = try program.add(.select(gaps), [x], part: part)
            let marks = try program.add(.apply(.isMissing), [picked], part: part)
            return try program.add(.join, [known, marks], part: part)
        }
    }

    private mutating func applyPower(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        let exponents = try numbers(node, "lambdas_")
        let isYeoJohnson = node.string("method") != "box-cox"
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            try program.add(.power(exponents: exponents, isYeoJohnson: isYeoJohnson), [x], part: part)
        }
        guard node.flag("standardize") != false, let scaler = node["_scaler"] else { return }
        try columns.scale(
            range, offsets: try numbers(scaler, "mean_"), divisors: try numbers(scaler, "scale_"), part: part)
    }

    /// The mean of the curve from below and of that from above, which differ where quantiles are equal.
    private mutating func applyQuantiles(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let isNormal = node.string("output_distribution") == "normal"
        let part = node.path
        let references = try numbers(node, "references_")
        let quantiles = try numbers(node, "quantiles_")
        let width = range.count
        if quantiles.count != references.count * width {
            throw .wrongShape(
                part: "\(part).quantiles_", expected: "[\(references.count), \(width)]",
                found: "[\(quantiles.count)]")
        }
        if references.isEmpty { throw refuse(node, "no quantiles") }
        let lowest = Array(quantiles[..<width])
        let highest = Array(quantiles[(quantiles.count - width)...])
        var rising: [RowCurve] = []
        var falling: [RowCurve] = []
        for column in 0..<width {
            let x = references.indices.map { quantiles[$0 * width + column] }
            rising.append(RowCurve(x: x, y: references))
            falling.append(RowCurve(x: x.reversed().map { -$0 }, y: references.reversed().map { -$0 }))
        }
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let up = try program.add(.interpolate(rising), [x], part: part)
            let negative = try program.add(.apply(.negative), [x], part: part)
            let down = try program.add(.interpolate(falling), [negative], part: part)
            let sum = try program.add(.combine(.subtract), [up, down], part: part)
            let half = try program.add(.constants([0.5]), [], part: part)
            let share = try program.add(.combine(.multiply), [sum, half], part: part)
            guard isNormal else { return share }
            return try SkopsQuantiles.normal(
                &program, of: x, share: share, lowest: lowest, highest: highest, part: part)
        }
    }

    private mutating func applyBins(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        guard SkopsMath.isVersion(node.string("_sklearn_version"), atLeast: (1, 1)) else {
            throw refuse(node, "the borders of scikit-learn before 1.1")
        }
        var edges: [[Double]] = []
        for item in try node.require("bin_edges_").items ?? [] {
            edges.append(Array(try archive.doubles(item).dropFirst().dropLast()))
        }
        let isOrdinal = node.string("encode") == "ordinal"
        let counts = edges.map { $0.count + 1 }
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let bins = try program.add(.bins(edges), [x], part: part)
            return isOrdinal ? bins : try program.add(.spread(counts), [bins], part: part)
        }
    }

    private static let functions: [String: RowFunction] = [
        "log": .logarithm, "log1p": .logarithmOfOnePlus, "exp": .exponential, "expm1": .exponentialMinusOne,
        "sqrt": .squareRoot, "square": .square, "abs": .absolute, "absolute": .absolute,
    ]

    /// A function of NumPy of one number, by its name.
    static func function(_ node: SkopsNode?) -> RowFunction? {
        guard let node, node.module.hasPrefix("numpy") else { return nil }
        let name = node.value["content"]?["function"]?.string ?? node.className
        return functions[name]
    }

    private mutating func applyFunction(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        guard let function = SkopsTransformers.function(node["func"]) else {
            throw refuse(node, "a function that is none of log, log1p, exp, expm1, sqrt, square and abs")
        }
        let part = node.path
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            try program.add(.apply(function), [x], part: part)
        }
    }

    // MARK: Categories

    /// Each category becomes the mean target that training saw with it; unknown ones that of all.
    private mutating func encodeTargets(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let part = node.path
        let categories = try categories(node)
        let means = try numbers(node, "target_mean_")
        var encodings: [[Double]] = []
        for item in try node.require("encodings_").items ?? [] { encodings.append(try archive.doubles(item)) }
        let perColumn = max(means.count, 1)
        if encodings.count != range.count * perColumn || means.isEmpty {
            throw .wrongShape(
                part: "\(part).encodings_", expected: "[\(range.count * perColumn)]",
                found: "[\(encodings.count)]")
        }
        try columns.encode(range, categories, part: part)
        let counts = categories.map(\.count)
        let width = counts.reduce(0, +)
        var matrix: [Double] = []
        for (index, encoding) in encodings.enumerated() {
            let column = index / perColumn
            let mean = means[index % perColumn]
            if encoding.count != counts[column] {
                throw .wrongShape(
                    part: "\(part).encodings_", expected: "[\(counts[column])]", found: "[\(encoding.count)]")
            }
            if width > RowProgram.widthMax / encodings.count { throw refuse(node, "so many categories") }
            let start = counts[..<column].reduce(0, +)
            var row = [Double](repeating: 0, count: width)
            for (code, value) in encoding.enumerated() { row[start + code] = value - mean }
            matrix += row
        }
        let addends = encodings.indices.map { means[$0 % perColumn] }
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let spread = try program.add(.spread(counts), [x], part: part)
            return try program.add(.product(matrix: matrix, addends: addends), [spread], part: part)
        }
    }

    // MARK: Side by side

    /// Every transformer gets all columns.
    private mutating func applyUnion(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        guard range == 0..<columns.count else { throw refuse(node, "a place behind other columns") }
        if node["transformer_weights"] != nil { throw refuse(node, "transformer_weights") }
        var parts: [SkopsNode] = []
        for entry in try node.require("transformer_list").items ?? [] {
            guard let pair = entry.items, pair.count == 2 else {
                throw .invalidValue(part: entry.path, reason: "it is not a name and a transformer")
            }
            if pair[1].scalar?.string != "drop" { parts.append(pair[1]) }
        }
        let taken = parts.flatMap { _ in Array(range) }
        if taken.isEmpty { throw refuse(node, "no transformer") }
        try columns.select(taken, part: node.path)
        var start = 0
        for part in parts { start += try apply(part, to: start..<start + range.count) }
    }
}
