// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

@testable import Training

/// What trees can be told besides rows: weights, categories, constraints, samples, earlier trees.
@Suite struct BoostingFeaturesTests {
    private func noise(rows: Int, features: Int, seed: UInt64) -> [Float] {
        var random = RandomSource(seed: seed)
        return (0..<rows * features).map { _ in Float(random.unit() * 2 - 1) }
    }

    private func fit(
        _ rows: BoostingTrainer.Rows, features: BoostingTrainer.Features, _ settings: BoostingSettings,
        loss: BoostingLoss = .squaredError, start: TreeEnsemble? = nil
    ) throws -> TreeEnsemble {
        try BoostingTrainer(settings, threadCount: 2)
            .fit(rows, features: features, loss: loss, start: start).ensemble
    }

    private func margins(_ ensemble: TreeEnsemble, _ columns: [Float], _ count: Int) -> [Float] {
        BoostingTrainer.margins(ensemble, columns: columns, rowCount: count, threadCount: 1)
    }

    private func error(_ ensemble: TreeEnsemble, _ rows: BoostingTrainer.Rows) -> Double {
        let found = margins(ensemble, rows.columns, rows.count)
        return zip(found, rows.targets).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
            / Double(rows.count)
    }

    /// A smooth target of the first two features and nothing else.
    private func wave(rows: Int, seed: UInt64) -> BoostingTrainer.Rows {
        let columns = noise(rows: rows, features: 4, seed: seed)
        let targets = (0..<rows).map { row in
            Double(columns[row] * 3 + columns[rows + row] * columns[rows + row] * 2)
        }
        return BoostingTrainer.Rows(columns: columns, targets: targets)
    }

    @Test func aRowOfWeightTwo_countsAsTwoRows() throws {
        let single = wave(rows: 60, seed: 1)
        var weighted = single
        weighted.weights = (0..<60).map { $0 % 3 == 0 ? 2 : 1 }
        let order = (0..<60).flatMap { $0 % 3 == 0 ? [$0, $0] : [$0] }
        let twice = BoostingTrainer.Rows(
            columns: (0..<4).flatMap { feature in order.map { single.columns[feature * 60 + $0] } },
            targets: order.map { single.targets[$0] })
        var settings = BoostingSettings()
        settings.rounds = 20
        let a = try fit(weighted, features: .init(count: 4), settings)
        let b = try fit(twice, features: .init(count: 4), settings)
        #expect(abs(a.baseMargins[0] - b.baseMargins[0]) < 1e-6)
        for (x, y) in zip(margins(a, single.columns, 60), margins(b, single.columns, 60)) {
            #expect(abs(x - y) < 1e-4)
        }
        let plain = try fit(single, features: .init(count: 4), settings)
        #expect(plain != a)
    }

    @Test func aRowOfWeightZero_countsForNothing() throws {
        var rows = wave(rows: 80, seed: 4)
        rows.weights = (0..<80).map { $0 < 40 ? 1 : 0 }
        for row in 40..<80 { rows.targets[row] = 1_000 }
        var settings = BoostingSettings()
        settings.rounds = 30
        let ensemble = try fit(rows, features: .init(count: 4), settings)
        #expect(margins(ensemble, rows.columns, 80).allSatisfy { abs($0) < 10 })
    }

    @Test func categories_areSplitBySets() throws {
        // Odd and even codes: no cut of the sorted list divides them, one set does.
        let columns = (0..<400).map { Float($0 % 20) }
        let rows = BoostingTrainer.Rows(
            columns: columns, targets: (0..<400).map { $0 % 20 % 2 == 0 ? 1 : -1 })
        var settings = BoostingSettings()
        settings.rounds = 1
        settings.leavesMax = 2
        settings.learningRate = 1
        settings.l2 = 0
        var features = BoostingTrainer.Features(count: 1)
        features.categoryCounts = [20]
        let ensemble = try fit(rows, features: features, settings)
        let sets = try #require(ensemble.categories)
        #expect(ensemble.nodeCount == 3 && sets.sets == [0, -1, -1])
        let word = sets.words[0]
        #expect(word == 0x5_5555 || word == 0xA_AAAA)
        #expect(error(ensemble, rows) < 1e-9)
        settings.splitsCategories = false
        #expect(error(try fit(rows, features: features, settings), rows) > 0.5)
    }

