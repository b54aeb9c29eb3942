// SPDX-License-Identifier: Apache-2.0

/// One input row with the predictions that the model gave for it when it was written.
public struct GoldenSample: Sendable, Equatable {
    /// One value a feature of the schema, in its order.
    public var inputs: [SampleValue]
    /// The `predictions` of this row, one a prediction column.
    public var predictions: [Double]
    /// The largest difference allowed, relative to the expected value; 0 demands the same bits.
    public var tolerance: Double

    public init(inputs: [SampleValue], predictions: [Double], tolerance: Double) {
        self.inputs = inputs
        self.predictions = predictions
        self.tolerance = tolerance
    }
}

/// One input of a sample, as its feature has it.
public enum SampleValue: Sendable, Equatable {
    case missing
    case number(Double)
    case category(String)
}

/// What the training data looked like; what drift is measured against.
public struct TrainingStatistics: Sendable, Equatable {
    public var rowCount: Int
    /// One a feature of the schema, in its order.
    public var features: [FeatureStatistics]
    /// What the model answered when it was made.
    public var predictions: PredictionStatistics?

    public init(
        rowCount: Int, features: [FeatureStatistics], predictions: PredictionStatistics? = nil
    ) {
        self.rowCount = rowCount
        self.features = features
        self.predictions = predictions
    }
}

/// What the answers looked like, best to rows that the model was not trained on.
public struct PredictionStatistics: Sendable, Equatable {
    public var rowCount: Int
    /// One a prediction column, nothing missing; empty where there are too many to be worth it.
    public var columns: [FeatureStatistics]
    /// Rows that were given each label, in the labels' order; empty for a regressor.
    public var labelCounts: [Int]

    public init(rowCount: Int, columns: [FeatureStatistics], labelCounts: [Int] = []) {
        self.rowCount = rowCount
        self.columns = columns
        self.labelCounts = labelCounts
    }
}

/// What one column looked like.
public struct FeatureStatistics: Sendable, Equatable {
    public var missingCount: Int
    /// Of the values present; nil for a categorical feature or when none is present.
    public var mean: Double?
    public var standardDeviation: Double?
    public var minimum: Double?
    public var maximum: Double?
    /// Of the values present, at equal steps of probability from 0 to 1, ascending; empty, or two or more.
    public var quantiles: [Double]
    /// Rows of each category, in the schema's order; empty for a numeric feature.
    public var categoryCounts: [Int]

    public init(
        missingCount: Int, mean: Double? = nil, standardDeviation: Double? = nil, minimum: Double? = nil,
        maximum: Double? = nil, quantiles: [Double] = [], categoryCounts: [Int] = []
    ) {
        self.missingCount = missingCount
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.minimum = minimum
        self.maximum = maximum
        self.quantiles = quantiles
        self.categoryCounts = categoryCounts
    }
}

/// Where a model comes from: free key-value facts, the well-known keys named here.
public struct Lineage: Sendable, Equatable {
    /// For instance `producer` ("modeltrain 0.1.0", "XGBoost 2.1.4"), `algorithm`, `source.name`,
    /// `source.sha256`, `target`, `seed`, `created` (RFC 3339), `metric.<name>`, `setting.<name>`.
    public var facts: [String: String]

    public init(facts: [String: String] = [:]) { self.facts = facts }
}
