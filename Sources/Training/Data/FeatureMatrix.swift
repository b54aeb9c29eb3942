// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Preprocess
import Tabular

/// The rows of a table as an estimator reads them: after the stages, by the code that also runs in the
/// daemon.
enum FeatureMatrix {
    /// Rows are prepared so many at a time: what is in flight stays in the cache.
    private static let blockRows = 1_024

    /// Row-major Float64, for linear models.
    static func rowMajor(_ table: Table, _ rows: [Int], _ schema: FeatureSchema, _ plan: PreprocessingPlan)
        -> [Double]
    {
        var matrix = [Double](repeating: 0, count: rows.count * plan.outputWidth)
        forEachBlock(table, rows, schema, plan, as: .float64) { block, firstRow in
            let cells = block.float64
            var target = matrix.mutableSpan
            let start = firstRow * plan.outputWidth
            for index in cells.indices { target[start + index] = cells[index] }
        }
        return matrix
    }

    /// Column-major Float32, for trees.
    static func columnMajor(_ table: Table, _ rows: [Int], _ schema: FeatureSchema, _ plan: PreprocessingPlan)
        -> [Float]
    {
        let width = plan.outputWidth
        var matrix = [Float](repeating: 0, count: rows.count * width)
        forEachBlock(table, rows, schema, plan, as: .float32) { block, firstRow in
            let cells = block.float32
            var target = matrix.mutableSpan
            for column in 0..<width {
                let start = column * rows.count + firstRow
                for row in 0..<block.rowCount { target[start + row] = cells[row * width + column] }
            }
        }
        return matrix
    }

    private static func forEachBlock(
        _ table: Table, _ rows: [Int], _ schema: FeatureSchema, _ plan: PreprocessingPlan,
        as type: NumberType,
        _ body: (borrowing RowBlock, Int) -> Void
    ) {
        var raw = RowBlock()
        var prepared = RowBlock()
        var scratch = PreprocessingScratch()
        var first = 0
        while first < rows.count {
            let end = min(first + blockRows, rows.count)
            table.fill(&raw, rows: rows[first..<end], schema: schema, as: type)
            plan.run(raw, into: &prepared, as: type, scratch: &scratch)
            body(prepared, first)
            first = end
        }
    }
}
