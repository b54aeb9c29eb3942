// SPDX-License-Identifier: Apache-2.0
import ModelFormat

/// One training from the first round to the last. State: owned by the thread that called; the pool's threads
/// write to parts of their own within a job.
final class BoostingRun {
    private let settings: BoostingSettings
    private let loss: BoostingLoss
    private let pool: WorkerPool
    private let matrix: BinnedMatrix
    private let grower: TreeGrower
    private let train: LossRows
    private let validation: (rows: LossRows, matrix: BinnedMatrix)?
    private let blocks: [GradientBlocks]
    private let sampling: RowSampling
    /// Nil when a leaf's first value is its last.
    private let refiner: LeafRefiner?
    private var builder: EnsembleBuilder
    /// Trees that this run did not grow.
    private var startCount: Int
    /// For dart only: the trees of this run as they were grown, and what their leaves are multiplied by now.
    private var trees: [(tree: GrownTree, factor: Float)] = []
    private var random: RandomSource
    private let isConstant: Bool
    private let measuresLoss: Bool
    /// The rows of a round that does not grow on all.
    private let chosenRows: NumberMemory<UInt32>

    init(
        _ trainer: BoostingTrainer, _ rows: BoostingTrainer.Rows, _ features: BoostingTrainer.Features,
        _ loss: BoostingLoss, _ validation: BoostingTrainer.Rows?, _ start: TreeEnsemble?, _ pool: WorkerPool
    ) {
        settings = trainer.settings
        self.loss = loss
        measuresLoss = trainer.measuresLoss
        self.pool = pool
        let categoryCounts = settings.splitsCategories ? features.categoryCounts : []
        matrix = BinnedMatrix(
            columns: rows.columns, rowCount: rows.count, featureCount: features.count,
            categoryCounts: categoryCounts, binsMax: settings.binsMax, pool: pool)
        var isConstant = loss.hasConstantHessian && rows.weights == nil
        if case .goss = settings.sampling { isConstant = false }
        self.isConstant = isConstant
        chosenRows = NumberMemory(count: settings.sampling == .all ? 0 : rows.count, repeating: 0)
        grower = TreeGrower(
            matrix, settings, constraints: features.constraints,
            hasConstantHessian: isConstant, pool: pool)
        builder =
            start.map { EnsembleBuilder($0) }
            ?? EnsembleBuilder(baseMargins: loss.baseMargins(rows.targets, rows.weights))
        startCount = builder.ensemble.treeCount
        train = BoostingRun.lossRows(rows, builder.ensemble, pool)
        let bins = matrix.features
        let ensemble = builder.ensemble
        self.validation = validation.map {
            (
                BoostingRun.lossRows($0, ensemble, pool),
                BinnedMatrix(columns: $0.columns, rowCount: $0.count, features: bins, pool: pool)
            )
        }
        blocks = (0..<loss.outputCount).map { _ in GradientBlocks(rowCount: rows.count) }
        sampling = RowSampling(
            sampling: settings.sampling, seed: settings.seed,
            warmUpRounds: Int(1 / settings.learningRate))
        random = RandomSource(seed: RandomSource.mixed(settings.seed, 0xDA27))
        refiner = LeafRefiner(settings, loss, features.constraints)
    }

    /// The rows at the margins that the trees so far give them.
    private static func lossRows(
        _ rows: BoostingTrainer.Rows, _ ensemble: TreeEnsemble, _ pool: WorkerPool
    ) -> LossRows {
        let margins = NumberMemory<Float>(count: rows.count * ensemble.outputCount, repeating: 0)
        for (output, base) in ensemble.baseMargins.enumerated() {
            for row in 0..<rows.count { margins[output * rows.count + row] = Float(base) }
        }
        ensemble.add(to: margins, columns: rows.columns, rowCount: rows.count, pool)
        return LossRows(
            targets: rows.targets, weights: rows.weights, groups: rows.groups, margins: margins)
    }

