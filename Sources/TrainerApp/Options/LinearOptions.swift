// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// The settings of linear models, and the penalty that trees share.
struct LinearOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Strength of the L2 penalty: on weights (alpha of a ridge regression, 1/C of a logistic "
                + "one) or on the values of leaves.", valueName: "number"))
    var l2 = 1.0

    var learners: [any Learner] {
        var settings = LinearTrainer.Settings()
        settings.l2 = l2
        return [LinearLearner(.logistic, settings), LinearLearner(.linear, settings)]
    }
}
