// SPDX-License-Identifier: Apache-2.0
import Glibc
import ModelFormat

extension Algorithm {
    package static let lasso: Algorithm = Algorithm(
        name: "lasso", tasks: [.regression], summary: "linear regression that leaves features out",
        isCandidate: false
    ) { ElasticNetLearner(.lasso) }

    package static let elasticNet: Algorithm = Algorithm(
        name: "elastic_net", tasks: [.regression], summary: "between lasso and ridge regression",
        isCandidate: false
    ) { ElasticNetLearner(.elasticNet) }
}

/// Lasso and elastic net, exact; the penalty is found on folds when none is given.
package struct ElasticNetLearner: Learner {
    package let algorithm: Algorithm
    package var settings = Settings()

    package struct Settings: Sendable, Equatable {
        /// Strength of the penalty, scikit-learn's `alpha`; nil: the best on five folds of 60 values.
        package var alpha: Double?
        /// The part of the penalty on absolute weights; a lasso's is 1.
        package var l1Ratio = 0.5

        package init() {}
    }

    private static let (alphaCount, alphaSpan, foldCount) = (60, 1e-4, 5)

    package init(_ algorithm: Algorithm, _ settings: Settings = Settings()) {
        self.algorithm = algorithm
        self.settings = settings
        if algorithm == .lasso { self.settings.l1Ratio = 1 }
    }

    package func fit(
        _ data: TrainingData, report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> FittedModel {
        if let alpha = settings.alpha, !(alpha >= 0 && alpha.isFinite) {
            throw .setting(name: "--alpha", value: "\(alpha)", allowed: "0 or more")
        }
        guard settings.l1Ratio >= 0, settings.l1Ratio <= 1 else {
            throw .setting(name: "--l1-ratio", value: "\(settings.l1Ratio)", allowed: "from 0 to 1")
        }
        let preparation = try data.preparation(.scaled)
        let matrix = try data.scaledRows(data.split.train, preparation)
        let targets = data.targets(data.split.train)
        let width = preparation.width
        var net = ElasticNet(features: matrix, targets: targets, featureCount: width)
        let grid = self.grid(net)
        let alpha: Double
        if let given = settings.alpha {
            alpha = given
        } else {
            alpha = best(grid, matrix, targets, width, data, report)
        }
        // Down the path, each from the one before: far from the optimum many sweeps are needed.
        var solution = (coefficients: [Double](repeating: 0, count: width), intercept: 0.0)
        for step in grid.filter({ $0 > alpha }) + [alpha] {
            solution = net.solve(alpha: step, l1Ratio: settings.l1Ratio, start: solution.coefficients)
        }
        let model = LinearModel(coefficients: solution.coefficients, intercepts: [solution.intercept])
        return FittedModel(
            stages: preparation.stages, estimator: .linear(model), transform: .identity,
            settings: [
                ("alpha", alpha.description), ("l1_ratio", settings.l1Ratio.description),
                ("nonzero", "\(solution.coefficients.count { $0 != 0 }) of \(width)"),
            ])
    }

    /// Penalties from where all weights are zero down, in equal ratios.
    private func grid(_ net: ElasticNet) -> [Double] {
        let largest = net.alphaMax(l1Ratio: settings.l1Ratio)
        let count = Double(Self.alphaCount - 1)
        return (0..<Self.alphaCount).map { largest * pow(Self.alphaSpan, Double($0) / count) }
    }

    /// The penalty with the least squared error on rows that it was not fitted to.
    private func best(
        _ grid: [Double], _ matrix: [Double], _ targets: [Double], _ width: Int, _ data: TrainingData,
        _ report: (TrainingEvent) -> Void
    ) -> Double {
        let count = min(Self.foldCount, targets.count)
        guard count >= 2 else { return grid[0] }
        let folds = Split.folds(
            Array(targets.indices), count: count, target: data.target.rows(data.split.train),
            seed: data.seed)
        var errors = [Double](repeating: 0, count: grid.count)
        for (number, fold) in folds.enumerated() {
            var net = ElasticNet(
                features: fold.train.flatMap { matrix[$0 * width..<($0 + 1) * width] },
                targets: fold.train.map { targets[$0] }, featureCount: width)
            var weights = [Double](repeating: 0, count: width)
            for (place, alpha) in grid.enumerated() {
                let (coefficients, intercept) = net.solve(
                    alpha: alpha, l1Ratio: settings.l1Ratio, start: weights)
                weights = coefficients
                for row in fold.test {
                    var error = intercept - targets[row]
                    for index in 0..<width where coefficients[index] != 0 {
                        error += coefficients[index] * matrix[row * width + index]
                    }
                    errors[place] += error * error
                }
            }
            let least = (errors.min() ?? 0) / Double(max(targets.count, 1)) * Double(count)
            report(
                .progress(
                    algorithm, step: number + 1, total: count, loss: least / Double(number + 1),
                    validationLoss: nil))
        }
        return grid.indices.min { errors[$0] < errors[$1] }.map { grid[$0] } ?? grid[0]
    }
}
