// SPDX-License-Identifier: Apache-2.0
import Glibc
import ModelFormat

extension Algorithm {
    package static let poisson: Algorithm = Algorithm(
        name: "poisson", tasks: [.regression], summary: "regression of counts, logarithmic link",
        isCandidate: false
    ) { GeneralizedLinearLearner(.poisson) }

    package static let gamma: Algorithm = Algorithm(
        name: "gamma", tasks: [.regression], summary: "regression of positive amounts, logarithmic link",
        isCandidate: false
    ) { GeneralizedLinearLearner(.gamma) }

    package static let tweedie: Algorithm = Algorithm(
        name: "tweedie", tasks: [.regression],
        summary: "regression of amounts that are often zero, logarithmic link", isCandidate: false
    ) { GeneralizedLinearLearner(.tweedie) }
}

/// Generalised linear models with a logarithmic link, exact: minimises ½·l2·‖w‖² + Σ half the deviance.
package struct GeneralizedLinearLearner: Learner {
    package let algorithm: Algorithm
    package var settings: Settings

    package struct Settings: Sendable, Equatable {
        /// Strength of the L2 penalty on the weights: scikit-learn's `alpha` times the rows.
        package var l2 = 1.0
        /// Of Tweedie's variance: above 1 (Poisson) and below 2 (Gamma).
        package var power = 1.5
        package var iterationsMax = 500

        package init() {}
    }

    package init(_ algorithm: Algorithm, _ settings: Settings = Settings()) {
        self.algorithm = algorithm
        self.settings = settings
        if algorithm == .poisson { self.settings.power = 1 }
        if algorithm == .gamma { self.settings.power = 2 }
    }

    package func fit(
        _ data: TrainingData, report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> FittedModel {
        try check(data)
        let preparation = try data.preparation(.scaled)
        let matrix = DesignMatrix(
            try data.scaledRows(data.split.train, preparation), featureCount: preparation.width,
            weights: data.weights(data.split.train), threadCount: data.threads)
        let targets = data.targets(data.split.train)
        var objective = MarginObjective(
            matrix, targets: targets, loss: .tweedie(power: settings.power),
            penalty: settings.l2 / matrix.weightSum)
        let point = objective.minimum(iterationsMax: settings.iterationsMax) { iteration, loss in
            report(
                .progress(
                    algorithm, step: iteration, total: settings.iterationsMax, loss: loss,
                    validationLoss: nil))
        }
        return FittedModel(
            stages: preparation.stages,
            estimator: .linear(
                LinearModel(coefficients: Array(point.dropLast()), intercepts: [point[point.count - 1]])),
            transform: .exponential,
            settings: [("l2", settings.l2.description), ("power", settings.power.description)])
    }

    private func check(_ data: TrainingData) throws(TrainingError) {
        guard settings.l2 >= 0, settings.l2.isFinite else {
            throw .setting(name: "--l2", value: "\(settings.l2)", allowed: "0 or more")
        }
        guard algorithm != .tweedie || settings.power > 1 && settings.power < 2 else {
            throw .setting(name: "--power", value: "\(settings.power)", allowed: "above 1 and below 2")
        }
        let targets = data.targets(data.split.train)
        let isGamma = algorithm == .gamma
        if let wrong = targets.first(where: { isGamma ? $0 <= 0 : $0 < 0 }) {
            throw .targetRange(
                column: data.target.name, value: wrong, algorithm: algorithm.name,
                allowed: isGamma ? "above 0" : "0 or more")
        }
        let weights = data.weights(data.split.train)
        guard targets.indices.contains(where: { targets[$0] > 0 && weights?[$0] != 0 }) else {
            throw .targetRange(
                column: data.target.name, value: 0, algorithm: algorithm.name,
                allowed: "above 0 in some training row")
        }
    }
}

extension MarginObjective {
    /// Where the objective is least, to the last digits.
    mutating func minimum(iterationsMax: Int, progress: (Int, Double) -> Void) -> [Double] {
        var point = start
        if parameterCount <= NewtonCholesky.parametersMax {
            let first = point
            if NewtonCholesky().minimize(&self, from: &point, progress: progress) { return point }
            // A point that is not finite leads nowhere.
            if !point.allSatisfy(\.isFinite) { point = first }
        }
        var solver = LBFGS()
        solver.iterationsMax = iterationsMax
        solver.minimize(&self, from: &point, progress: progress)
        Newton().minimize(&self, from: &point)
        return point
    }
}
