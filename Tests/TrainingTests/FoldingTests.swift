// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tabular
import Testing

@testable import Training

/// Rows are held out within the training rows by the rule by which test rows are.
@Suite struct FoldingTests {
    private static let rowCount = 600

    /// Groups of 1 to 12 rows, days out of order, a target whose classes are 1 to 3, and a column that
    /// tells the group apart: whoever has seen a group's rows knows the target of the others.
    private static func table() -> Table {
        var random = RandomSource(seed: 3)
        var (groups, days, features, classes) = ([Double](), [Double](), [Double](), [Double]())
        while groups.count < rowCount {
            let (size, group) = (1 + random.index(below: 12), Double(groups.last ?? -1) + 1)
            let answer = Double(random.index(below: 4) == 0 ? 1 : 0)
            for _ in 0..<min(size, rowCount - groups.count) {
                groups.append(group)
                days.append(Double(random.index(below: 300)))
                features.append(group)
                classes.append(answer)
            }
        }
        return Table(
            names: ["group", "day", "x", "y"],
            columns: [.numeric(groups), .date(days), .numeric(features), .numeric(classes)])
    }

    private static func folding(_ rule: Split.Rule) throws -> (Folding, Table, Target, Split) {
        let table = table()
        let target = try Target("y", in: table, task: .classification)
        return (
            try Folding(rule, table: table), table, target, try Split(rule, table: table, target: target)
        )
    }

    private static let groups = Split.Rule.groups("group", testFraction: 0.2, validationFraction: 0, seed: 1)
    private static let time = Split.Rule.time("day", testFraction: 0.2, validationFraction: 0)

    @Test func groups_areWhole_andEachRowIsTestedOnce_withTheClassesInProportion() throws {
        let (folding, table, target, split) = try Self.folding(Self.groups)
        let folds = try folding.folds(split.train, count: 5, target: target, seed: 4)
        #expect(folds.count == 5)
        #expect(folds.flatMap(\.test).sorted() == split.train)
        guard case .numeric(let keys) = table["group"] else { return }
        let part = split.train.reduce(0) { $0 + target.values[$1] } / Double(split.train.count)
        for fold in folds {
            #expect(Set(fold.train.map { keys[$0] }).isDisjoint(with: fold.test.map { keys[$0] }))
            #expect((fold.train + fold.test).sorted() == split.train)
            #expect(fold.train == fold.train.sorted() && fold.test == fold.test.sorted())
            #expect(abs(fold.test.count - split.train.count / 5) <= 6, "\(fold.test.count)")
            let own = fold.test.reduce(0) { $0 + target.values[$1] } / Double(fold.test.count)
            #expect(abs(own - part) < 0.06, "\(own), \(part)")
        }
        #expect(try folding.folds(split.train, count: 5, target: target, seed: 4) == folds)
        #expect(try folding.folds(split.train, count: 5, target: target, seed: 5) != folds)
    }

    @Test func fewGroups_areFewFolds_andOneIsRefused() throws {
        let (folding, table, target, _) = try Self.folding(Self.groups)
        guard case .numeric(let keys) = table["group"] else { return }
        let three = keys.indices.filter { keys[$0] < 3 }
        #expect(try folding.folds(three, count: 5, target: target, seed: 1).count == 3)
        let one = keys.indices.filter { keys[$0] < 1 }
        let error = #expect(throws: TrainingError.self) {
            try folding.folds(one, count: 5, target: target, seed: 1)
        }
        #expect(error?.description.contains("one group") == true)
    }

    @Test func time_goesOnFromFoldToFold_asInScikitLearn() throws {
        let (folding, table, target, split) = try Self.folding(Self.time)
        let folds = try folding.folds(split.train, count: 4, target: target, seed: 1)
        guard case .date(let days) = table["day"] else { return }
        #expect(folds.count == 4)
        for fold in folds {
            let (latest, earliest) = (fold.train.map { days[$0] }.max(), fold.test.map { days[$0] }.min())
            #expect(try #require(latest) <= #require(earliest))
        }
        for (fold, next) in zip(folds, folds.dropFirst()) {
            #expect(next.train == (fold.train + fold.test).sorted())
        }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: Baselines.path("weights.json")))
        let all = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        let expected = try #require(all["time_folds_4_of_23"] as? [[Int]])
        let few = try folding.folds(Array(split.train.prefix(23)), count: 4, target: target, seed: 1)
        #expect(few.map { [$0.train.count, $0.test.count] } == expected)
        let last = try folding.holdOut(split.train, parts: 5, target: target, seed: 1)
        #expect(last == folds.last)
        #expect(throws: TrainingError.self) {
            try folding.folds([3], count: 4, target: target, seed: 1)
        }
    }

    /// A table in which the group is known from the row: by chance each row's fellows give it away.
    @Test func crossValidationAndTuning_doNotSeeAGroupTwice() throws {
        let (folding, table, target, split) = try Self.folding(Self.groups)
        var trainer = try ModelTrainer(table, target: target, split: split, excluding: ["group", "day"])
        func accuracy() throws -> Double {
            let folds = try trainer.crossValidate(.randomForest, folds: 4)
            return try #require(folds.summary.first { $0.name == "accuracy" }).mean
        }
        let byChance = try accuracy()
        trainer.folding = folding
        let byGroups = try accuracy()
        #expect(byChance > 0.9 && byGroups < 0.85, "\(byChance), \(byGroups)")
        let tuner = Tuner(trainer, Tuner.Settings(SearchSpace([.gbdt]))) { $0.algorithm.learner() }
        guard case .numeric(let keys) = table["group"] else { return }
        for fold in try tuner.splits(rowPart: 1) + tuner.splits(rowPart: 1.0 / 3) {
            #expect(Set(fold.train.map { keys[$0] }).isDisjoint(with: fold.test.map { keys[$0] }))
        }
    }

    /// A target that drifts: rows by chance say nothing of how far off tomorrow is.
    @Test func anInterval_isAsWideAsTheLatestRowsAskFor() throws {
        var random = RandomSource(seed: 12)
        let days = (0..<1_000).map { Double($0) }
        let values = days.map { ($0 / 100) * ($0 / 100) + random.unit() }
        let table = Table(
            names: ["day", "x", "y"],
            columns: [
                .date(days), .numeric(days.map { _ in random.unit() }), .numeric(values),
            ])
        let target = try Target("y", in: table, task: .regression)
        let split = try Split(Self.time, table: table, target: target)
        var trainer = try ModelTrainer(table, target: target, split: split, excluding: ["day"])
        trainer.interval = IntervalSettings(level: 0.9)
        func radius() throws -> Double {
            try #require(
                try trainer.train(.linear).settings.first { $0.name == "interval_radius" }.flatMap {
                    Double($0.value)
                })
        }
        let byChance = try radius()
        trainer.folding = try Folding(Self.time, table: table)
        #expect(try radius() > 1.2 * byChance)
    }
}
