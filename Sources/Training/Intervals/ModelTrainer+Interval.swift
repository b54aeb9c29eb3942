// SPDX-License-Identifier: Apache-2.0
import ModelFormat

extension ModelTrainer {
    /// The training rows are divided into so many parts, one of which is held out for the radius.
    private static let intervalParts = 5

    /// Fits `algorithm` to four fifths of the training rows, and the interval to the others.
    func fitWithInterval(
        _ algorithm: Algorithm, _ interval: IntervalSettings, _ report: (TrainingEvent) -> Void
    ) throws(TrainingError) -> (ModelGraph, [(name: String, value: String)]) {
        guard split.train.count >= ModelTrainer.intervalParts else {
            throw .emptyPart(part: "interval", reason: "there are \(split.train.count) training rows")
        }
        let seed = RandomSource.mixed(seed, 0x1A7E)
        var own = try folding.holdOut(
            split.train, parts: ModelTrainer.intervalParts, target: target, seed: seed)
        let heldOut = own.test
        own.validation = split.validation
        var (graph, settings) = try fit(algorithm, own, report, checkpointer)
        if interval.method == .quantiles {
            try addQuantiles(interval.level, to: &graph, algorithm, own, report)
        }
        let radius = try interval.radius(try scores(graph, heldOut, interval.method))
        graph.output.interval = PredictionInterval(
            level: interval.level, radius: radius, kind: interval.method == .residual ? .residual : .quantiles
        )
        settings += [
            ("interval", interval.level.description), ("interval_method", interval.method.rawValue),
            ("interval_rows", "\(heldOut.count)"), ("interval_radius", radius.description),
        ]
        return (graph, settings)
    }

    /// How far outside its bounds, before they are widened, each row's truth lies; below 0 for inside.
    private func scores(
        _ graph: ModelGraph, _ rows: [Int], _ method: IntervalSettings.Method
    ) throws(TrainingError) -> [Double] {
        let evaluator = try evaluator(graph)
        switch method {
        case .residual:
            let answers = evaluator.answers(rows, target)
            return zip(answers.values, answers.truth).map { abs($0 - $1) }
        case .quantiles:
            let margins = evaluator.margins(rows)
            return rows.indices.map { place in
                let (low, high) = (margins[3 * place + 1], margins[3 * place + 2])
                let truth = target.values[rows[place]]
                return max(min(low, high) - truth, truth - max(low, high))
            }
        }
    }

    /// Grows trees for the two quantiles beside those of the prediction, as outputs 1 and 2.
    private func addQuantiles(
        _ level: Double, to graph: inout ModelGraph, _ algorithm: Algorithm, _ split: Split,
        _ report: (TrainingEvent) -> Void
    ) throws(TrainingError) {
        let learner = learners.first { $0.algorithm == algorithm } ?? algorithm.learner()
        guard var learner = learner as? BoostingLearner, graph.output.transform == .identity,
            learner.loss != .rank
        else {
            throw .setting(
                name: "--interval-method", value: "quantiles",
                allowed: "residual, or given with --algorithm gbdt and a loss whose prediction is the margin")
        }
        guard case .treeEnsemble(var ensemble) = graph.estimator else { return }
        for part in [(1 - level) / 2, (1 + level) / 2] {
            learner.loss = .quantile
            learner.quantileLevel = part
            var trainer = self
            trainer.start = nil
            trainer.learners = [learner]
            let (quantile, _) = try trainer.fit(algorithm, split, report)
            guard case .treeEnsemble(let trees) = quantile.estimator else { return }
            ensemble.appendOutputs(of: trees)
        }
        graph.estimator = .treeEnsemble(ensemble)
    }
}

extension TreeEnsemble {
    /// Takes over the trees of `other`, of the same rules, as further outputs. Leaves must be numbers.
    mutating func appendOutputs(of other: TreeEnsemble) {
        let (nodes, outputs) = (Int32(nodeCount), Int32(outputCount))
        let isOtherCategorical = other.categories != nil
        if isOtherCategorical && categories == nil {
            categories = TreeCategories(sets: [Int32](repeating: -1, count: nodeCount))
        }
        if var own = categories {
            let (sets, words) = (Int32(own.setCount), Int32(own.words.count))
            if let theirs = other.categories {
                own.sets += theirs.sets.map { $0 < 0 ? -1 : $0 + sets }
                own.starts += theirs.starts.dropFirst().map { $0 + words }
                own.words += theirs.words
            } else {
                own.sets += [Int32](repeating: -1, count: other.nodeCount)
            }
            categories = own
        }
        roots += other.roots.map { $0 + nodes }
        groups += other.groups.map { $0 + outputs }
        features += other.features
        values += other.values
        lefts += other.lefts.map { $0 < 0 ? -1 : $0 + nodes }
        rights += other.rights.map { $0 < 0 ? -1 : $0 + nodes }
        defaultsLeft += other.defaultsLeft
        covers += other.covers
        baseMargins += other.baseMargins
    }
}
