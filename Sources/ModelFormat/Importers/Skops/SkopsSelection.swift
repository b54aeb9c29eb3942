// SPDX-License-Identifier: Apache-2.0
import Base

/// Which columns scikit-learn's selectors keep; those that do not save it compute it from what fitting found.
enum SkopsSelection {
    /// `SelectPercentile`: what scores above the percentile, then the first of those that equal it.
    static func percentile(_ node: SkopsNode, _ scores: [Double]) throws(FormatError) -> [Int] {
        let percentile = node["percentile"]?.scalar?.double ?? 10
        guard percentile >= 0, percentile <= 100 else {
            throw .invalidValue(part: "\(node.path).percentile", reason: "\(percentile) is none")
        }
        if percentile == 100 { return Array(scores.indices) }
        if percentile == 0 || scores.isEmpty { return [] }
        let scores = scores.map { $0.isNaN ? -Double.greatestFiniteMagnitude : $0 }
        let threshold = quantile(scores.sorted(), (100 - percentile) / 100)
        var kept = scores.indices.filter { scores[$0] > threshold }
        let most = Int(Double(scores.count) * percentile / 100)
        kept += scores.indices.filter { scores[$0] == threshold }.prefix(max(0, most - kept.count))
        return kept.sorted()
    }

    /// `SelectFpr`, `SelectFdr` and `SelectFwe`: by the probability of a score like that by chance.
    static func significant(_ node: SkopsNode, _ probabilities: [Double]) throws(FormatError) -> [Int] {
        let alpha = node["alpha"]?.scalar?.double ?? 0.05
        let count = Double(probabilities.count)
        switch node.className {
        case "SelectFpr": return probabilities.indices.filter { probabilities[$0] < alpha }
        case "SelectFwe": return probabilities.indices.filter { probabilities[$0] < alpha / count }
        default:
            // Benjamini and Hochberg 1995.
            let sorted = probabilities.sorted()
            let bound = sorted.indices.filter { sorted[$0] <= alpha / count * Double($0 + 1) }.last
            guard let bound else { return [] }
            return probabilities.indices.filter { probabilities[$0] <= sorted[bound] }
        }
    }

    /// `SelectFromModel` over a linear model or trees: the columns whose coefficients, or shares in what the
    /// splits gained, are large enough.
    static func important(
        _ node: SkopsNode, _ archive: SkopsArchive, count: Int
    ) throws(FormatError) -> [Int] {
        func refuse(_ what: String) -> FormatError {
            .unsupported(part: "\(node.path): SelectFromModel with \(what)", advice: SkopsImporter.advice)
        }
        let model = try node.require("estimator_", or: "estimator")
        if node.string("importance_getter") ?? "auto" != "auto" { throw refuse("importance_getter") }
        if let order = node["norm_order"]?.scalar?.double, order != 1 { throw refuse("norm_order=\(order)") }
        let importances: [Double]
        if let coefficients = model["coef_"] {
            importances = try sums(of: coefficients, archive)
        } else if let gains = try SkopsImportances(archive, count: count).gains(of: model) {
            importances = gains
        } else {
            throw refuse("\(model.className)")
        }
        let threshold = try threshold(node, model, importances, refuse)
        var kept = importances.indices.filter { importances[$0] >= threshold }
        if let most = node["max_features"] {
            guard let count = most.scalar?.integer, count >= 0 else {
                throw refuse("max_features of its own")
            }
            let order = importances.indices.sorted { (-importances[$0], $0) < (-importances[$1], $1) }
            let first = Set(order.prefix(Int(clamping: count)))
            kept = kept.filter { first.contains($0) }
        }
        return kept
    }

    /// Of the coefficients' absolute values, one a column.
    private static func sums(
        of coefficients: SkopsNode, _ archive: SkopsArchive
    ) throws(FormatError) -> [Double] {
        let array = try archive.array(coefficients)
        let numbers = try array.doubles(part: coefficients.path)
        let width = array.shape.last ?? 0
        guard width > 0, numbers.count % width == 0 else {
            throw .wrongShape(
                part: coefficients.path, expected: "[outputs, columns]", found: "\(array.shape)")
        }
        var sums = [Double](repeating: 0, count: width)
        for (place, number) in numbers.enumerated() { sums[place % width] += abs(number) }
        return sums
    }

    /// A number, or one by name: `median`, `mean`, `1.25*mean`; models that make coefficients 0 keep the
    /// others.
    private static func threshold(
        _ node: SkopsNode, _ model: SkopsNode, _ importances: [Double],
        _ refuse: (String) -> FormatError
    ) throws(FormatError) -> Double {
        if let number = node["threshold"]?.scalar?.double { return number }
        guard let text = node.string("threshold") else {
            let isSparse =
                model.string("penalty") == "l1" || model.className.contains("Lasso")
                || model["l1_ratio"]?.scalar?.double == 1
            return isSparse ? 1e-5 : mean(importances)
        }
        let factors = text.split(separator: "*").map { $0.filter { $0 != " " } }
        let scale = factors.count == 2 ? Double(factors[0]) : factors.count == 1 ? 1 : nil
        guard let scale, let name = factors.last else { throw refuse("threshold=\"\(text)\"") }
        switch name {
        case "mean": return scale * mean(importances)
        case "median": return scale * quantile(importances.sorted(), 0.5)
        default: throw refuse("threshold=\"\(text)\"")
        }
    }

    private static func mean(_ numbers: [Double]) -> Double {
        numbers.reduce(0, +) / Double(max(numbers.count, 1))
    }

    /// On a straight line between the two numbers that are nearest to the place.
    private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        let place = share * Double(sorted.count - 1)
        let low = Int(place)
        let high = min(low + 1, sorted.count - 1)
        let part = place - Double(low)
        // As NumPy rounds it: from the nearer end.
        let distance = sorted[high] - sorted[low]
        return part < 0.5 ? sorted[low] + distance * part : sorted[high] - distance * (1 - part)
    }
}
