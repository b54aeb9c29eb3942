// SPDX-License-Identifier: Apache-2.0
internal import Base
import Inference
import ModelFormat
import Tabular

/// Answers rows of a table with the kernels that also serve, so that what is measured is what will be
/// answered.
package struct Evaluator {
    let model: CompiledModel
    private let table: Table
    private static let blockRows = 512
    private static let timedRows = 100

    package init(_ graph: ModelGraph, _ table: Table) throws(InferenceError) {
        model = try CompiledModel(graph)
        self.table = table
    }

    /// The predictions of each row, as the model's output `predictions` has them.
    package var outputType: NumberType { model.outputs[0].datatype == .float32 ? .float32 : .float64 }

    /// Hands `body` each of `rows` with its predictions and the index of its class (nil for regression).
    package func forEachRow(
        _ rows: [Int], _ body: (_ row: Int, _ predictions: [Double], _ label: Int?) -> Void
    ) {
        forEachBlock(rows) { block, predictions in
            for (place, row) in block.enumerated() {
                let values = (0..<predictions.width).map {
                    predictions.values.value(row: place, column: $0)
                }
                body(row, values, predictions.classCount > 0 ? predictions.labelIndex(row: place) : nil)
            }
        }
    }

    /// The margins of `rows`, row-major.
    func margins(_ rows: [Int]) -> [Double] {
        var margins: [Double] = []
        forEachBlock(rows) { block, predictions in
            for place in 0..<block.count {
                for column in 0..<predictions.margins.columnCount {
                    margins.append(predictions.margins.value(row: place, column: column))
                }
            }
        }
        return margins
    }

    /// Hands `body` some of `rows` at a time, with what the model answers to them.
    private func forEachBlock(
        _ rows: [Int], _ body: (_ block: ArraySlice<Int>, _ predictions: borrowing Predictions) -> Void
    ) {
        var block = RowBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        var first = 0
        while first < rows.count {
            let end = min(first + Evaluator.blockRows, rows.count)
            table.fill(&block, rows: rows[first..<end], schema: model.schema, as: model.inputType)
            model.predict(block, into: &predictions, scratch: &scratch)
            body(rows[first..<end], predictions)
            first = end
        }
    }

    /// What the model says of `rows`, with what is true of them.
    package func answers(_ rows: [Int], _ target: Target) -> Answers {
        var values: [Double] = []
        forEachRow(rows) { _, row, _ in Answers.append(row, of: target, to: &values) }
        return Answers(
            values: values, truth: rows.map { target.values[$0] }, task: target.task,
            classCount: target.classCount,
            smallest: outputType == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne,
            weights: target.weights.map { weights in rows.map { weights[$0] } })
    }

    /// What the model takes for one row, in microseconds: the median over some of `rows`, each asked alone.
    func rowMicroseconds(_ rows: [Int]) -> Double {
        var block = RowBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        var times: [UInt64] = []
        let step = max(1, rows.count / Evaluator.timedRows)
        // Twice over the same rows; what is cold in the first round is not in the second.
        for round in 0..<2 {
            for place in stride(from: 0, to: rows.count, by: step).prefix(Evaluator.timedRows) {
                table.fill(&block, rows: rows[place..<place + 1], schema: model.schema, as: model.inputType)
                let begun = MonotonicInstant.now
                model.predict(block, into: &predictions, scratch: &scratch)
                if round == 1 { times.append(MonotonicInstant.now.nanoseconds(since: begun)) }
            }
        }
        times.sort()
        return times.isEmpty ? 0 : Double(times[times.count / 2]) / 1e3
    }

    /// Measures the model on `rows`; empty for no rows.
    package func metrics(_ rows: [Int], _ target: Target) -> [Metric] {
        rows.isEmpty ? [] : answers(rows, target).metrics()
    }

    /// Why the model cannot answer rows of `table`; nil when it can.
    package static func obstacle(_ graph: ModelGraph, _ table: Table) -> String? {
        for feature in graph.schema.features {
            switch (table[feature.name], feature.kind) {
            case (.numeric, .numeric), (.categorical, .categorical), (.date, .date), (.text, .text): continue
            case (nil, _): return "it wants the column \"\(feature.name)\", which the data lacks"
            case (.numeric, _):
                return "its column \"\(feature.name)\" is of categories, and of numbers in the data"
            case (.categorical, _):
                return "its column \"\(feature.name)\" is \(feature.kind.name), and of categories in the data"
            case (.date, _), (.text, _):
                return "its column \"\(feature.name)\" is \(feature.kind.name), which it is not in the data"
            }
        }
        return nil
    }
}
