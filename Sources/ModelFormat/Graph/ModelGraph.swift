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

    /// The type that the original library casts inputs to.
    public var inputType: NumberType {
        switch estimator {
        case .linear(let model): model.numberType
        case .treeEnsemble(let ensemble): ensemble.rules.inputType
        case .multilayerPerceptron: .float32
        case .rowProgram: .float64
        case .operatorGraph(let graph): graph.blockType
        }
    }
}

/// The part of a model that was fitted to the target.
public enum Estimator: Sendable, Equatable {
    case linear(LinearModel)
    case treeEnsemble(TreeEnsemble)
    case multilayerPerceptron(MultilayerPerceptron)
    /// What an importer puts together; files of our own do not hold it.
    case rowProgram(RowProgram)
    /// Inputs and outputs are tensors with names of their own; there are no stages.
    case operatorGraph(OperatorGraph)
}

/// How the estimator's margins become answers, and what the answers are called.
public struct OutputDescription: Sendable, Equatable {
    /// Margins to predictions.
    public var transform: OutputTransform
    /// Each margin is divided by this before anything else (LightGBM's random forests, whose raw scores are
    /// sums and whose predictions are means). The output `margin` is not.
    public var divisor: Double
    /// Each margin is then multiplied by this (LightGBM's `sigmoid`).
    public var slope: Double
    /// The class labels of a classifier in the order of its probabilities (two for a binary one); nil for a
    /// regressor or ranker.
    public var labels: ClassLabels?
    /// The model's library calls the label its prediction (scikit-learn's `predict`), so `predictions` is the
    /// label; the transformed margins are `probabilities`, where they are such.
    public var predictsLabels: Bool
    /// Stands in the place of the logistic function.
    public var calibration: IsotonicCalibration?
    /// What the outputs `lower` and `upper` are; nil: there are none.
    public var interval: PredictionInterval?

    public init(
        transform: OutputTransform, divisor: Double = 1, slope: Double = 1, labels: ClassLabels? = nil,
        predictsLabels: Bool = false, calibration: IsotonicCalibration? = nil,
        interval: PredictionInterval? = nil
    ) {
        self.calibration = calibration
        self.interval = interval
        self.predictsLabels = predictsLabels
        self.transform = transform
        self.divisor = divisor
        self.slope = slope
        self.labels = labels
    }
}

/// The function that turns margins into predictions.
public enum OutputTransform: String, Sendable, CaseIterable {
    case identity
    /// 1 / (1 + exp(-x)). One margin a row: the probability of the positive class. Several: each its own, not
    /// normalised (one-versus-all, or several targets).
    case logistic
    /// exp(x - max) / sum; one margin a class.
    case softmax
    /// The margins are probabilities (forests of classification trees): one, of the positive class, or one a
    /// class.
    case probability
    /// exp(x): models with a logarithmic link.
    case exponential
    /// log(1 + exp(x)) (LightGBM `cross_entropy_lambda`).
    case softplus
    /// x * |x| (LightGBM `regression sqrt`).
    case signedSquare = "signed_square"
    /// Two margins, x and y: x, and exp(2 * y), the variance (CatBoost `RMSEWithUncertainty`).
    case meanAndVariance = "mean_and_variance"
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