    @Test func unseenAndRareCategories_goRight_andMissingOnesWhereTheyBelong() throws {
        var columns = (0..<300).map { Float($0 % 3) }
        for row in stride(from: 0, to: 300, by: 10) { columns[row] = .nan }
        let targets = columns.map { $0.isNaN || $0 == 1 ? 1.0 : 0 }
        var settings = BoostingSettings()
        settings.rounds = 1
        settings.learningRate = 1
        settings.l2 = 0
        var features = BoostingTrainer.Features(count: 1)
        features.categoryCounts = [5]
        let ensemble = try fit(
            BoostingTrainer.Rows(columns: columns, targets: targets), features: features, settings)
        let found = margins(ensemble, [0, 1, 2, .nan], 4)
        #expect(found[0] == found[2] && abs(found[1] - 1) < 1e-6 && abs(found[3] - 1) < 1e-6)
    }

    @Test(arguments: [Int8(1), -1])
    func aMonotoneFeature_isObeyedEverywhere(direction: Int8) throws {
        var random = RandomSource(seed: 8)
        var rows = wave(rows: 500, seed: 8)
        rows.targets = (0..<500).map { row in
            Double(rows.columns[row]) * Double(direction) + 3 * random.unit()
                + (rows.columns[500 + row] > 0 ? 2 * Double(rows.columns[row]).magnitude : 0)
        }
        var settings = BoostingSettings()
        settings.rounds = 60
        settings.childWeightMin = 0
        var features = BoostingTrainer.Features(count: 4)
        features.monotone = [direction, 0, 0, 0]
        let ensemble = try fit(rows, features: features, settings)
        let free = try fit(rows, features: .init(count: 4), settings)
        func fallsSomewhere(_ ensemble: TreeEnsemble) -> Bool {
            (0..<40).contains { index in
                let steps = 81
                var columns = (0..<steps).map { Float($0) / 40 - 1 }
                for feature in 1..<4 {
                    columns += [Float](repeating: rows.columns[feature * 500 + index], count: steps)
                }
                let found = margins(ensemble, columns, steps)
                return zip(found, found.dropFirst()).contains { ($1 - $0) * Float(direction) < -1e-5 }
            }
        }
        #expect(!fallsSomewhere(ensemble))
        #expect(fallsSomewhere(free))
    }

    @Test func featuresOfDifferentGroups_neverMeetOnAPath() throws {
        let rows = wave(rows: 400, seed: 3)
        var settings = BoostingSettings()
        settings.rounds = 20
        var features = BoostingTrainer.Features(count: 4)
        features.interactions = [[0, 2], [1]]
        let ensemble = try fit(rows, features: features, settings)
        var met: Set<Set<Int32>> = []
        func walk(_ node: Int, _ above: Set<Int32>) {
            guard ensemble.features[node] >= 0 else {
                met.insert(above)
                return
            }
            let path = above.union([ensemble.features[node]])
            walk(Int(ensemble.lefts[node]), path)
            walk(Int(ensemble.rights[node]), path)
        }
        for root in ensemble.roots { walk(Int(root), []) }
        #expect(met.allSatisfy { $0.isSubset(of: [0, 2]) || $0 == [1] || $0 == [3] })
        #expect(met.count > 1)
    }

