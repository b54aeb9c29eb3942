// SPDX-License-Identifier: Apache-2.0
import Base
import Inference
import ModelFormat
import Serving
import Tabular

/// This library, with rows already in its blocks, as a server's parser leaves them.
final class OwnEngine: Engine {
    let name = "modeld"
    private let model: CompiledModel
    private let singles: [Rows]
    private let all: Workspace
    private let explained: Rows
    private let splitter: RowSplitter
    private var answers = Predictions()
    private var scratch = InferenceScratch()
    /// The last answers are the workspace's.
    private var isSplit = false

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

    /// `threads` share the rows of a block among them, as a server's do.
    init(_ path: String, _ numbers: [Float], columns: Int, singleCount: Int, threads: Int) throws {
        let file = try File.read(path, limit: 1 << 30)
        let model = try CompiledModel(try ModelFile.load(file.span, fileName: path))
        self.model = model
        all = Workspace(rowLimit: .max)
        all.rows.reset(columnCount: columns, numberType: model.inputType)
        all.rows.appendRows(numbers.count / columns)
        for (index, number) in numbers.enumerated() {
            all.rows.set(Double(number), row: index / columns, column: index % columns)
        }
        singles = (0..<singleCount).map {
            Rows(numbers[$0 * columns..<($0 + 1) * columns], columns: columns, type: model.inputType)
        }
        explained = Rows(
            numbers[..<(explainedRowCount * columns)], columns: columns, type: model.inputType)
        splitter = RowSplitter(threads: threads)
    }

    func predictOne(_ row: Int) {
        model.predict(singles[row].block, into: &answers, scratch: &scratch)
    }

    func predict(_ count: Int) {
        isSplit = splitter.threads > 1 && count == all.rows.rowCount
        if isSplit { return splitter.predict(model, all, cost: .max) }
        model.predict(all.rows, range: 0..<count, into: &answers, scratch: &scratch)
    }

    func explain() -> Bool {
        guard model.outputs.contains(where: { $0.kind == .contributions }) else { return false }
        model.explain(explained.block, into: &answers, scratch: &scratch)
        return true
    }

    var threads: Int { splitter.threads }

    var predictions: [Double] {
        isSplit
            ? (0..<all.predictions.rowCount).map { all.predictions.values.value(row: $0, column: 0) }
            : (0..<answers.rowCount).map { answers.values.value(row: $0, column: 0) }
    }
}
