// SPDX-License-Identifier: Apache-2.0

/// What LightGBM's objective says about answers: `ConvertOutput` of its source, chosen by the words of the
/// line `objective=`.
struct LightGBMObjective {
    var name: String
    var transform: OutputTransform
    /// LightGBM's `sigmoid`: what a margin is multiplied by before the logistic function.
    var slope = 1.0
    /// Labels 0 and 1 or 0 … k-1.
    var isClassifier = false

    /// - Parameter words: the objective's name and its settings; none for one of the user's own, whose
    ///   answers are raw sums.
    init(words: [String]) throws(FormatError) {
        name = words.first ?? "custom"
        switch name {
        case "binary", "multiclassova":
            (transform, isClassifier) = (.logistic, true)
            slope = try LightGBMObjective.slope(words)
        case "multiclass": (transform, isClassifier) = (.softmax, true)
        case "cross_entropy", "xentropy": transform = .logistic
        case "cross_entropy_lambda", "xentlambda": transform = .softplus
        case "poisson", "gamma", "tweedie": transform = .exponential
        case "regression", "regression_l1", "fair", "quantile", "mape":
            transform = words.contains("sqrt") ? .signedSquare : .identity
        case "huber", "lambdarank", "rank_xendcg", "custom", "none": transform = .identity
        default:
            throw .unsupported(
                part: "objective=\(name)",
                advice: "its predictions are not known here; use one of LightGBM 2 to 4")
        }
    }

    private static func slope(_ words: [String]) throws(FormatError) -> Double {
        for word in words.dropFirst() where word.hasPrefix("sigmoid:") {
            guard let slope = Double(word.dropFirst(8)), slope.isFinite, slope > 0 else {
                throw .invalidValue(part: "objective", reason: "\(word) is no positive number")
            }
            return slope
        }
        return 1
    }
}
