// SPDX-License-Identifier: Apache-2.0
import Tabular
import Testing

@testable import Training

@Suite struct SplitTests {
    private static let rowCount = 1_000

    /// Keys with repeats, times out of order, and a target.
    private static func table() throws -> (Table, Target) {
        var builder = Column.CategoryBuilder()
        for row in 0..<rowCount { builder.append("k\(row * 7 % 130)") }
        let times = (0..<rowCount).map { Double($0 * 37 % 211) }
        let values = (0..<rowCount).map { Double($0 % 2) }
        let table = Table(
            names: ["key", "time", "y"], columns: [builder.build(), .date(times), .numeric(values)])
        return (table, try Target("y", in: table, task: nil))
    }

    private func expectWhole(_ split: Split) {
        let all = (split.train + split.validation + split.test).sorted()
        #expect(all == Array(0..<Self.rowCount))
        for part in [split.train, split.validation, split.test] { #expect(part == part.sorted()) }
    }

    @Test func groups_stayTogether_andAreDrawnBySeed() throws {
        let (table, target) = try Self.table()
        let rule = { Split.Rule.groups("key", testFraction: 0.2, validationFraction: 0.1, seed: $0) }
        let split = try Split(rule(7), table: table, target: target)
        expectWhole(split)
        guard case .categorical(let codes, _) = table["key"] else { return }
        let parts = [split.train, split.validation, split.test].map { Set($0.map { codes[$0] }) }
        #expect(parts[0].isDisjoint(with: parts[1]) && parts[0].isDisjoint(with: parts[2]))
        #expect(parts[1].isDisjoint(with: parts[2]))
        #expect(abs(split.test.count - 200) <= 8 && abs(split.validation.count - 100) <= 8)
        #expect(try Split(rule(7), table: table, target: target) == split)
        #expect(try Split(rule(8), table: table, target: target) != split)
    }

    @Test func time_goesOnFromPartToPart() throws {
        let (table, target) = try Self.table()
        let split = try Split(
            .time("time", testFraction: 0.25, validationFraction: 0.1), table: table, target: target)
        expectWhole(split)
        guard case .date(let times) = table["time"] else { return }
        #expect(split.test.count == 250 && split.validation.count == 100)
        let (train, validation, test) = (
            split.train.map { times[$0] }, split.validation.map { times[$0] }, split.test.map { times[$0] }
        )
        #expect(train.max() ?? 1 <= validation.min() ?? 0)
        #expect(validation.max() ?? 1 <= test.min() ?? 0)
    }

    @Test func columnsThatAreNot_orCannotBe_areRefused() throws {
        let (table, target) = try Self.table()
        #expect(throws: TrainingError.self) {
            try Split(.time("key", testFraction: 0.2, validationFraction: 0), table: table, target: target)
        }
        #expect(throws: TrainingError.self) {
            try Split(
                .groups("nothing", testFraction: 0.2, validationFraction: 0, seed: 1), table: table,
                target: target)
        }
        #expect(throws: TrainingError.self) {
            try Split(.time("time", testFraction: 0.7, validationFraction: 0.3), table: table, target: target)
        }
    }
}
