// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// The settings of linear and generalised linear models.
struct LinearOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "lasso, elastic_net: strength of the penalty. (default: the best on five folds)",
            valueName: "number"))
    var alpha: Double?

    @Option(
        help: ArgumentHelp("elastic_net: the part of the penalty on absolute weights.", valueName: "part"))
    var l1Ratio = ElasticNetLearner.Settings().l1Ratio

    @Option(
        help: ArgumentHelp(
            "tweedie: of the mean that the variance grows with, above 1 and below 2.", valueName: "number"))
    var power = GeneralizedLinearLearner.Settings().power

    func learners(_ shared: SharedOptions) -> [any Learner] {
        var linear = LinearTrainer.Settings()
        linear.l2 = shared.l2
        var net = ElasticNetLearner.Settings()
        net.alpha = alpha
        net.l1Ratio = l1Ratio
        var generalized = GeneralizedLinearLearner.Settings()
        generalized.l2 = shared.l2
        generalized.power = power
        return [
            LinearLearner(.logistic, linear), LinearLearner(.linear, linear),
            ElasticNetLearner(.lasso, net), ElasticNetLearner(.elasticNet, net),
            GeneralizedLinearLearner(.poisson, generalized), GeneralizedLinearLearner(.gamma, generalized),
            GeneralizedLinearLearner(.tweedie, generalized),
        ]
    }
}
