// SPDX-License-Identifier: Apache-2.0
public import Tabular

/// A model in memory, whatever file it came from: what it reads, what is done to it, what it answers.
///
/// Importers produce it, the native container stores it, `Inference` compiles it. A graph that came out of a
/// reader has been validated (`validate()`); one built by hand is validated before it is written or compiled.
public struct ModelGraph: Sendable, Equatable {
    public var schema: FeatureSchema
    /// Applied in order to each row before the estimator; empty for most imported models.
    public var stages: [PreprocessingStage]
    public var estimator: Estimator
    public var output: OutputDescription
    /// Inputs with the answers that the model gave when it was written; reproduced before a model goes live.
    public var goldenSamples: [GoldenSample]
    public var statistics: TrainingStatistics?
    public var lineage: Lineage

    public init(
        schema: FeatureSchema, stages: [PreprocessingStage] = [], estimator: Estimator,
        output: OutputDescription, goldenSamples: [GoldenSample] = [], statistics: TrainingStatistics? = nil,
        lineage: Lineage = Lineage()
    ) {
        self.schema = schema
        self.stages = stages
        self.estimator = estimator
        self.output = output
        self.goldenSamples = goldenSamples
        self.statistics = statistics
        self.lineage = lineage
    }

    /// The type that the original library casts inputs to: FP32 for trees and networks, FP64 for linear
    /// models.
    public var inputType: NumberType {
        switch estimator {
        case .linear: .float64
        case .treeEnsemble, .multilayerPerceptron: .float32
        }
    }
}

/// The part of a model that was fitted to the target.
public enum Estimator: Sendable, Equatable {
    case linear(LinearModel)
    case treeEnsemble(TreeEnsemble)
    case multilayerPerceptron(MultilayerPerceptron)
}

/// How the estimator's margins become answers, and what the answers are called.
public struct OutputDescription: Sendable, Equatable {
    /// Margins to predictions.
    public var transform: OutputTransform
    /// The class labels of a classifier in the order of its probabilities (two for a binary one); nil for a
    /// regressor or ranker.
    public var labels: ClassLabels?

    public init(transform: OutputTransform, labels: ClassLabels? = nil) {
        self.transform = transform
        self.labels = labels
    }
}

/// The function that turns margins into predictions.
public enum OutputTransform: String, Sendable, CaseIterable {
    case identity
    /// 1 / (1 + exp(-x)); one margin a row, the probability of the positive class.
    case logistic
    /// exp(x - max) / sum; one margin a class.
    case softmax
    /// exp(x): models with a logarithmic link.
    case exponential
    /// 1 where x > 0, else 0 (XGBoost `binary:hinge`).
    case hinge
    /// The index of the largest margin (XGBoost `multi:softmax`).
    case argmax
}

/// Class labels as the data had them: numbers stay numbers.
public enum ClassLabels: Sendable, Equatable {
    case strings([String])
    case integers([Int64])

    public var count: Int {
        switch self {
        case .strings(let names): names.count
        case .integers(let numbers): numbers.count
        }
    }
}
