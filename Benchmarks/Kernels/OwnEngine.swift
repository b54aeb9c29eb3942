// SPDX-License-Identifier: Apache-2.0
import Base
import Dispatch
import Inference
import ModelFormat
import Tabular

/// This library, with rows already in its blocks, as a server's parser leaves them.
final class OwnEngine: Engine {
    let name = "modeld"
    private let model: CompiledModel
    private let singles: [Rows]
    private let all: Rows
    private let explained: Rows
    private let workers: [Worker]

    /// Rows as the kernel reads them.
    ///
    /// Safe because nothing writes them once they are there.
    private final class Rows: @unchecked Sendable {
        let block: RowBlock

        init(_ numbers: ArraySlice<Float>, columns: Int, type: NumberType) {
            var block = RowBlock()
            block.reset(columnCount: columns, numberType: type)
            block.appendRows(numbers.count / columns)
            for (index, number) in numbers.enumerated() {
                block.set(Double(number), row: index / columns, column: index % columns)
            }
            self.block = block
        }
    }

    /// What a thread answers with.
    ///
    /// Safe because one thread at a time uses each.
    private final class Worker: @unchecked Sendable {
        var predictions = Predictions()
        var scratch = InferenceScratch()
    }

    /// `threads` share the rows of a block among them.
    init(_ path: String, _ numbers: [Float], columns: Int, singleCount: Int, threads: Int) throws {
        let file = try File.read(path, limit: 1 << 30)
        let model = try CompiledModel(try ModelFile.load(file.span, fileName: path))
        self.model = model
        all = Rows(numbers[...], columns: columns, type: model.inputType)
        singles = (0..<singleCount).map {
            Rows(numbers[$0 * columns..<($0 + 1) * columns], columns: columns, type: model.inputType)
        }
        explained = Rows(
            numbers[..<(explainedRowCount * columns)], columns: columns, type: model.inputType)
        workers = (0..<threads).map { _ in Worker() }
    }

    func predictOne(_ row: Int) {
        let worker = workers[0]
        model.predict(singles[row].block, into: &worker.predictions, scratch: &worker.scratch)
    }

    func predict(_ count: Int) {
        let (model, all, workers) = (model, all, workers)
        DispatchQueue.concurrentPerform(iterations: workers.count) { index in
            let worker = workers[index]
            let range = count * index / workers.count..<count * (index + 1) / workers.count
            model.predict(all.block, range: range, into: &worker.predictions, scratch: &worker.scratch)
        }
    }

    func explain() -> Bool {
        guard model.outputs.contains(where: { $0.kind == .contributions }) else { return false }
        let worker = workers[0]
        model.explain(explained.block, into: &worker.predictions, scratch: &worker.scratch)
        return true
    }

    var threads: Int { workers.count }

    var predictions: [Double] {
        workers.flatMap { worker in
            (0..<worker.predictions.rowCount).map { worker.predictions.values.value(row: $0, column: 0) }
        }
    }
}
