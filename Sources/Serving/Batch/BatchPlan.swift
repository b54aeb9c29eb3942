// SPDX-License-Identifier: Apache-2.0
package import Base
internal import Inference
internal import Tabular

/// A run over records as it was decided: how they are read, what is answered, how it is written.
///
/// Immutable; all workers of a run share one.
package final class BatchPlan: Sendable {
    enum Reading: Sendable {
        case csv(CSVRecords, ColumnPlan)
        case jsonLines(JSONLinesRecords)
    }

    package let options: BatchOptions
    let model: BatchModel
    let reading: Reading
    let columns: BatchColumns
    /// Records that are answered at a time: bounds the memory of wide answers.
    let recordsPerBlock: Int

    /// Cells of a block, of the rows or of their answers.
    private static let blockCells = 1 << 17

    /// - Parameter names: the columns of a CSV file; nil: the model's features.
    package init(_ model: BatchModel, _ options: BatchOptions, names: [String]?) throws(BatchError) {
        self.options = options
        self.model = model
        columns = try BatchColumns(model, names: options.outputs)
        guard model.model.takesRows else { throw .takesTensors }
        for name in options.kept
        where columns.outputs.contains(where: { $0.name == name || $0.columnNames.contains(name) }) {
            throw .ambiguousName(name)
        }
        switch options.input {
        case .csv:
            do {
                let plan = try ColumnPlan(
                    names: names ?? model.index.schema.features.map(\.name), index: model.index,
                    inputType: model.model.inputType, kept: options.kept)
                reading = .csv(CSVRecords(options.csv), plan)
            } catch {
                throw .columns(error)
            }
        case .jsonLines:
            reading = .jsonLines(
                JSONLinesRecords(
                    index: model.index, inputType: model.model.inputType, kept: options.kept))
        }
        let widest = max(model.index.schema.count, columns.width, 1)
        recordsPerBlock = max(64, Self.blockCells / widest)
    }

    /// Columns of the file that nobody needs.
    package var unusedNames: [String] {
        if case .csv(_, let plan) = reading { plan.unusedNames } else { [] }
    }

    /// Appends what stands in front of all answers: the header of CSV, unless the records have none either.
    package func appendHeader(to output: inout ByteBuffer) {
        guard options.output == .csv, options.hasHeader || options.input != .csv else { return }
        var writer = CSVWriter(delimiter: options.csv.delimiter)
        for name in options.kept { writer.write(name) }
        for output in columns.outputs { for name in output.columnNames { writer.write(name) } }
        if !options.stopsAtBadRecord { writer.write("error") }
        writer.endLine()
        output.append(writer.buffer.bytes)
    }
}
