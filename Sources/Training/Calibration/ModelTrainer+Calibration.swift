// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

extension ModelTrainer {
    /// Folds that the margins of all training rows come from.
    private static let calibrationFolds = 5

    /// Puts a calibration into `graph`, fitted to the margins that models without a fold of the training rows
    /// give to that fold; returns what it came to.
    func calibrate(
        _ graph: inout ModelGraph, _ algorithm: Algorithm, _ method: CalibrationMethod
    ) throws(TrainingError) -> [(name: String, value: String)] {
        let transform = graph.output.transform
        let isOneMargin = target.classCount == 2 && (transform == .logistic || transform == .probability)
        guard method == .temperature || isOneMargin else {
            throw .setting(
                name: "--calibrate", value: method.rawValue,
                allowed: "temperature for \(target.classCount) classes, a margin each")
        }
        guard method != .temperature || transform == .logistic || transform == .softmax else {
            throw .setting(
                name: "--calibrate", value: method.rawValue,
                allowed: "platt or isotonic for two classes of \(algorithm.name), whose trees answer "
                    + "probabilities")
        }
        let count = min(ModelTrainer.calibrationFolds, split.train.count)
        guard count >= 2 else {
            throw .emptyPart(part: "calibration", reason: "there is \(split.train.count) training row")
        }
        var (margins, classes) = ([Double](), [Int]())
        for var fold in try folding.folds(split.train, count: count, target: target, seed: seed)
        where !fold.test.isEmpty {
            fold.validation = split.validation
            let (model, _) = try fit(algorithm, fold) { _ in }
            margins += try evaluator(model).margins(fold.test)
            classes += fold.test.map { Int(target.values[$0]) }
        }
        return try apply(method, margins, classes, to: &graph)
    }

    private func apply(
        _ method: CalibrationMethod, _ margins: [Double], _ classes: [Int], to graph: inout ModelGraph
    ) throws(TrainingError) -> [(name: String, value: String)] {
        let isPositive = classes.map { $0 == 1 }
        switch method {
        case .temperature:
            let temperature = TemperatureScaling.fit(margins: margins, classes: classes)
            graph.output.divisor = temperature
            return [("calibration", method.rawValue), ("temperature", temperature.description)]
        case .platt:
            let scaling = PlattScaling(margins: margins, isPositive: isPositive)
            guard scaling.slope > 0, scaling.slope.isFinite, scaling.offset.isFinite else {
                throw .diverged(
                    algorithm: "platt",
                    advice: "higher margins do not go with the second class; leave "
                        + "--calibrate out")
            }
            graph.output.slope = scaling.slope
            graph.output.transform = .logistic
            shift(&graph.estimator, by: scaling.offset / scaling.slope)
            return [
                ("calibration", method.rawValue), ("platt_slope", scaling.slope.description),
                ("platt_offset", scaling.offset.description),
            ]
        case .isotonic:
            var calibration = IsotonicRegression.fit(margins: margins, isPositive: isPositive)
            // Half a row off 0 and 1: what has not happened yet may.
            let edge = 0.5 / Double(margins.count)
            calibration.probabilities = calibration.probabilities.map { min(max($0, edge), 1 - edge) }
            graph.output.calibration = calibration
            graph.output.transform = .logistic
            return [("calibration", method.rawValue), ("isotonic_knots", "\(calibration.margins.count)")]
        }
    }

    /// Adds to the margin of each row.
    private func shift(_ estimator: inout Estimator, by addend: Double) {
        switch estimator {
        case .linear(var model):
            model.intercepts[0] += addend
            estimator = .linear(model)
        case .treeEnsemble(var model):
            model.baseMargins[0] += addend
            if model.rules.sumType == .float32 {
                model.baseMargins[0] = Double(Float(model.baseMargins[0]))
            }
            estimator = .treeEnsemble(model)
        case .multilayerPerceptron(var model):
            model.layers[model.layers.count - 1].biases[0] += Float(addend)
            estimator = .multilayerPerceptron(model)
        case .rowProgram, .operatorGraph: break
        }
    }
}
