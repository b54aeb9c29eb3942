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

    /// What the kernel is expected to take for a request of so many rows, in nanoseconds.
    package func nanoseconds(rows: Int) -> UInt64 {
        rows <= 1 ? nanosecondsForOne : nanosecondsForOne + UInt64(rows - 1) * nanosecondsPerRow
    }

    private static let blockRows = 64
    private static let rounds = 5...31
    /// Measuring goes on until it has taken so long, within `rounds`.
    private static let enoughNanoseconds: UInt64 = 4_000_000
    /// A model that takes so long for a row is not asked for a block of them.
    private static let slowNanoseconds: UInt64 = 2_000_000

    /// Runs the model on a row and on a block of rows in turn, which also brings its memory into the caches
    /// and lets both suffer alike from whoever else uses the processor.
    static func measure(_ model: CompiledModel) -> ModelCost {
        guard let one = Trial(model, rows: 1) else { return unknown }
        one.run()
        // A graph may take single rows only.
        let block = one.typical < slowNanoseconds ? Trial(model, rows: blockRows) : nil
        var round = 0
        var total: UInt64 = 0
        while round < rounds.upperBound, total < enoughNanoseconds || round < rounds.lowerBound {
            total += one.run()
            if let block { total += block.run() }
            round += 1
        }
        let perRow = block.map { $0.typical / UInt64(blockRows) } ?? one.typical
        return ModelCost(nanosecondsForOne: one.typical, nanosecondsPerRow: perRow)
    }

    /// What a graph is taken for whose inputs cannot be made up: one that may hold up the others, which
    /// workers therefore answer.
    static let unknown = ModelCost(nanosecondsForOne: 200_000, nanosecondsPerRow: 20_000)

    /// Runs of a model on made-up input of one size.
    private final class Trial {
        private let model: CompiledModel
        private let tensors: [Tensor]?
        private var rows = RowBlock()
        private var predictions = Predictions()
        private var scratch = InferenceScratch()
        private var seed = 0
        private var nanoseconds: [UInt64] = []

        /// Nil where no input can be made up, or the graph does not take what was.
        init?(_ model: CompiledModel, rows count: Int) {
            self.model = model
            if model.tensorInputs != nil {
                guard let sample = model.sampleTensors(rows: count) else { return nil }
                tensors = sample
                guard (try? model.predict(sample, into: &predictions, scratch: &scratch)) != nil else {
                    return nil
                }
            } else {
                tensors = nil
                rows.reset(columnCount: model.schema.count, numberType: model.inputType)
                rows.appendRows(count)
            }
        }

        /// What it takes when little else uses the processor: the lower quartile.
        var typical: UInt64 { nanoseconds.sorted()[nanoseconds.count / 4] }

        @discardableResult
        func run() -> UInt64 {
            if tensors == nil { vary() }
            let start = MonotonicInstant.now
            if let tensors {
                try? model.predict(tensors, into: &predictions, scratch: &scratch)
            } else {
                model.predict(rows, into: &predictions, scratch: &scratch)
            }
            let elapsed = MonotonicInstant.now.nanoseconds(since: start)
            nanoseconds.append(elapsed)
            return elapsed
        }

        /// Different values each time, so that no row finds its way in the caches already, as none does that
        /// a client sends.
        private func vary() {
            for row in 0..<rows.rowCount {
                seed &+= 1
                for column in 0..<rows.columnCount {
                    let value = (seed &* 7 &+ column &* (3 &+ seed % 5)) % 17
                    rows.set(Double(value) - 8, row: row, column: column)
                }
            }
        }
    }
}
