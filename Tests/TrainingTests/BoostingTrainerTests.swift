// SPDX-License-Identifier: Apache-2.0
import Glibc
import Inference
import ModelFormat
import Tabular
import Testing

@testable import Training

@Suite struct BoostingTrainerTests {
    /// Random columns of few distinct values, some missing, and a target that depends on them.
    private func data(rows: Int, features: Int, seed: UInt64, missing: Double) -> BoostingTrainer.Rows {
        var random = RandomSource(seed: seed)
        var columns = [Float](repeating: 0, count: rows * features)
        for index in columns.indices {
            let value = Float(Int.random(in: -40...40, using: &random)) / 8
            columns[index] = Double.random(in: 0..<1, using: &random) < missing ? .nan : value
        }
        let targets = (0..<rows).map { row -> Double in
            let first = columns[row].isNaN ? 3 : Double(columns[row])
            let second = Double(columns[rows + row])
            return first * 2 + (second > 1 ? 5 : 0) + Double.random(in: -0.5...0.5, using: &random)
        }
        return BoostingTrainer.Rows(columns: columns, targets: targets)
    }

    /// The slow and obvious way: every feature, every cut between two neighbouring values, both ways for the
    /// missing.
    private func exactSplit(
        _ data: BoostingTrainer.Rows, features: Int, rows: [Int], gradients: [Float],
        _ settings: BoostingSettings
    ) -> (gain: Double, left: Set<Int>)? {
        func score(_ rows: [Int]) -> Double {
            let sum = rows.reduce(0.0) { $0 + Double(gradients[$1]) }
            return sum * sum / (Double(rows.count) + settings.l2)
        }
        var best: (gain: Double, left: Set<Int>)?
        for feature in 0..<features {
            func value(_ row: Int) -> Float { data.columns[feature * data.count + row] }
            let missing = rows.filter { value($0).isNaN }
            let present = rows.filter { !value($0).isNaN }
            var candidates: [[Int]] = []
            for cut in Set(present.map(value)).sorted().dropFirst() {
                let left = present.filter { value($0) < cut }
                candidates.append(left)
                if !missing.isEmpty { candidates.append(left + missing) }
            }
            if !missing.isEmpty && !present.isEmpty { candidates.append(present) }
            for left in candidates {
                let chosen = Set(left)
                let right = rows.filter { !chosen.contains($0) }
                guard left.count >= settings.leafRowsMin, right.count >= settings.leafRowsMin else {
                    continue
                }
                let gain = score(left) + score(right) - score(rows)
                if gain > (best?.gain ?? 0) { best = (gain, chosen) }
            }
        }
        return best
    }

    @Test(arguments: [(UInt64(1), 0.0), (2, 0.2), (3, 0.5), (4, 0.05)])
    func everySplit_isTheExactBest(seed: UInt64, missing: Double) throws {
        let data = data(rows: 120, features: 3, seed: seed, missing: missing)
        var settings = BoostingSettings()
        settings.leavesMax = 12
        settings.leafRowsMin = 3
        let base = BoostingLoss.squaredError.baseMargins(data.targets)[0]
        let gradients = data.targets.map { Float(Double(base) - $0) }
        let tree = try grow(data, features: 3, gradients, settings)
        #expect(tree.nodes.count > 9)
        check(tree, node: 0, rows: Array(0..<data.count), data, gradients, settings)
    }

    /// Two groups of rows, which one split tells apart; `positive` of 100 rows of the first are of class 1,
    /// and 2 of 1,000 of the second. Returns the values that both leaves get.
    private func leafValues(positive: Int, _ settings: BoostingSettings) throws -> [Double] {
        let columns = (0..<1_100).map { Float($0 < 100 ? 0 : 1) }
        let targets = (0..<1_100).map { row in row < positive || row >= 1_098 ? 1.0 : 0 }
        let ensemble = try BoostingTrainer(settings).fit(
            BoostingTrainer.Rows(columns: columns, targets: targets), features: .init(count: 1),
            loss: .logistic
        ).ensemble
        let margins = BoostingTrainer.margins(
            ensemble, columns: [0, 1], rowCount: 2, threadCount: 1)
        return margins.map { Double($0) - ensemble.baseMargins[0] }
    }

    /// Where the loss of `positive` of `count` rows that begin at `base` has its minimum, with half the
    /// square of the value times `l2` added.
    private func bestValue(_ positive: Double, of count: Double, base: Double, l2: Double) -> Double {
        var (low, high) = (-60.0, 60.0)
        for _ in 0..<200 {
            let middle = (low + high) / 2
            let slope = count / (1 + exp(-base - middle)) - positive + l2 * middle
            if slope > 0 { high = middle } else { low = middle }
        }
        return low
    }

