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
    /// FP64 for linear models, else FP32.
    var numberType: NumberType

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
                case .identity, .logistic, .hinge: marginCount == 1 ? 2 : marginCount
                case .exponential: 0
                }
            guard expected > 0 else {
                throw .transform(name: output.transform.rawValue, outputCount: marginCount)
            }
            guard classCount == expected else { throw .labelCount(expected: expected, got: classCount) }
        }
        self.init(
            transform: output.transform, marginCount: marginCount, classCount: classCount,
            numberType: numberType)
    }

    /// Columns of `predictions`.
    var predictionWidth: Int { transform == .argmax ? 1 : marginCount }

    /// True when the classes have probabilities: hinge and identity (a raw margin) promise none.
    var hasProbabilities: Bool {
        guard classCount > 0 else { return false }
        return switch transform {
        case .logistic, .softmax, .argmax: true
        case .identity, .hinge, .exponential: false
        }
    }
}
