// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Preprocess
import Tabular
import Testing

struct PreprocessingPlanTests {
    private func run(
        _ stages: [PreprocessingStage], _ rows: [[Double]], from input: NumberType = .float64,
        to output: NumberType = .float64
    ) throws -> [[Double]] {
        let width = rows[0].count
        let plan = try PreprocessingPlan(stages, inputWidth: width)
        var block = RowBlock()
        block.reset(columnCount: width, numberType: input)
        block.appendRows(rows.count)
        for (row, values) in rows.enumerated() {
            for (column, value) in values.enumerated() { block.set(value, row: row, column: column) }
        }
        var result = RowBlock()
        var scratch = PreprocessingScratch()
        plan.run(block, into: &result, as: output, scratch: &scratch)
        #expect(result.numberType == output)
        return (0..<result.rowCount).map { row in
            (0..<result.columnCount).map { result.value(row: row, column: $0) }
        }
    }

    @Test func stages_runInOrder() throws {
        let rows = try run(
            [
                .impute(values: [5, .nan, 0]),
                .encode([.pass, .oneHot(categoryCount: 3), .ordinal]),
                .scale(offsets: [1, 0, 0, 0, 0], divisors: [2, 1, 1, 1, 4]),
            ],
            [[.nan, 1, 2], [3, 2, .nan], [1, .nan, 4], [1, -1, -1], [1, 3, 1], [1, 0.5, 1]])
        #expect(rows[0] == [2, 0, 1, 0, 0.5])
        #expect(rows[1] == [1, 0, 0, 1, 0])
        #expect(rows[2] == [0, 0, 0, 0, 1])
        // Unseen: all zeros, and missing.
        #expect(rows[3][..<4] == [0, 0, 0, 0])
        #expect(rows[3][4].isNaN)
        // No index of a category: all zeros.
        #expect(rows[4][..<4] == [0, 0, 0, 0])
        #expect(rows[5][..<4] == [0, 0, 0, 0])
    }

    @Test func noStages_passRowsOn() throws {
        #expect(try run([], [[1, 2], [3, 4]]) == [[1, 2], [3, 4]])
        #expect(try PreprocessingPlan([], inputWidth: 2).isEmpty)
    }

    @Test func float32_isWidenedFirstAndRoundedLast() throws {
        let rows = try run(
            [.scale(offsets: [0], divisors: [3])], [[0.1]], from: .float32, to: .float32)
        #expect(rows[0][0] == Double(Float(Double(Float(0.1)) / 3)))
    }

    @Test func divisionIsNotMultiplicationByTheReciprocal() throws {
        // 5 / 49 differs from 5 * (1 / 49) in the last bit.
        #expect(try run([.scale(offsets: [0], divisors: [49])], [[5]]) == [[5.0 / 49.0]])
    }

    @Test func plansThatDoNotFit_areRefused() {
        #expect(throws: PreprocessingError.widthMismatch(stage: 1, width: 3)) {
            try PreprocessingPlan(
                [.encode([.pass, .oneHot(categoryCount: 2)]), .impute(values: [0])], inputWidth: 2)
        }
        #expect(throws: PreprocessingError.tooWide(stage: 0, limit: PreprocessingPlan.columnLimit)) {
            try PreprocessingPlan([.encode([.oneHot(categoryCount: .max), .pass])], inputWidth: 2)
        }
        #expect(throws: PreprocessingError.tooWide(stage: 0, limit: PreprocessingPlan.columnLimit)) {
            try PreprocessingPlan([.encode([.oneHot(categoryCount: -1), .pass])], inputWidth: 2)
        }
    }
}
