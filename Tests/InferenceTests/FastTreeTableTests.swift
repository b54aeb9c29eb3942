// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

@testable import Inference

/// Tree operators run as forests answer what their tables do, bit for bit.
struct FastTreeTableTests {
    private typealias Table = TreeTable<Float>

    /// Trees with every comparison that a forest can make; leaves vote for the outputs that `votes` says.
    private func table(
        trees: Int, features: Int, _ random: inout some RandomNumberGenerator,
        votes: (_ tree: Int) -> [Int32]
    ) -> Table {
        var table = Table()
        for tree in 0..<trees {
            let outputs = votes(tree)
            table.roots.append(grow(&table, depth: 4, features, outputs, &random))
        }
        return table
    }

    private func grow(
        _ table: inout Table, depth: Int, _ features: Int, _ outputs: [Int32],
        _ random: inout some RandomNumberGenerator
    ) -> Int32 {
        let place = Int32(table.nodes.count)
        if depth == 0 || (depth < 3 && Int.random(in: 0..<4, using: &random) == 0) {
            table.nodes.append(
                .init(
                    mode: .leaf, missingIsTrue: false, feature: 0, threshold: 0,
                    whenTrue: Int32(table.votes.count), whenFalse: Int32(outputs.count)))
            for output in outputs {
                table.votes.append(.init(output: output, weight: Float.random(in: -1...1, using: &random)))
            }
            return place
        }
        let modes: [Table.Mode] = [.lessOrEqual, .less, .greaterOrEqual, .greater]
        table.nodes.append(
            .init(
                mode: modes.randomElement(using: &random) ?? .less, missingIsTrue: .random(using: &random),
                feature: Int32.random(in: 0..<Int32(features), using: &random),
                threshold: Float(Int.random(in: -3...3, using: &random)) / 2, whenTrue: 0, whenFalse: 0))
        table.nodes[Int(place)].whenTrue = grow(&table, depth: depth - 1, features, outputs, &random)
        table.nodes[Int(place)].whenFalse = grow(&table, depth: depth - 1, features, outputs, &random)
        return place
    }

    private func scores(_ tables: TreeTables, _ x: Tensor) throws -> (scores: [Double], isVoted: [[Bool]]) {
        var scores: [Double] = []
        var isVoted: [[Bool]] = []
        try tables.forEachRow(of: x) { (row, voted) in
            scores += row
            isVoted.append(voted)
        }
        return (scores, isVoted)
    }

    @Test(
        arguments: [TreeAggregate.sum, .average, .minimum, .maximum],
        [
            (outputs: 1, votes: "one"), (outputs: 3, votes: "own"), (outputs: 3, votes: "all"),
            (outputs: 3, votes: "second"),
        ])
    func forestsAnswerAsTheirTables(
        aggregate: TreeAggregate, form: (outputs: Int, votes: String)
    ) throws {
        var random = SystemRandomNumberGenerator()
        for bases in [[], (0..<form.outputs).map { 0.1 + Double($0) }] {
            let table = table(trees: 21, features: 5, &random) { tree in
                switch form.votes {
                case "own": [Int32(tree % form.outputs)]
                case "all": (0..<Int32(form.outputs)).map { $0 }
                case "second": [1]
                default: [0]
                }
            }
            try table.check()
            func tables(_ isCompiled: Bool) -> TreeTables {
                TreeTables(
                    single: table, double: TreeTable<Double>(), outputs: form.outputs, aggregate: aggregate,
                    bases: bases, basesStandAlone: form.outputs == 1, isCompiled: isCompiled)
            }
            #expect(tables(true).forest != nil)
            // Columns that no node asks for lie behind the others.
            let width = 7
            for rows in [1, 3, 40] {
                let values = (0..<rows * width).map { _ -> Float in
                    let kind = Int.random(in: 0..<8, using: &random)
                    if kind == 0 { return .nan }
                    if kind == 1 { return .infinity }
                    return Float(Int.random(in: -4...4, using: &random)) / 2
                }
                let x = Tensor(shape: Shape(rows, width), elements: .float32(values))
                let (fast, slow) = (try scores(tables(true), x), try scores(tables(false), x))
                #expect(fast.scores.map(\.bitPattern) == slow.scores.map(\.bitPattern))
                #expect(fast.isVoted == slow.isVoted)
            }
        }
    }

    @Test func tablesThatForestsCannotBe_areWalked() {
        var random = SystemRandomNumberGenerator()
        func forest(_ change: (inout Table) -> Void, _ aggregate: TreeAggregate = .sum) -> FastTreeTable? {
            var table = table(trees: 2, features: 3, &random) { _ in [0] }
            change(&table)
            return FastTreeTable(
                table, outputs: 2, aggregate: aggregate, bases: [], basesStandAlone: false)
        }
        #expect(forest { _ in } != nil)
        for mode in [Table.Mode.equal, .notEqual] { #expect(forest { $0.nodes[0].mode = mode } == nil) }
        for threshold in [Float.nan, .infinity, -.infinity, -.greatestFiniteMagnitude] {
            #expect(forest { $0.nodes[0].threshold = threshold } == nil)
        }
        // One leaf that votes for another output than the rest.
        #expect(forest { $0.votes[0].output = 1 } == nil)
    }
}
