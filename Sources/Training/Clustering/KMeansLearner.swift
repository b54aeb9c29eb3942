// SPDX-License-Identifier: Apache-2.0
import ModelFormat

extension Algorithm {
    package static let kmeans: Algorithm = Algorithm(
        name: "kmeans", tasks: [.clustering], summary: "groups of similar rows, without a target",
        isCandidate: false
    ) { KMeansLearner() }
}

/// k-means: the model answers the number of the nearest centre.
package struct KMeansLearner: Learner {
    package var settings = Settings()

    package struct Settings: Sendable, Equatable {
        package var clusters = 8
        /// Times it is begun anew; the best is kept.
        package var starts = 4
        package var iterationsMax = 300

        package init() {}
    }

    /// Rows that the silhouette is measured on.
    private static let silhouetteRows = 1_000

    package init(_ settings: Settings = Settings()) { self.settings = settings }

    package var algorithm: Algorithm { .kmeans }
    package func fit(
        _ data: TrainingData, report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> FittedModel {
        let rows = data.split.train
        guard settings.clusters >= 1, settings.clusters <= rows.count else {
            throw .setting(
                name: "--clusters", value: "\(settings.clusters)",
                allowed: "from 1 to the number of training rows, \(rows.count)")
        }
        guard settings.starts >= 1 else {
            throw .setting(name: "--starts", value: "\(settings.starts)", allowed: "1 or more")
        }
        let preparation = try data.preparation(.scaled)
        let features = try data.scaledRows(rows, preparation)
        let matrix = DesignMatrix(
            features, featureCount: preparation.width, threadCount: data.threads)
        let weights = data.weights(rows)
        let weightSum = weights?.reduce(0, +) ?? Double(rows.count)
        var solver = KMeans(count: settings.clusters)
        solver.iterationsMax = settings.iterationsMax
        var random = RandomSource(seed: data.seed)
        var best: KMeans.Result?
        for start in 1...settings.starts {
            let result = solver.fit(matrix, weights: weights, random: &random)
            if result.inertia < best?.inertia ?? .infinity { best = result }
            report(
                .progress(
                    .kmeans, step: start, total: settings.starts,
                    loss: (best?.inertia ?? 0) / weightSum, validationLoss: nil))
        }
        guard let best else { throw .noFeatures }
        return FittedModel(
            stages: preparation.stages, estimator: .linear(nearest(best.centres, preparation.width)),
            transform: .argmax, settings: described(best, features, preparation.width))
    }

    /// The centre with the least |x − c|² is that with the largest c · x − |c|²/2: a linear model.
    private func nearest(_ centres: [Double], _ width: Int) -> LinearModel {
        let count = settings.clusters
        let intercepts = (0..<count).map { centre in
            centres[centre * width..<(centre + 1) * width].reduce(0) { $0 - $1 * $1 / 2 }
        }
        return LinearModel(coefficients: centres, intercepts: intercepts)
    }

    private func described(
        _ result: KMeans.Result, _ features: [Double], _ width: Int
    ) -> [(name: String, value: String)] {
        let count = result.assignments.count
        let step = max(1, count / Self.silhouetteRows)
        let sample = Array(stride(from: 0, to: count, by: step).prefix(Self.silhouetteRows))
        let silhouette = Silhouette.mean(
            sample.flatMap { features[$0 * width..<($0 + 1) * width] }, featureCount: width,
            groups: sample.map { result.assignments[$0] }, groupCount: settings.clusters)
        var sizes = [Int](repeating: 0, count: settings.clusters)
        for group in result.assignments { sizes[Int(group)] += 1 }
        var described = [
            ("clusters", "\(settings.clusters)"), ("starts", "\(settings.starts)"),
            ("iterations", "\(result.iterations)"), ("inertia", result.inertia.description),
            ("sizes", sizes.map(String.init).joined(separator: ",")),
        ]
        if let silhouette { described.append(("silhouette", silhouette.description)) }
        return described
    }
}