    /// `state` is where an earlier run of the same stopped; its trees are the ones that this run starts from.
    func grow(
        _ progress: BoostingTrainer.Progress, from state: BoostingState?, _ checkpointer: Checkpointer?
    ) throws(TrainingError) -> BoostingTrainer.Result {
        let outputs = loss.outputCount
        var best = (round: state?.bestRound ?? 0, loss: state?.bestLoss ?? .infinity)
        startCount -= (state?.rounds ?? 0) * outputs
        for round in stride(from: (state?.rounds ?? 0) + 1, through: settings.rounds, by: 1) {
            let hasSplit = try growRound(round)
            let validationLoss = validation.map { loss.value($0.rows, pool) }
            progress(round, measures(round) ? loss.value(train, pool) : nil, validationLoss)
            if let validationLoss, validationLoss < best.loss - settings.improvementMin {
                best = (round, validationLoss)
            }
            // Without a split the next round would be the same again, unless chance has a say.
            if !hasSplit && !hasChance { break }
            // With dart later rounds change earlier trees: there is no best round to go back to.
            if validation != nil && settings.dart == nil && round - best.round >= settings.patience { break }
            if round == settings.rounds { break }
            try save(round, best, checkpointer)
        }
        var validationLoss: Double?
        if settings.dart != nil {
            for (index, entry) in trees.enumerated() {
                builder.append(entry.tree, group: index % outputs, matrix.features)
                builder.scale(tree: startCount + index, by: entry.factor)
            }
            validationLoss = validation.map { loss.value($0.rows, pool) }
        } else if validation != nil {
            builder.keepTrees(startCount + max(best.round, 1) * outputs)
            validationLoss = best.loss
        }
        return BoostingTrainer.Result(
            ensemble: builder.ensemble, rounds: builder.ensemble.treeCount / outputs,
            validationLoss: validationLoss)
    }

    private func save(
        _ round: Int, _ best: (round: Int, loss: Double), _ checkpointer: Checkpointer?
    ) throws(TrainingError) {
        guard let checkpointer else { return }
        let state = BoostingState(
            ensemble: builder.ensemble, rounds: round, bestRound: best.round, bestLoss: best.loss)
        try checkpointer.pass(round, of: .gbdt) { () throws(TrainingError) in
            do throws(FormatError) {
                return try state.archive(featureCount: matrix.features.count)
            } catch {
                throw .checkpoint(error.description)
            }
        }
    }

    private var hasChance: Bool {
        settings.sampling != .all || settings.dart != nil
            || min(settings.columnsByTree, settings.columnsByLevel, settings.columnsByNode) < 1
    }

    /// The loss of many rows costs as much as a fifth of a round: then ten times in all are enough.
    private func measures(_ round: Int) -> Bool {
        guard measuresLoss else { return false }
        return train.count * settings.rounds <= 20_000_000 || round % max(1, settings.rounds / 10) == 0
            || round == settings.rounds
    }

    /// Grows one tree for each output. Returns whether any has a split.
    private func growRound(_ round: Int) throws(TrainingError) -> Bool {
        let number = startCount / loss.outputCount + round
        let dropped = dropTrees()
        loss.derivatives(train, into: blocks, pool)
        let chosen = sampling.choose(round: number, blocks, into: chosenRows)
        let rowCount = chosen ?? train.count
        var hasSplit = false
        var grown: [GrownTree] = []
        for (output, block) in blocks.enumerated() {
            guard let units = block.pack(isConstant: isConstant, pool) else {
                throw .diverged(
                    algorithm: "gbdt",
                    advice: "it was in round \(round); use a smaller --learning-rate, or rescale the target")
            }
            let rows = grower.partition.rows
            if chosen == nil { fill(rows) } else { rows.copy(chosenRows, count: rowCount) }
            let total = block.total(chosen == nil ? nil : rows, rowCount, pool)
            let seed = RandomSource.mixed(settings.seed, UInt64(number * blocks.count + output))
            var tree = grower.grow(
                block.words, units, total: total, rowCount: rowCount, isWhole: chosen == nil, seed: seed)
            if let level = loss.leafQuantile { renew(&tree, level) }
            refiner?.refine(&tree, rows: grower.partition.rows, train, pool)
            hasSplit = hasSplit || tree.nodes.count > 1
            if settings.dart == nil {
                add(tree, output, isWhole: chosen == nil)
                builder.append(tree, group: output, matrix.features)
            }
            grown.append(tree)
        }
        if settings.dart != nil { add(grown, without: dropped) }
        return hasSplit
    }

