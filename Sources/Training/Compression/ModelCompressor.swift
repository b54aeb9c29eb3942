// SPDX-License-Identifier: Apache-2.0
internal import Base
import Inference
import ModelFormat
import Tabular

/// Makes a model smaller and faster, step by step, and measures after each what it cost.
package struct ModelCompressor {
    private let table: Table
    private let target: Target
    private let rows: [Int]
    /// How much the loss may grow, as a part of the original's.
    private let lossGrowthMax: Double
    /// Whether a step that costs more is left out; else it is an error.
    private let leavesOut: Bool

    /// What came of it.
    package struct Result {
        /// With golden samples of its own.
        package var graph: ModelGraph
        package var measures: [CompressionMeasure]
    }

    package init(_ table: Table, target: Target, lossGrowthMax: Double, leavesOut: Bool) {
        self.table = table
        self.target = target
        rows = Array(0..<table.rowCount)
        self.lossGrowthMax = lossGrowthMax
        self.leavesOut = leavesOut
    }

    /// The steps for a model when nobody names any: all that change little.
    package static func usualSteps(_ graph: ModelGraph) -> [CompressionStep] {
        if case .treeEnsemble = graph.estimator { return [.lateTrees, .splits, .leaves, .thresholds] }
        return [.weights(.float16)]
    }

    /// - Throws: `cannotCompress` for a model that the rows cannot measure, for a step that does not apply,
    /// and,
    ///   unless such are left out, for one that costs too much.
    package func compress(
        _ graph: ModelGraph, _ steps: [CompressionStep], report: (CompressionMeasure) -> Void = { _ in }
    ) throws(TrainingError) -> Result {
        try check(graph)
        var measures: [CompressionMeasure] = []
        func add(_ measure: CompressionMeasure) {
            measures.append(measure)
            report(measure)
        }
        let original = try measure(graph, "original", "")
        add(original)
        add(try measure(graph, "narrow", "the same numbers in fewer bytes", since: original))
        let lossMax = original.loss * (1 + lossGrowthMax)
        var current = graph
        for step in steps {
            let budget = original.loss * (1 + lossGrowthMax * step.budgetShare)
            guard let (next, detail) = try apply(step, current, lossMax: budget) else {
                throw .cannotCompress(reason: "\(step.name) does not apply to it")
            }
            var measure = try measure(next, step.name, detail, since: original)
            measure.isKept = measure.loss <= lossMax
            add(measure)
            if measure.isKept {
                current = next
            } else if !leavesOut {
                throw .compressionLoss(
                    step: step.name, loss: Answers.lossName(target.task), before: original.loss,
                    after: measure.loss, growthMax: lossGrowthMax)
            }
        }
        current.goldenSamples = try GoldenSamples.make(current, table, rows: rows)
        let kept = measures.filter(\.isKept).dropFirst(2).map(\.step)
        current.lineage.facts["compression.steps"] = kept.joined(separator: ", ")
        return Result(graph: current, measures: measures)
    }

    private func check(_ graph: ModelGraph) throws(TrainingError) {
        if let obstacle = Evaluator.obstacle(graph, table) { throw .cannotCompress(reason: obstacle) }
        guard graph.output.labels == target.labels, !graph.output.predictsLabels else {
            throw .cannotCompress(reason: "its classes are not those of the data's column \"\(target.name)\"")
        }
        switch graph.estimator {
        case .linear, .treeEnsemble, .multilayerPerceptron: break
        case .rowProgram, .operatorGraph:
            throw .cannotCompress(reason: "its estimator is none of the native format's")
        }
    }

    // MARK: Steps

    /// The model after the step and what was done; nil when the step is not one for it.
    private func apply(
        _ step: CompressionStep, _ graph: ModelGraph, lossMax: Double
    ) throws(TrainingError) -> (ModelGraph, String)? {
        var next = graph
        switch (step, graph.estimator) {
        case (.lateTrees, .treeEnsemble(let ensemble)):
            let count = try fewestTrees(graph, ensemble, lossMax)
            if count < ensemble.treeCount { next.estimator = .treeEnsemble(ensemble.prefix(count)) }
            return (next, "trees \(ensemble.treeCount) → \(count)")
        case (.splits, .treeEnsemble(let ensemble)):
            guard let pruning = TreePruning(ensemble) else { return nil }
            let pruned = try fewestSplits(graph, pruning, lossMax) ?? ensemble
            next.estimator = .treeEnsemble(pruned)
            return (next, "nodes \(ensemble.nodeCount) → \(pruned.nodeCount)")
        case (.leaves, .treeEnsemble(let ensemble)):
            guard let rounded = ModelRounding.leaves(ensemble) else { return nil }
            next.estimator = .treeEnsemble(rounded)
            return (next, "")
        case (.thresholds, .treeEnsemble(let ensemble)):
            next.estimator = .treeEnsemble(ModelRounding.thresholds(ensemble))
            return (next, "")
        case (.smallWeights(let part), _):
            return changeWeights(graph) { weights, _ in ModelRounding.withoutSmall(weights, part: part) }
                .map { ($0, "") }
        case (.weights(let type), _):
            return changeWeights(graph) { ModelRounding.weights($0, rows: $1, type) }.map { ($0, "") }
        default: return nil
        }
    }

    private func changeWeights(
        _ graph: ModelGraph, _ change: (_ weights: [Double], _ rows: Int) -> [Double]?
    ) -> ModelGraph? {
        var next = graph
        switch graph.estimator {
        case .linear(var model):
            guard let weights = change(model.coefficients, model.outputCount) else { return nil }
            model.coefficients = weights
            next.estimator = .linear(model)
        case .multilayerPerceptron(var model):
            for index in model.layers.indices {
                let layer = model.layers[index]
                guard let weights = change(layer.weights.map(Double.init), layer.outputCount) else {
                    return nil
                }
                model.layers[index].weights = weights.map { Float($0) }
            }
            next.estimator = .multilayerPerceptron(model)
        case .treeEnsemble, .rowProgram, .operatorGraph: return nil
        }
        return next
    }

    /// The least count of whole rounds whose loss is allowed, by halving.
    private func fewestTrees(
        _ graph: ModelGraph, _ ensemble: TreeEnsemble, _ lossMax: Double
    ) throws(TrainingError) -> Int {
        let perRound =
            ensemble.hasLeafVectors || ensemble.treeCount % ensemble.outputCount != 0
            ? 1 : ensemble.outputCount
        var (low, high) = (1, ensemble.treeCount / perRound)
        while low < high {
            let middle = (low + high) / 2
            var trial = graph
            trial.estimator = .treeEnsemble(ensemble.prefix(middle * perRound))
            if try loss(trial) <= lossMax { high = middle } else { low = middle + 1 }
        }
        return high * perRound
    }

    /// Nil when no split may go.
    private func fewestSplits(
        _ graph: ModelGraph, _ pruning: TreePruning, _ lossMax: Double
    ) throws(TrainingError) -> TreeEnsemble? {
        let alphas = pruning.alphas
        var (low, high) = (-1, alphas.count - 1)
        var best: TreeEnsemble?
        // Twelve halvings tell a part of 4,096 of the splits.
        for _ in 0..<12 where low < high {
            let middle = low + (high - low + 1) / 2
            var trial = graph
            let pruned = pruning.pruned(alphas[middle])
            trial.estimator = .treeEnsemble(pruned)
            if try loss(trial) <= lossMax { (low, best) = (middle, pruned) } else { high = middle - 1 }
        }
        return best
    }

    // MARK: Measures

    private func loss(_ graph: ModelGraph) throws(TrainingError) -> Double {
        do { return try Evaluator(graph, table).answers(rows, target).loss } catch {
            throw .notReproduced(error.description)
        }
    }

    private func measure(
        _ graph: ModelGraph, _ step: String, _ detail: String, since original: CompressionMeasure? = nil
    ) throws(TrainingError) -> CompressionMeasure {
        let byteCount: Int
        do { byteCount = try NativeModel.write(graph, isNarrow: original != nil).count } catch {
            throw .notReproduced(error.description)
        }
        let loss = try loss(graph)
        return CompressionMeasure(
            step: step, detail: detail, byteCount: byteCount, loss: loss,
            lossChange: original.map { $0.loss > 0 ? loss / $0.loss - 1 : 0 },
            rowMicroseconds: try latency(graph, rowCount: 1),
            blockRowMicroseconds: try latency(graph, rowCount: 512), isKept: true)
    }

    /// Microseconds a row takes when `rowCount` are answered together: the median of several turns.
    private func latency(_ graph: ModelGraph, rowCount: Int) throws(TrainingError) -> Double {
        let model: CompiledModel
        do { model = try CompiledModel(graph) } catch { throw .notReproduced(error.description) }
        var block = RowBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        let count = min(rowCount, rows.count)
        var times: [Double] = []
        for turn in 0..<15 {
            let first = turn * count % max(rows.count - count + 1, 1)
            table.fill(&block, rows: rows[first..<first + count], schema: model.schema, as: model.inputType)
            let repeats = max(1, 64 / count)
            let start = MonotonicInstant.now
            for _ in 0..<repeats { model.predict(block, into: &predictions, scratch: &scratch) }
            times.append(
                Double(MonotonicInstant.now.nanoseconds(since: start)) / 1e3 / Double(repeats * count))
        }
        return times.sorted()[times.count / 2]
    }
}
