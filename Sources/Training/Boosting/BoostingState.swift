// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Tabular

/// Where a boosting run stands after a round.
struct BoostingState: Equatable {
    /// With the trees that the run started from.
    var ensemble: TreeEnsemble
    /// Rounds of this run.
    var rounds: Int
    var bestRound: Int
    var bestLoss: Double

    init(ensemble: TreeEnsemble, rounds: Int, bestRound: Int, bestLoss: Double) {
        self.ensemble = ensemble
        self.rounds = rounds
        self.bestRound = bestRound
        self.bestLoss = bestLoss
    }

    /// The trees lie in the archive as a model of nameless numbers, so that reading checks them.
    init(_ archive: NumberArchive, featureCount: Int) throws(TrainingError) {
        guard let bytes = archive.uint8["model"], let numbers = archive.int64["rounds"], numbers.count == 2,
            let loss = archive.float64["best_loss"]?.first
        else { throw .checkpoint("it has no trees") }
        let graph: ModelGraph
        do { graph = try NativeModel.read(bytes.span) } catch { throw .checkpoint(error.description) }
        guard case .treeEnsemble(let ensemble) = graph.estimator, graph.schema.count == featureCount,
            numbers[0] >= 1, numbers[1] >= 0, numbers[0] >= numbers[1],
            ensemble.treeCount >= Int(numbers[0]) * ensemble.outputCount
        else { throw .checkpoint("its trees are of other data") }
        self.init(
            ensemble: ensemble, rounds: Int(numbers[0]), bestRound: Int(numbers[1]), bestLoss: loss)
    }

    func archive(featureCount: Int) throws(FormatError) -> NumberArchive {
        var archive = NumberArchive()
        let schema = FeatureSchema(
            features: (0..<featureCount).map { Feature(name: "\($0)", kind: .numeric) })
        archive.uint8["model"] = try NativeModel.write(
            ModelGraph(
                schema: schema, estimator: .treeEnsemble(ensemble),
                output: OutputDescription(transform: .identity)))
        archive.int64["rounds"] = [Int64(rounds), Int64(bestRound)]
        archive.float64["best_loss"] = [bestLoss]
        return archive
    }
}