    private func fill(_ rows: NumberMemory<UInt32>) {
        pool.run(GradientBlocks.blockCount(train.count)) { _, block in
            // Safe because the memory has a number for each row.
            for row in GradientBlocks.rows(block, of: train.count) {
                unsafe rows.start[row] = UInt32(truncatingIfNeeded: row)
            }
        }
    }

    /// Adds a tree's leaves to the margins.
    private func add(_ tree: GrownTree, _ output: Int, isWhole: Bool) {
        if isWhole {
            let rows = grower.partition.rows
            pool.run(tree.leafRows.count) { _, index in
                let leaf = tree.leafRows[index]
                let value = tree.nodes[leaf.node].value
                // Safe because a leaf's rows are rows of the training data, each in one leaf.
                let margins = unsafe train.margins.start + output * train.count
                for place in leaf.rows { unsafe margins[Int(rows.start[place])] += value }
            }
        } else {
            BinnedTree(tree, matrix).add(to: train.margins, output, factor: 1, pool)
        }
        if let validation {
            BinnedTree(tree, validation.matrix).add(to: validation.rows.margins, output, factor: 1, pool)
        }
    }

    /// Sets each leaf to the quantile of its rows' residuals.
    private func renew(_ tree: inout GrownTree, _ level: Double) {
        let found = NumberMemory<Float>(count: tree.leafRows.count, repeating: 0)
        let leaves = tree.leafRows
        let rows = grower.partition.rows
        pool.run(leaves.count) { _, index in
            let own = leaves[index].rows.map { Int(rows[$0]) }
            let residuals = own.map { train.targets[$0] - Double(train.margin($0)) }
            if let weights = train.weights {
                found[index] = WeightedQuantile.of(residuals, own.map { weights[$0] }, level: level)
            } else {
                var sorted = residuals.map { Float($0) }
                RadixSort.sort(&sorted)
                found[index] = WeightedQuantile.of(sorted: sorted, level: level)
            }
        }
        for (index, leaf) in leaves.enumerated() {
            tree.nodes[leaf.node].value = Float(settings.learningRate) * found[index]
        }
    }

    // MARK: Dart

    /// Takes some earlier rounds out of the margins and returns which.
    private func dropTrees() -> [Int] {
        guard let dart = settings.dart else { return [] }
        let outputs = loss.outputCount
        let rounds = trees.count / outputs
        if rounds == 0 || random.unit() < dart.skip { return [] }
        var dropped = (0..<rounds).filter { _ in random.unit() < dart.rate }
        if dropped.isEmpty { dropped = [random.index(below: rounds)] }
        while dropped.count > dart.dropsMax { dropped.remove(at: random.index(below: dropped.count)) }
        for round in dropped { addRound(round, times: -1) }
        return dropped
    }

    /// Adds the trees of an earlier round to all margins, `times` their factor.
    private func addRound(_ round: Int, times: Float) {
        for output in 0..<loss.outputCount {
            let (tree, factor) = trees[round * loss.outputCount + output]
            BinnedTree(tree, matrix).add(to: train.margins, output, factor: times * factor, pool)
            if let validation {
                BinnedTree(tree, validation.matrix).add(
                    to: validation.rows.margins, output, factor: times * factor, pool)
            }
        }
    }

    /// The new trees and the ones that were left out share what both would do alone.
    private func add(_ grown: [GrownTree], without dropped: [Int]) {
        let count = Float(dropped.count)
        let rate = Float(settings.learningRate)
        for round in dropped {
            for output in 0..<loss.outputCount {
                trees[round * loss.outputCount + output].factor *= count / (count + rate)
            }
            addRound(round, times: 1)
        }
        trees += grown.map { ($0, dropped.isEmpty ? 1 : 1 / (count + rate)) }
        addRound(trees.count / loss.outputCount - 1, times: 1)
    }
}
