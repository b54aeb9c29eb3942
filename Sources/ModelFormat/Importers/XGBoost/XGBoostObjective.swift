// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What an XGBoost objective says about answers: how base scores become margins and margins predictions.
///
/// Source: the objectives' `ProbToMargin` and `PredTransform` in dmlc/xgboost, 1.0 to 3.4.
struct XGBoostObjective {
    /// How a base score, which is in the space of the predictions, becomes a margin.
    enum Link { case identity, logit, logarithm }

    var transform: OutputTransform
    var link: Link
    /// Labels 0 and 1 or 0 … k-1.
    var isClassifier: Bool

    /// Nil for an objective that is not known, such as a custom one. `version`: of the XGBoost that saved it.
    init?(name: String, version: [Int]) {
        switch name {
        case "binary:logistic": self.init(.logistic, .logit, isClassifier: true)
        case "binary:logitraw":
            let takesLogit = version.lexicographicallyPrecedes([1, 3, 1])
            self.init(.identity, takesLogit ? .logit : .identity, isClassifier: true)
        case "binary:hinge": self.init(.hinge, .identity, isClassifier: true)
        case "multi:softprob": self.init(.softmax, .identity, isClassifier: true)
        case "multi:softmax": self.init(.argmax, .identity, isClassifier: true)
        case "reg:logistic": self.init(.logistic, .logit)
        case "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft":
            self.init(.exponential, .logarithm)
        case "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:absoluteerror",
            "reg:pseudohubererror",
            "reg:quantileerror", "reg:expectileerror", "rank:pairwise", "rank:ndcg", "rank:map":
            self.init(.identity, .identity)
        default: return nil
        }
    }

    private init(_ transform: OutputTransform, _ link: Link, isClassifier: Bool = false) {
        self.transform = transform
        self.link = link
        self.isClassifier = isClassifier
    }

    /// The margin of `score`, in Float32 as XGBoost computes it; not finite when the score is out of range.
    func margin(ofBaseScore score: Float) -> Float {
        switch link {
        case .identity: return score
        case .logarithm: return logf(score)
        case .logit:
            let clamped = min(max(score, 1e-6), 1 - 1e-6)
            return -logf(1 / clamped - 1)
        }
    }
}
