// SPDX-License-Identifier: Apache-2.0
import Inference
import Tabular
import Testing

@testable import Training

@Suite struct KMeansTests {
    /// The wine's columns without the target.
    private func wine(clusters: Int, threads: Int = 1) throws -> (ModelTrainer, TrainedModel) {
        let table = try Baselines.table("wine")
        let split = try Split(
            .column("split"), table: table, target: .none(rowCount: table.rowCount, task: .clustering))
        var trainer = try ModelTrainer(
            table, target: .none(rowCount: table.rowCount, task: .clustering), split: split,
            excluding: ["split", "target"])
        var settings = KMeansLearner.Settings()
        settings.clusters = clusters
        settings.starts = 10
        trainer.learners = [KMeansLearner(settings)]
        trainer.threadCount = threads
        return (trainer, try trainer.train(.kmeans))
    }

    private func setting(_ name: String, _ trained: TrainedModel) throws -> Double {
        try #require(trained.settings.first { $0.name == name }.flatMap { Double($0.value) })
    }

    @Test func groups_areThoseOfScikitLearn() throws {
        let (_, trained) = try wine(clusters: 3)
        let expected = try Optima.read("kmeans_wine_3")
        let inertia = try #require(expected["inertia"] as? Double)
        #expect(abs(try setting("inertia", trained) - inertia) < 1e-3 * inertia)
        let silhouette = try #require(expected["silhouette"] as? Double)
        #expect(abs(try setting("silhouette", trained) - silhouette) < 1e-2)
    }

    @Test func theModel_answersTheNearestCentre() throws {
        let (trainer, trained) = try wine(clusters: 3)
        let evaluator = try Evaluator(trained.graph, trainer.table)
        var counts: [Double: Int] = [:]
        evaluator.forEachRow(trainer.split.train) { _, values, _ in counts[values[0], default: 0] += 1 }
        let sizes = try #require(trained.settings.first { $0.name == "sizes" }?.value)
        #expect((0..<3).map { String(counts[Double($0)] ?? 0) }.joined(separator: ",") == sizes)
        #expect(trained.testMetrics.isEmpty)
    }

    @Test func bounds_spareNoDistanceThatCounts() {
        var random = RandomSource(seed: 9)
        let (rows, width, count) = (5_000, 3, 7)
        let features = (0..<rows * width).map { _ in random.unit() + Double(random.index(below: 3)) }
        let matrix = DesignMatrix(features, featureCount: width)
        let result = KMeans(count: count).fit(matrix, random: &random)
        for row in 0..<rows {
            let distances = (0..<count).map { centre in
                (0..<width).reduce(0.0) { sum, index in
                    let difference = features[row * width + index] - result.centres[centre * width + index]
                    return sum + difference * difference
                }
            }
            #expect(abs(distances[Int(result.assignments[row])] - (distances.min() ?? 0)) < 1e-12)
        }
    }

    @Test func theNumberOfThreads_changesNothing() throws {
        var random = RandomSource(seed: 9)
        let features = (0..<9_000).map { _ in random.unit() }
        let centres = [1, 2].map { threads in
            var random = RandomSource(seed: 1)
            return KMeans(count: 5).fit(
                DesignMatrix(features, featureCount: 3, threadCount: threads), random: &random
            ).centres
        }
        #expect(centres[0] == centres[1])
        #expect(try wine(clusters: 4, threads: 1).1.graph == wine(clusters: 4, threads: 2).1.graph)
    }

    @Test(arguments: [0, 1_000])
    func aNumberOfGroupsThatCannotBe_isRefused(clusters: Int) {
        let error = #expect(throws: TrainingError.self) { try wine(clusters: clusters) }
        #expect(error?.code == "setting")
    }

    @Test func equalRows_areNoTrouble() {
        var random = RandomSource(seed: 1)
        let matrix = DesignMatrix([Double](repeating: 2, count: 40), featureCount: 2)
        let result = KMeans(count: 3).fit(matrix, random: &random)
        #expect(result.inertia == 0 && result.centres.allSatisfy(\.isFinite))
    }

    @Test func theSilhouette_ofTwoPairs() {
        // Points 0, 1 and 10, 11 on a line: a = 1; b = 10.5 and 9.5.
        let value = Silhouette.mean([0, 1, 10, 11], featureCount: 1, groups: [0, 0, 1, 1], groupCount: 2)
        #expect(abs((value ?? 0) - (9.5 / 10.5 + 8.5 / 9.5) / 2) < 1e-12)
        #expect(Silhouette.mean([0, 1], featureCount: 1, groups: [0, 0], groupCount: 2) == nil)
    }
}
