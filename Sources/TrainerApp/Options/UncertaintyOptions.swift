// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// How sure a model says it is.
struct UncertaintyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Make a classifier's probabilities true to life, on folds of the training rows.",
            valueName: "platt|isotonic|temperature"))
    var calibrate: CalibrationMethod?

    @Option(
        help: ArgumentHelp(
            "Answer an interval too, lower and upper, that holds the truth with this probability; a fifth of "
                + "the training rows is held out for it.", valueName: "part"))
    var interval: Double?

    @Option(
        help: ArgumentHelp(
            "With --interval: residual (as wide everywhere), or quantiles (as wide as the row needs; gbdt).",
            valueName: "residual|quantiles"))
    var intervalMethod = IntervalSettings.Method.residual

    var intervals: IntervalSettings? { interval.map { IntervalSettings(level: $0, method: intervalMethod) } }
}

extension CalibrationMethod: ExpressibleByArgument {}
extension IntervalSettings.Method: ExpressibleByArgument {}
