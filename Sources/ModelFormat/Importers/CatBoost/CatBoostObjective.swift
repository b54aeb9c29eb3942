// SPDX-License-Identifier: Apache-2.0

/// What CatBoost's loss function says about answers: the default of `predict` for classifiers' probabilities
/// and regressors' values.
struct CatBoostObjective {
    var transform: OutputTransform
    var isClassifier = false

    init(name: String) throws(FormatError) {
        switch name {
        // Of CrossEntropy's two classes CatBoost knows the probabilities, but no names: they are 0 and 1.
        case "Logloss", "Focal", "CrossEntropy": (transform, isClassifier) = (.logistic, true)
        case "MultiClass": (transform, isClassifier) = (.softmax, true)
        case "MultiClassOneVsAll": (transform, isClassifier) = (.logistic, true)
        case "MultiLogloss", "MultiCrossEntropy": transform = .logistic
        case "Poisson", "Tweedie": transform = .exponential
        case "RMSEWithUncertainty": transform = .meanAndVariance
        case "RMSE", "MAE", "Quantile", "MultiQuantile", "Expectile", "LogLinQuantile", "Lq", "Huber", "MAPE",
            "LogCosh", "MultiRMSE", "MultiRMSEWithMissingValues", "PairLogit", "PairLogitPairwise",
            "YetiRank",
            "YetiRankPairwise", "QueryRMSE", "QuerySoftMax", "QueryCrossEntropy", "StochasticFilter",
            "StochasticRank", "LambdaMart", "GroupQuantile", "UserPerObjMetric", "UserQuerywiseMetric", "Cox",
            "SurvivalAft":
            transform = .identity
        default:
            throw .unsupported(
                part: "loss_function \"\(name)\"",
                advice: "how CatBoost turns its raw values into predictions is not known here")
        }
    }
}