    @Test func goingOn_isAsIfItHadNotStopped() throws {
        let rows = wave(rows: 300, seed: 2)
        var settings = BoostingSettings()
        settings.rounds = 20
        let whole = try fit(rows, features: .init(count: 4), settings)
        settings.rounds = 8
        let first = try fit(rows, features: .init(count: 4), settings)
        settings.rounds = 12
        let both = try fit(rows, features: .init(count: 4), settings, start: first)
        #expect(both == whole)
        #expect(throws: TrainingError.self) {
            _ = try fit(
                rows, features: .init(count: 4), settings, loss: .softmax(classCount: 3), start: first)
        }
    }

    @Test(arguments: [
        BoostingSettings.Sampling.bagging(fraction: 0.5), .goss(top: 0.2, other: 0.1),
    ])
    func samples_learnTheSame_andDependOnTheSeed(sampling: BoostingSettings.Sampling) throws {
        let rows = wave(rows: 1_000, seed: 5)
        var settings = BoostingSettings()
        settings.rounds = 60
        settings.sampling = sampling
        let a = try fit(rows, features: .init(count: 4), settings)
        #expect(error(a, rows) < 0.1)
        #expect(a == (try fit(rows, features: .init(count: 4), settings)))
        settings.seed = 1
        #expect(a != (try fit(rows, features: .init(count: 4), settings)))
    }

    @Test func columnsAreDrawn_forTreesLevelsAndNodes() throws {
        let rows = wave(rows: 500, seed: 6)
        var settings = BoostingSettings()
        settings.rounds = 30
        settings.columnsByTree = 0.5
        let byTree = try fit(rows, features: .init(count: 4), settings)
        for tree in 0..<byTree.treeCount {
            let used = Set(byTree.nodes(ofTree: tree).map { byTree.features[$0] }).subtracting([-1])
            #expect(used.count <= 2)
        }
        #expect(Set(byTree.features).count > 3)
        settings.columnsByTree = 1
        settings.columnsByNode = 0.25
        #expect(error(try fit(rows, features: .init(count: 4), settings), rows) < 1)
    }

    @Test func dart_leavesTreesOut_andStillLearns() throws {
        let rows = wave(rows: 500, seed: 7)
        var settings = BoostingSettings()
        settings.rounds = 60
        settings.dart = BoostingSettings.Dart()
        var losses: [Double] = []
        let result = try BoostingTrainer(settings, threadCount: 1).fit(
            rows, features: .init(count: 4), loss: .squaredError, validation: rows
        ) { _, loss, _ in losses.append(loss ?? .nan) }
        #expect(result.ensemble.treeCount == 60)
        // The margins that were kept up through all that was taken out and put back are those of the model.
        let own = error(result.ensemble, rows).squareRoot()
        #expect(abs(own - (losses.last ?? 0)) < 1e-4)
        #expect(abs(own - (result.validationLoss ?? 0)) < 1e-4)
        #expect(own < 0.3)
        settings.dart = nil
        #expect(result.ensemble != (try fit(rows, features: .init(count: 4), settings)))
    }

    @Test func leavesHaveTheirRows_alsoWhereHessiansAreNoCounts() throws {
        let columns = noise(rows: 400, features: 2, seed: 9)
        let targets = (0..<400).map { columns[$0] + columns[400 + $0] > 0.2 ? 1.0 : 0 }
        var settings = BoostingSettings()
        settings.rounds = 5
        settings.leafRowsMin = 30
        settings.childWeightMin = 0
        let ensemble = try fit(
            BoostingTrainer.Rows(columns: columns, targets: targets), features: .init(count: 2), settings,
            loss: .logistic)
        for root in ensemble.roots {
            var counts: [Int: Int] = [:]
            for row in 0..<400 {
                var node = Int(root)
                while ensemble.features[node] >= 0 {
                    let value = columns[Int(ensemble.features[node]) * 400 + row]
                    node = Int(
                        Double(value) < ensemble.values[node] ? ensemble.lefts[node] : ensemble.rights[node])
                }
                counts[node, default: 0] += 1
            }
            #expect(counts.values.allSatisfy { $0 >= 30 })
            #expect(counts.count > 2)
        }
    }

    @Test func depthWise_growsLevelByLevel() throws {
        let rows = wave(rows: 500, seed: 10)
        var settings = BoostingSettings()
        settings.rounds = 1
        settings.leavesMax = 8
        settings.depthMax = 10
        settings.growth = .depthWise
        let ensemble = try fit(rows, features: .init(count: 4), settings)
        func depth(_ node: Int) -> Int {
            ensemble.features[node] < 0
                ? 0 : 1 + max(depth(Int(ensemble.lefts[node])), depth(Int(ensemble.rights[node])))
        }
        #expect(depth(0) == 3)
    }
}
