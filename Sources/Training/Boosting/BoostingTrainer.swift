// SPDX-License-Identifier: Apache-2.0
import Glibc
import ModelFormat

/// Fits gradient-boosted trees on histograms.
package struct BoostingTrainer: Sendable {
    package var settings: BoostingSettings
    package var threadCount: Int

    package init(_ settings: BoostingSettings = BoostingSettings(), threadCount: Int? = nil) {
        self.settings = settings
        self.threadCount = threadCount ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }

    /// Rows with their targets, column-major.
    struct Rows {
        var columns: [Float]
        /// Values, or indices of classes.
        var targets: [Double]

        var count: Int { targets.count }
    }

    /// What the growing came to.
    struct Result {
        var ensemble: TreeEnsemble
        /// Rounds in the ensemble.
        var rounds: Int
        var validationLoss: Double?
    }

    /// Grows the trees; with `validation` rows it ends when they no longer gain and keeps the best round.
    func fit(
        _ train: Rows, featureCount: Int, loss: BoostingLoss, validation: Rows? = nil,
        progress: (_ round: Int, _ loss: Double, _ validationLoss: Double?) -> Void = { _, _, _ in }
    ) throws(TrainingError) -> Result {
        try settings.validate()
        let matrix = BinnedMatrix(
            columns: train.columns, rowCount: train.count, featureCount: featureCount,
            binsMax: settings.binsMax)
        var grower = TreeGrower(matrix, settings, threadCount: threadCount)
        let outputs = loss.outputCount
        var builder = EnsembleBuilder(baseMargins: loss.baseMargins(train.targets))
        var margins = builder.startMargins(rowCount: train.count)
        var validationMargins = builder.startMargins(rowCount: validation?.count ?? 0)
        var pairs = [GradientPair](
            repeating: GradientPair(gradient: 0, hessian: 0), count: train.count * outputs)
        var best = (round: 0, loss: Double.infinity)
        for round in 1...settings.rounds {
            loss.derivatives(margins, train.targets, into: &pairs)
            var hasSplit = false
            for output in 0..<outputs {
                let tree = grower.grow(Array(pairs[output * train.count..<(output + 1) * train.count]))
                hasSplit = hasSplit || tree.nodes.count > 1
                for leaf in tree.leafRows {
                    let value = tree.nodes[leaf.node].value
                    for row in grower.rows[leaf.rows] { margins[Int(row) * outputs + output] += value }
                }
                builder.append(tree, group: output)
                if let validation {
                    builder.addLastTree(to: &validationMargins, validation, output, of: outputs)
                }
            }
            let validationLoss = validation.map { loss.value(validationMargins, $0.targets) }
            progress(round, loss.value(margins, train.targets), validationLoss)
            if let validationLoss, validationLoss < best.loss { best = (round, validationLoss) }
            // Without a split the next round would be the same again.
            if !hasSplit || (validation != nil && round - best.round >= settings.patience) { break }
        }
        if validation != nil { builder.keepTrees(max(best.round, 1) * outputs) }
        return Result(
            ensemble: builder.ensemble, rounds: builder.ensemble.treeCount / outputs,
            validationLoss: validation == nil ? nil : best.loss)
    }
}

/// Puts grown trees into the flat arrays of a model.
private struct EnsembleBuilder {
    private(set) var ensemble: TreeEnsemble

    init(baseMargins: [Float]) {
        ensemble = TreeEnsemble(baseMargins: baseMargins.map(Double.init))
    }

    func startMargins(rowCount: Int) -> [Float] {
        (0..<rowCount).flatMap { _ in ensemble.baseMargins.map { Float($0) } }
    }

    mutating func append(_ tree: GrownTree, group: Int) {
        let root = Int32(ensemble.nodeCount)
        ensemble.roots.append(root)
        ensemble.groups.append(Int32(group))
        for node in tree.nodes {
            let split = node.split
            ensemble.features.append(split.map { Int32($0.feature) } ?? -1)
            ensemble.values.append(Double(split?.threshold ?? node.value))
            ensemble.lefts.append(split == nil ? -1 : root + node.left)
            ensemble.rights.append(split == nil ? -1 : root + node.right)
            ensemble.defaultsLeft.append(split?.isDefaultLeft ?? false)
        }
    }

    /// Adds the newest tree's leaves to the margins of rows that it was not grown on.
    func addLastTree(
        to margins: inout [Float], _ rows: BoostingTrainer.Rows, _ output: Int, of outputs: Int
    ) {
        guard let root = ensemble.roots.last else { return }
        for row in 0..<rows.count {
            var node = Int(root)
            while ensemble.features[node] >= 0 {
                let value = rows.columns[Int(ensemble.features[node]) * rows.count + row]
                let goesLeft =
                    value.isNaN ? ensemble.defaultsLeft[node] : Double(value) < ensemble.values[node]
                node = Int(goesLeft ? ensemble.lefts[node] : ensemble.rights[node])
            }
            margins[row * outputs + output] += Float(ensemble.values[node])
        }
    }

    /// Drops all trees after the first `count`.
    mutating func keepTrees(_ count: Int) {
        guard count < ensemble.treeCount else { return }
        let nodeCount = Int(ensemble.roots[count])
        ensemble.roots.removeLast(ensemble.treeCount - count)
        ensemble.groups.removeLast(ensemble.groups.count - count)
        ensemble.features.removeLast(ensemble.features.count - nodeCount)
        ensemble.values.removeLast(ensemble.values.count - nodeCount)
        ensemble.lefts.removeLast(ensemble.lefts.count - nodeCount)
        ensemble.rights.removeLast(ensemble.rights.count - nodeCount)
        ensemble.defaultsLeft.removeLast(ensemble.defaultsLeft.count - nodeCount)
    }
}
