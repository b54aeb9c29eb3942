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
        let rows = Rows(
            features: matrix, targets: data.targets(data.split.train),
            weights: data.weights(data.split.train),
            width: preparation.width)
        let width = preparation.width
        var net = rows.net(Array(rows.targets.indices))
        let grid = self.grid(net)
        let alpha: Double
        if let given = settings.alpha {
            alpha = given
        } else {
            alpha = try best(grid, rows, data, report)
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

    /// Training rows, prepared, row-major [rows, width].
    private struct Rows {
        var features: [Double]
        var targets: [Double]
        var weights: [Double]?
        var width: Int

        func net(_ rows: [Int]) -> ElasticNet {
            ElasticNet(
                features: rows.flatMap { features[$0 * width..<($0 + 1) * width] },
                targets: rows.map { targets[$0] },
                weights: weights.map { weights in rows.map { weights[$0] } },
                featureCount: width)
        }

        func squaredError(_ row: Int, _ coefficients: [Double], _ intercept: Double) -> Double {
            var error = intercept - targets[row]
            for index in 0..<width where coefficients[index] != 0 {
                error += coefficients[index] * features[row * width + index]
            }
            return error * error * (weights?[row] ?? 1)
        }
    }

    /// Penalties from where all weights are zero down, in equal ratios.
    private func grid(_ net: ElasticNet) -> [Double] {
        let largest = net.alphaMax(l1Ratio: settings.l1Ratio)
        let count = Double(Self.alphaCount - 1)
        return (0..<Self.alphaCount).map { largest * pow(Self.alphaSpan, Double($0) / count) }
    }

    /// The penalty with the least squared error on rows that it was not fitted to.
    private func best(
        _ grid: [Double], _ rows: Rows, _ data: TrainingData, _ report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> Double {
        let train = data.split.train
        let count = min(Self.foldCount, train.count)
        guard count >= 2 else { return grid[0] }
        let folds = try data.folding.folds(train, count: count, target: data.target, seed: data.seed)
        // Where each row of the table stands among the training rows.
        let places = Dictionary(uniqueKeysWithValues: train.enumerated().map { ($1, $0) })
        var errors = [Double](repeating: 0, count: grid.count)
        var measured = 0.0
        for (number, fold) in folds.enumerated() {
            let (own, others) = (
                fold.train.map { places[$0] ?? 0 }, fold.test.map { places[$0] ?? 0 }
            )
            var net = rows.net(own)
            var weights = [Double](repeating: 0, count: rows.width)
            for (place, alpha) in grid.enumerated() {
                let (coefficients, intercept) = net.solve(
                    alpha: alpha, l1Ratio: settings.l1Ratio, start: weights)
                weights = coefficients
                for row in others { errors[place] += rows.squaredError(row, coefficients, intercept) }
            }
            measured += others.reduce(0) { $0 + (rows.weights?[$1] ?? 1) }
            report(
                .progress(
                    algorithm, step: number + 1, total: folds.count,
                    loss: (errors.min() ?? 0) / max(measured, .leastNormalMagnitude), validationLoss: nil))
        }
        return grid.indices.min { errors[$0] < errors[$1] }.map { grid[$0] } ?? grid[0]
    }
}
