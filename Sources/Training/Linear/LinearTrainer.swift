// SPDX-License-Identifier: Apache-2.0
import ModelFormat

/// Fits linear, logistic and softmax models.
package struct LinearTrainer: Sendable {
    package var settings = Settings()
    package var threadCount = 1

    package init(_ settings: Settings = Settings(), threadCount: Int = 1) {
        self.settings = settings
        self.threadCount = threadCount
    }

    package struct Settings: Sendable, Equatable {
        /// Strength of the L2 penalty on the weights. scikit-learn's `alpha` of Ridge; 1/`C` of
        /// LogisticRegression.
        package var l2 = 1.0
        package var iterationsMax = 500

        package init() {}

        func validate(for task: Task) throws(TrainingError) {
            let isAllowed = task == .regression ? l2 >= 0 : l2 > 0
            guard isAllowed, l2.isFinite else {
                throw .setting(
                    name: "--l2", value: "\(l2)",
                    allowed: task == .regression ? "0 or more" : "more than 0 for a classifier")
            }
        }
    }

    /// Minimises ½·l2·‖w‖² + Σ weight · log loss, weights 1 when nil. `features` is
    /// row-major [rows, featureCount], prepared.
    package func fitClassifier(
        features: [Double], classes: [Int], weights: [Double]? = nil, classCount: Int, featureCount: Int,
        progress: (_ iteration: Int, _ loss: Double) -> Void = { _, _ in }
    ) throws(TrainingError) -> LinearModel {
        try settings.validate(for: .classification)
        if classCount == 2 {
            let matrix = DesignMatrix(
                features, featureCount: featureCount, weights: weights, threadCount: threadCount)
            var objective = MarginObjective(
                matrix, targets: classes.map(Double.init), loss: .logistic,
                penalty: settings.l2 / matrix.weightSum)
            let point = objective.minimum(iterationsMax: settings.iterationsMax, progress: progress)
            return LinearModel(
                coefficients: Array(point.dropLast()), intercepts: [point[featureCount]])
        }
        var objective = LogisticObjective(
            features: features, classes: classes, weights: weights, classCount: classCount,
            featureCount: featureCount,
            penalty: settings.l2 / (weights?.reduce(0, +) ?? Double(classes.count)))
        var point = [Double](repeating: 0, count: objective.parameterCount)
        var solver = LBFGS()
        solver.iterationsMax = settings.iterationsMax
        solver.minimize(&objective, from: &point, progress: progress)
        Newton().minimize(&objective, from: &point)
        let outputCount = point.count / (featureCount + 1)
        return LinearModel(
            coefficients: Array(point[..<(outputCount * featureCount)]),
            intercepts: Array(point[(outputCount * featureCount)...]))
    }

    /// Minimises l2·‖w‖² + Σ weight · (y − prediction)², weights 1 when nil.
    package func fitRegressor(
        features: [Double], targets: [Double], weights: [Double]? = nil, featureCount: Int
    ) throws(TrainingError) -> LinearModel {
        try settings.validate(for: .regression)
        let (coefficients, intercept) = try Ridge.fit(
            features: features, targets: targets, weights: weights, featureCount: featureCount,
            penalty: settings.l2)
        return LinearModel(coefficients: coefficients, intercepts: [intercept])
    }
}
