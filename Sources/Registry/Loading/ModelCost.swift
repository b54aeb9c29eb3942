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
    private static let rounds = 5...31
    /// Measuring goes on until it has taken so long, within `rounds`: enough for a few rounds of a block after
    /// those that bring its memory in, or it would seem to take longer than its rows one by one.
    private static let enoughNanoseconds: UInt64 = 2_000_000
    /// A model that takes so long for a row is not asked for a block of them.
    private static let slowNanoseconds: UInt64 = 2_000_000

    /// Runs the model on a row and on a block of rows, which also brings its memory into the caches; the
    /// median of a few rounds counts, since others may be using the processor.
    static func measure(_ model: CompiledModel) -> ModelCost {
        let isGraph = model.tensorInputs != nil
        guard let one = isGraph ? typicalGraph(model, rows: 1) : typical(model, rows: 1) else {
            return unknown
        }
        guard one < slowNanoseconds else { return ModelCost(nanosecondsForOne: one, nanosecondsPerRow: one) }
        let block = isGraph ? typicalGraph(model, rows: blockRows) : typical(model, rows: blockRows)
        // A graph may take single rows only.
        guard let block else { return ModelCost(nanosecondsForOne: one, nanosecondsPerRow: one) }
        return ModelCost(nanosecondsForOne: one, nanosecondsPerRow: block / UInt64(blockRows))
    }

    /// What a graph is taken for whose inputs cannot be made up: one that may hold up the others, which
    /// workers therefore answer.
    static let unknown = ModelCost(nanosecondsForOne: 200_000, nanosecondsPerRow: 20_000)

    /// Nil where no input can be made up, or the graph does not take what was.
    private static func typicalGraph(_ model: CompiledModel, rows: Int) -> UInt64? {
        guard let tensors = model.sampleTensors(rows: rows) else { return nil }
        var predictions = Predictions()
        var scratch = InferenceScratch()
        guard (try? model.predict(tensors, into: &predictions, scratch: &scratch)) != nil else { return nil }
        return median { try? model.predict(tensors, into: &predictions, scratch: &scratch) }
    }

    private static func typical(_ model: CompiledModel, rows count: Int) -> UInt64 {
        var rows = RowBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        rows.reset(columnCount: model.schema.count, numberType: model.inputType)
        rows.appendRows(count)
        var seed = 0
        // Different values each time, so that no row finds its way in the caches already, as none does that a
        // client sends.
        func vary() {
            for row in 0..<count {
                seed &+= 1
                for column in 0..<rows.columnCount {
                    rows.set(
                        Double((seed &* 7 &+ column &* (3 &+ seed % 5)) % 17) - 8, row: row, column: column)
                }
            }
        }
        return median(before: vary) { model.predict(rows, into: &predictions, scratch: &scratch) }
    }

    private static func median(before prepare: () -> Void = {}, _ run: () -> Void) -> UInt64 {
        var taken: [UInt64] = []
        var total: UInt64 = 0
        while taken.count < rounds.upperBound, total < enoughNanoseconds || taken.count < rounds.lowerBound {
            prepare()
            let start = MonotonicInstant.now
            run()
            let elapsed = MonotonicInstant.now.nanoseconds(since: start)
            taken.append(elapsed)
            total += elapsed
        }
        taken.sort()
        return taken[taken.count / 2]
    }
}