    @Test(arguments: [0, 1, 30, 50, 99, 100], [1.0, 0.0])
    func valuesOfLeaves_comeNearerToTheBest(positive: Int, l2: Double) throws {
        var settings = BoostingSettings()
        settings.rounds = 1
        settings.learningRate = 1
        settings.leavesMax = 2
        settings.childWeightMin = 0.01
        settings.l2 = l2
        let base = log(Double(positive + 2) / Double(1_098 - positive))
        let best = [
            bestValue(Double(positive), of: 100, base: base, l2: l2),
            bestValue(2, of: 1_000, base: base, l2: l2),
        ]
        var errors: [[Double]] = []
        for steps in [1, 2, 10] {
            settings.leafSteps = steps
            let values = try leafValues(positive: positive, settings)
            errors.append(zip(values, best).map { abs($0 - $1) })
            #expect(values.allSatisfy { abs($0) < 200 }, "\(values)")
        }
        let isPure = positive == 0 || positive == 100
        for leaf in 0..<2 where !(isPure && leaf == 0 && l2 == 0) {
            #expect(errors[1][leaf] <= errors[0][leaf] + 1e-5)
            #expect(
                errors[2][leaf] <= max(2e-4, errors[0][leaf] / 2), "leaf \(leaf): \(errors), best \(best)")
        }
    }

    private func grow(
        _ data: BoostingTrainer.Rows, features: Int, _ gradients: [Float], _ settings: BoostingSettings
    ) throws -> GrownTree {
        let pool = WorkerPool(threadCount: 1)
        let matrix = BinnedMatrix(
            columns: data.columns, rowCount: data.count, featureCount: features, binsMax: 255, pool: pool)
        let grower = TreeGrower(
            matrix, settings, constraints: FeatureConstraints(), hasConstantHessian: true, pool: pool)
        let block = GradientBlocks(rowCount: data.count)
        for (row, gradient) in gradients.enumerated() { block.set(row, gradient: gradient, hessian: 1) }
        let units = try #require(block.pack(isConstant: true, pool))
        for row in 0..<data.count { grower.partition.rows[row] = UInt32(row) }
        return grower.grow(
            block.words, units, total: block.total(nil, data.count, pool), rowCount: data.count,
            isWhole: true, seed: 0)
    }

    private func check(
        _ tree: GrownTree, node: Int, rows: [Int], _ data: BoostingTrainer.Rows, _ gradients: [Float],
        _ settings: BoostingSettings
    ) {
        guard let split = tree.nodes[node].split else { return }
        var (left, right): ([Int], [Int]) = ([], [])
        for row in rows {
            let value = data.columns[split.feature * data.count + row]
            if value.isNaN ? split.isDefaultLeft : value < tree.nodes[node].threshold {
                left.append(row)
            } else {
                right.append(row)
            }
        }
        let exact = exactSplit(data, features: 3, rows: rows, gradients: gradients, settings)
        #expect(abs((exact?.gain ?? 0) - split.gain) <= 1e-6 * split.gain, "node \(node)")
        #expect(left.count == split.left.hessian && right.count == split.right.hessian)
        check(tree, node: Int(tree.nodes[node].left), rows: left, data, gradients, settings)
        check(tree, node: Int(tree.nodes[node].right), rows: right, data, gradients, settings)
    }

    @Test func theServingKernel_givesTheTrainingMarginsBitForBit() throws {
        let data = data(rows: 300, features: 4, seed: 9, missing: 0.1)
        var settings = BoostingSettings()
        settings.rounds = 30
        settings.binsMax = 16
        var losses: [Double] = []
        let result = try BoostingTrainer(settings).fit(data, features: .init(count: 4), loss: .squaredError) {
            _, loss, _ in
            losses.append(loss ?? .nan)
        }
        let schema = FeatureSchema(features: (0..<4).map { Feature(name: "f\($0)", kind: .numeric) })
        let graph = ModelGraph(
            schema: schema, estimator: .treeEnsemble(result.ensemble),
            output: OutputDescription(transform: .identity))
        try graph.validate()
        let model = try CompiledModel(graph)
        var block = RowBlock()
        block.reset(columnCount: 4, numberType: .float32)
        block.appendRows(data.count)
        for row in 0..<data.count {
            for column in 0..<4 {
                block.set(Double(data.columns[column * data.count + row]), row: row, column: column)
            }
        }
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.predict(block, into: &predictions, scratch: &scratch)
        let served = NumberMemory<Float>(count: data.count, repeating: 0)
        for row in 0..<data.count { served[row] = Float(predictions.values.value(row: row, column: 0)) }
        let rows = LossRows(targets: data.targets, weights: nil, margins: served)
        // The loss is a sum over the very margins: one row that fell elsewhere would show.
        #expect(BoostingLoss.squaredError.value(rows, WorkerPool(threadCount: 1)) == losses.last)
        #expect(zip(losses, losses.dropFirst()).allSatisfy { $0 > $1 })
    }

    @Test(arguments: [1, 2, 3, 8])
    func theModel_doesNotDependOnTheThreads(threads: Int) throws {
        let data = data(rows: 2_000, features: 40, seed: 5, missing: 0.1)
        var settings = BoostingSettings()
        settings.rounds = 2
        let one = try BoostingTrainer(settings, threadCount: 1).fit(
            data, features: .init(count: 40), loss: .squaredError)
        let many = try BoostingTrainer(settings, threadCount: threads).fit(
            data, features: .init(count: 40), loss: .squaredError)
        #expect(one.ensemble.values.map(\.bitPattern) == many.ensemble.values.map(\.bitPattern))
        #expect(one.ensemble.features == many.ensemble.features)
    }

    @Test func validationRows_endTheGrowing_andTheBestRoundIsKept() throws {
        let train = data(rows: 200, features: 3, seed: 1, missing: 0)
        let validation = data(rows: 200, features: 3, seed: 2, missing: 0)
        var settings = BoostingSettings()
        settings.rounds = 2_000
        settings.learningRate = 0.5
        settings.patience = 5
        var losses: [Double] = []
        let result = try BoostingTrainer(settings).fit(
            train, features: .init(count: 3), loss: .squaredError, validation: validation
        ) { _, _, loss in losses.append(loss ?? 0) }
        #expect(losses.count < 2_000)
        #expect(losses.count == result.rounds + 5)
        #expect(result.validationLoss == losses.min())
        #expect(result.ensemble.treeCount == result.rounds)
    }

    @Test func aConstantTarget_givesOneLeaf() throws {
        var data = data(rows: 50, features: 2, seed: 1, missing: 0)
        data.targets = data.targets.map { _ in 7 }
        let result = try BoostingTrainer().fit(data, features: .init(count: 2), loss: .squaredError)
        #expect(result.rounds == 1)
        #expect(result.ensemble.nodeCount == 1)
        #expect(result.ensemble.baseMargins == [7])
    }

    @Test func aFeatureThatIsOnlyEverMissingOrNot_canBeSplitOn() throws {
        let columns: [Float] = (0..<40).map { $0 % 2 == 0 ? .nan : 1 }
        let rows = BoostingTrainer.Rows(columns: columns, targets: (0..<40).map { $0 % 2 == 0 ? 1 : 0 })
        var settings = BoostingSettings()
        settings.rounds = 1
        let ensemble = try BoostingTrainer(settings).fit(rows, features: .init(count: 1), loss: .squaredError)
            .ensemble
        #expect(ensemble.features == [0, -1, -1])
        #expect(ensemble.values[0] == .infinity)
        #expect(!ensemble.defaultsLeft[0])
    }

    @Test func manyDistinctValues_areSharedOutToTheBins() {
        var random = RandomSource(seed: 3)
        let values =
            (0..<5_000).map { _ in Float.random(in: -1...1, using: &random) }
            + [Float](repeating: 0.5, count: 5_000)
        let bins = FeatureBins(values: values, binsMax: 20)
        #expect(bins.cuts.count == 19)
        #expect(zip(bins.cuts, bins.cuts.dropFirst()).allSatisfy { $0 < $1 })
        var counts = [Int](repeating: 0, count: bins.count)
        for value in values { counts[Int(bins.bin(of: value))] += 1 }
        // The frequent value is alone but for its neighbours' share, and no bin is empty.
        #expect(counts.filter { $0 >= 5_000 }.count == 1)
        #expect(counts.dropLast().allSatisfy { $0 > 0 })
        #expect(bins.bin(of: .nan) == bins.missingBin)
    }

    @Test func aCut_liesBetweenItsNeighbours() {
        for (a, b) in [
            (1, 2), (1, Float(1).nextUp), (-0.0, Float.leastNonzeroMagnitude),
            (-Float.greatestFiniteMagnitude, Float.greatestFiniteMagnitude),
        ] as [(Float, Float)] {
            let cut = FeatureBins.cut(between: a, and: b)
            #expect(a < cut && cut <= b, "\(a) \(b)")
        }
    }

    @Test(arguments: [
        "--rounds", "--learning-rate", "--max-leaves", "--max-depth", "--l2", "--max-bins", "--patience",
    ])
    func settingsOutOfRange_areRefusedByName(name: String) {
        var settings = BoostingSettings()
        switch name {
        case "--rounds": settings.rounds = 0
        case "--learning-rate": settings.learningRate = .nan
        case "--max-leaves": settings.leavesMax = 1
        case "--max-depth": settings.depthMax = 0
        case "--l2": settings.l2 = -1
        case "--max-bins": settings.binsMax = 256
        default: settings.patience = 0
        }
        let error = #expect(throws: TrainingError.self) { try settings.validate() }
        #expect(error?.description.hasPrefix(name) == true)
    }
}
