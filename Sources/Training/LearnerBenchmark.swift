// SPDX-License-Identifier: Apache-2.0

/// Learners on a table in memory, without files, splits and preprocessing: for benchmarks against other
/// libraries.
package struct LearnerBenchmark {
    private let features: [Double]
    private let targets: [Double]
    private let featureCount: Int
    private let threads: Int

    /// `features` is row-major; `targets` are classes 0 and 1.
    package init(features: [Double], targets: [Double], featureCount: Int, threads: Int) {
        self.features = features
        self.targets = targets
        self.featureCount = featureCount
        self.threads = threads
    }

    /// Fits a logistic regression with l2 = 1; `report` hears the objective per row of each iteration.
    package func logistic(report: (_ iteration: Int, _ loss: Double) -> Void) throws(TrainingError) {
        let trainer = LinearTrainer(threadCount: threads)
        _ = try trainer.fitClassifier(
            features: features, classes: targets.map { Int($0) }, classCount: 2, featureCount: featureCount,
            progress: report)
    }

    /// Fits a network with 64 hidden units in batches of 128 rows; `report` hears the mean loss of each
    /// epoch.
    package func perceptron(epochs: Int, report: (_ epoch: Int, _ loss: Double) -> Void)
        throws(TrainingError)
    {
        var settings = NeuralSettings()
        settings.epochs = epochs
        settings.batchRows = 128
        let trainer = NeuralTrainer(settings: settings, loss: .logistic, seed: 1)
        let rows = NeuralTrainer.Rows(
            features: features.map { Float($0) }, targets: targets.map { Float($0) }, width: featureCount)
        _ = try trainer.fit(rows, validation: nil) { epoch, loss, _ in report(epoch, loss) }
    }
}
