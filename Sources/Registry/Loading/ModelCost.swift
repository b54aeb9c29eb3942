// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Inference
internal import Tabular

/// What a model's kernel takes, measured while it was warmed up.
package struct ModelCost: Sendable, Equatable {
    /// For a single row.
    package var nanosecondsForOne: UInt64
    /// For each further row of a request.
    package var nanosecondsPerRow: UInt64

    package init(nanosecondsForOne: UInt64, nanosecondsPerRow: UInt64) {
        self.nanosecondsForOne = nanosecondsForOne
        self.nanosecondsPerRow = nanosecondsPerRow
    }

    package func nanoseconds(rows: Int) -> UInt64 {
        rows <= 1 ? nanosecondsForOne : nanosecondsForOne + UInt64(rows - 1) * nanosecondsPerRow
    }

    private static let blockRows = 64
    private static let rounds = 3...30
    /// Measuring goes on until it has taken so long, within `rounds`.
    private static let enoughNanoseconds: UInt64 = 100_000
    /// A model that takes so long for a row is not asked for a block of them.
    private static let slowNanoseconds: UInt64 = 2_000_000

    /// Runs the model on a row and on a block of rows, which also brings its memory into the caches; the
    /// fastest of a few rounds counts, since others may be using the processor.
    static func measure(_ model: CompiledModel) -> ModelCost {
        let one = fastest(model, rows: 1)
        guard one < slowNanoseconds else { return ModelCost(nanosecondsForOne: one, nanosecondsPerRow: one) }
        let block = fastest(model, rows: blockRows)
        return ModelCost(nanosecondsForOne: one, nanosecondsPerRow: block / UInt64(blockRows))
    }

    private static func fastest(_ model: CompiledModel, rows count: Int) -> UInt64 {
        var rows = RowBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        rows.reset(columnCount: model.schema.count, numberType: model.inputType)
        rows.appendRows(count)
        // Different values, so that the rows do not all take the same way.
        for row in 0..<count {
            for column in 0..<rows.columnCount {
                rows.set(Double((row &* 7 &+ column &* 3) % 17) - 8, row: row, column: column)
            }
        }
        var best = UInt64.max
        var total: UInt64 = 0
        for round in 1...rounds.upperBound where total < enoughNanoseconds || round <= rounds.lowerBound {
            let start = MonotonicInstant.now
            model.predict(rows, into: &predictions, scratch: &scratch)
            let elapsed = MonotonicInstant.now.nanoseconds(since: start)
            best = min(best, elapsed)
            total += elapsed
        }
        return best
    }
}
