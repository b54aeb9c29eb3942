// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

@testable import Training

@Suite struct ForestTrainerTests {
    private func data(rows: Int, seed: UInt64, classCount: Int) -> BoostingTrainer.Rows {
        var random = RandomSource(seed: seed)
        let columns = (0..<rows * 3).map { _ in Float(random.unit()) }
        let targets = (0..<rows).map { row -> Double in
            let sum = Double(columns[row] + columns[rows + row]) / 2
            return classCount == 0 ? sum : (sum * Double(classCount)).rounded(.down)
        }
        return BoostingTrainer.Rows(columns: columns, targets: targets)
    }

    @Test(arguments: [ForestSettings(), .extraTrees], [0, 2, 4])
    func aForest_learns_onAnyNumberOfThreads(settings: ForestSettings, classCount: Int) throws {
        let rows = data(rows: 400, seed: 1, classCount: classCount)
        var settings = settings
        settings.treeCount = 30
        let one = try ForestTrainer(settings, threadCount: 1)
            .fit(rows, features: .init(count: 3), classCount: classCount)
        let two = try ForestTrainer(settings, threadCount: 2)
            .fit(rows, features: .init(count: 3), classCount: classCount)
        #expect(one == two)
        #expect(one.treeCount == 30 && one.outputCount == (classCount == 4 ? 4 : 1))
        let test = data(rows: 200, seed: 2, classCount: classCount)
        var right = 0
        for row in 0..<200 {
            let found = predict(one, test, row)
            switch classCount {
            case 0: right += abs(found[0] - test.targets[row]) < 0.1 ? 1 : 0
            case 2: right += (found[0] > 0.5) == (test.targets[row] == 1) ? 1 : 0
            default:
                #expect(abs(found.reduce(0, +) - 1) < 1e-9)
                let best = found.indices.max { found[$0] < found[$1] }
                right += best == Int(test.targets[row]) ? 1 : 0
            }
        }
        #expect(right > 170, "\(right) of 200")
    }

    private func predict(_ ensemble: TreeEnsemble, _ rows: BoostingTrainer.Rows, _ row: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: ensemble.outputCount)
        var leafNumber = [Int](repeating: 0, count: ensemble.nodeCount)
        var leaves = 0
        for node in 0..<ensemble.nodeCount where ensemble.features[node] < 0 {
            leafNumber[node] = leaves
            leaves += 1
        }
        for root in ensemble.roots {
            var node = Int(root)
            while ensemble.features[node] >= 0 {
                let value = rows.columns[Int(ensemble.features[node]) * rows.count + row]
                let goesLeft =
                    value.isNaN ? ensemble.defaultsLeft[node] : Double(value) < ensemble.values[node]
                node = Int(goesLeft ? ensemble.lefts[node] : ensemble.rights[node])
            }
            for output in sums.indices {
                sums[output] +=
                    sums.count == 1
                    ? ensemble.values[node] : ensemble.leafVectors[leafNumber[node] * sums.count + output]
            }
        }
        return sums.map { $0 / Double(ensemble.treeCount) }
    }

    @Test func oneTreeOnAllRows_givesTheTargetsBack() throws {
        var settings = ForestSettings()
        settings.treeCount = 1
        settings.drawsRows = false
        var rows = data(rows: 120, seed: 3, classCount: 0)
        for row in stride(from: 0, to: 120, by: 7) { rows.columns[row] = .nan }
        let ensemble = try ForestTrainer(settings).fit(rows, features: .init(count: 3), classCount: 0)
        for row in 0..<120 { #expect(abs(predict(ensemble, rows, row)[0] - rows.targets[row]) < 1e-12) }
    }

    @Test func leavesKeepTheirRows_andTreesTheirDepth() throws {
        var settings = ForestSettings()
        settings.treeCount = 3
        settings.leafRowsMin = 10
        settings.drawsRows = false
        settings.depthMax = 4
        let rows = data(rows: 200, seed: 4, classCount: 0)
        let ensemble = try ForestTrainer(settings).fit(rows, features: .init(count: 3), classCount: 0)
        for node in 0..<ensemble.nodeCount { #expect(ensemble.covers[node] >= 10) }
        for tree in 0..<3 { #expect(ensemble.nodes(ofTree: tree).count <= 31) }
    }

    @Test func categories_areSplitBySets() throws {
        let columns = (0..<200).map { Float($0 % 10) }
        let rows = BoostingTrainer.Rows(columns: columns, targets: (0..<200).map { Double($0 % 2) })
        var features = BoostingTrainer.Features(count: 1)
        features.categoryCounts = [10]
        var settings = ForestSettings()
        settings.treeCount = 1
        settings.drawsRows = false
        let ensemble = try ForestTrainer(settings).fit(rows, features: features, classCount: 2)
        #expect(ensemble.nodeCount == 3)
        let words = try #require(ensemble.categories).words
        #expect(words == [0b01_0101_0101] || words == [0b10_1010_1010])
    }

    @Test(arguments: ["--trees", "--forest-depth", "--forest-leaf-rows", "--forest-columns", "--max-bins"])
    func settingsOutOfRange_areRefusedByName(name: String) {
        var settings = ForestSettings()
        switch name {
        case "--trees": settings.treeCount = 0
        case "--forest-depth": settings.depthMax = -1
        case "--forest-leaf-rows": settings.leafRowsMin = 0
        case "--forest-columns": settings.columnsByNode = 0
        default: settings.binsMax = 1
        }
        let error = #expect(throws: TrainingError.self) { try settings.validate() }
        #expect(error?.description.hasPrefix(name) == true)
    }
}
