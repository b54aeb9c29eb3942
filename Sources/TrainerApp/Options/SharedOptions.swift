// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// Settings that more than one algorithm has; what is not given is the algorithm's own default.
struct SharedOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Strength of the L2 penalty: on weights (alpha of a ridge regression, 1/C of a logistic "
                + "one) or on the values of leaves.", valueName: "number"))
    var l2 = 1.0

    @Option(
        help: ArgumentHelp("gbdt, mlp: how far each step goes. (default: 0.1, 0.001)", valueName: "number"))
    var learningRate: Double?

    @Option(
        help: ArgumentHelp(
            "gbdt, mlp: rounds or epochs without an improvement on the validation rows before it ends.",
            valueName: "count"))
    var patience = 20
}
