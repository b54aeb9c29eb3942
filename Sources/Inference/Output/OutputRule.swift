// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import Tabular

/// How a model's margins become predictions, probabilities and labels: the checked form of
/// `OutputDescription`.
struct OutputRule: Sendable, Equatable {
    var transform: OutputTransform
    /// Margins a row.
    var marginCount: Int
    /// 0 for a regressor or ranker.
    var classCount: Int
    /// The type of margins and predictions.
    var numberType: NumberType
    /// What margins are divided and then multiplied by before the transform.
    var divisor = 1.0
    var slope = 1.0
    /// Stands in the place of the logistic function.
    var calibration: IsotonicCalibration?
    /// What the outputs `lower` and `upper` are.
    var interval: PredictionInterval?

    init(transform: OutputTransform, marginCount: Int, classCount: Int, numberType: NumberType) {
        self.transform = transform
        self.marginCount = marginCount
        self.classCount = classCount
        self.numberType = numberType
    }

    init(_ output: OutputDescription, marginCount: Int, numberType: NumberType) throws(InferenceError) {
        guard marginCount > 0 else { throw .noOutputs }
        var classCount = 0
        if let labels = output.labels {
            classCount = labels.count
            let expected =
                switch output.transform {
                case .softmax, .argmax: marginCount
                case .identity, .logistic, .probability, .hinge: marginCount == 1 ? 2 : marginCount
                case .exponential, .softplus, .signedSquare, .meanAndVariance: 0
                }
            guard expected > 0 else {
                throw .transform(name: output.transform.rawValue, outputCount: marginCount)
            }
            guard classCount == expected else { throw .labelCount(expected: expected, got: classCount) }
        }
        self.init(
            transform: output.transform, marginCount: marginCount, classCount: classCount,
            numberType: numberType)
        divisor = output.divisor
        slope = output.slope
        calibration = output.calibration
        interval = output.interval
        guard interval?.kind != .quantiles || marginCount == 3 else {
            throw .transform(name: "quantiles", outputCount: marginCount)
        }
    }

    /// Columns of `predictions`.
    var predictionWidth: Int { transform == .argmax || interval?.kind == .quantiles ? 1 : marginCount }

    /// True when the classes have probabilities: hinge and identity (a raw margin) promise none.
    var hasProbabilities: Bool {
        guard classCount > 0 else { return false }
        return switch transform {
        case .logistic, .softmax, .probability, .argmax: true
        case .identity, .hinge, .exponential, .softplus, .signedSquare, .meanAndVariance: false
        }
    }
}
