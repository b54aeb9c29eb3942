// SPDX-License-Identifier: Apache-2.0
package import Base
internal import Inference
package import Tabular

/// A run over records as it was decided: how they are read, what is answered, how it is written.
///
/// Immutable; all workers of a run share one.
package final class BatchPlan: Sendable {
    enum Reading: Sendable {
        case csv(CSVRecords, ColumnPlan)
        case jsonLines(JSONLinesRecords)
        case binary(BinaryRecords)
    }

    package let options: BatchOptions
    package let model: BatchModel
    let reading: Reading
    let columns: BatchColumns
    /// Records that are answered at a time: bounds the memory of wide answers.
    let recordsPerBlock: Int
    /// How many cells of each record are handed on.
    let keptCount: Int
    /// Answers to bad records go into a file of their own.
    package let separatesErrors: Bool

    /// Cells of a block, of the rows or of their answers: what was read stays near the processor until it is
    /// predicted.
    private static let blockCells = 1 << 15

    /// - Parameters:
    ///   - names: the columns of a CSV file; nil: the model's features.
    ///   - separatesErrors: bad records are answered in a file of their own: see `BatchWorker.moveErrors`.
    package init(
        _ model: BatchModel, _ options: BatchOptions, names: [String]?, separatesErrors: Bool = false
    ) throws(BatchError) {
        self.separatesErrors = separatesErrors
        self.options = options
        self.model = model
        columns = try BatchColumns(model, names: options.outputs)
        guard model.model.takesRows else { throw .takesTensors }
        for name in options.kept
        where columns.outputs.contains(where: { $0.name == name || $0.columnNames.contains(name) }) {
            throw .ambiguousName(name)
        }
        if options.output == .vertex { try options.vertex.check(model.index.schema) }
        if options.output.isBinary { try columns.requireNumbers(model) }
        reading = try Self.reading(model, options, names)
        keptCount =
            switch reading {
            case .csv(_, let plan): plan.keptColumns.count
            case .jsonLines(let records): records.keptCount
            case .binary: 0
            }
        let widest = max(model.index.schema.count, columns.width, 1)
        recordsPerBlock = max(64, Self.blockCells / widest)
    }

    private static func reading(
        _ model: BatchModel, _ options: BatchOptions, _ names: [String]?
    ) throws(BatchError) -> Reading {
        let (index, inputType) = (model.index, model.model.inputType)
        switch options.input {
        case .csv:
            var names = names ?? index.schema.features.map(\.name)
            var kept = options.kept
            if options.output == .vertex {
                names = options.vertex.columns(names, index.schema)
                kept = options.vertex.key.map { [$0] } ?? names
            }
            do {
                let plan = try ColumnPlan(names: names, index: index, inputType: inputType, kept: kept)
                return .csv(CSVRecords(options.csv), plan)
            } catch {
                throw .columns(error)
            }
        case .jsonLines, .vertex:
            guard options.output == .vertex else {
                return .jsonLines(JSONLinesRecords(index: index, inputType: inputType, kept: options.kept))
            }
            let key = options.vertex.key.map { [$0] }
            return .jsonLines(
                JSONLinesRecords(
                    index: index, inputType: inputType, kept: key ?? [], keepsRecords: key == nil))
        case .fp32, .fp64:
            let features = index.schema.features
            if let other = features.first(where: { $0.kind != .numeric }) {
                throw .notNumbers("the feature \"\(other.name)\", a category,")
            }
            if options.output == .vertex { throw .notNumbers("an instance of Vertex AI") }
            if let name = options.kept.first { throw .notNumbers("the column \"\(name)\"") }
            return .binary(
                BinaryRecords(
                    options.input.numberType ?? .float32, columnCount: features.count, inputType: inputType))
        }
    }

    /// Appends a last record that says why a run ends early whose answers are on their way already.
    package func append(failure: RecordError, to output: inout ByteBuffer) {
        BatchLineWriter(self).append(failure: failure, to: &output)
    }

    /// Columns of the file that nobody needs.
    package var unusedNames: [String] {
        if case .csv(_, let plan) = reading { plan.unusedNames } else { [] }
    }

    /// Appends what stands in front of all answers: the header of CSV, unless the records have none either.
    package func appendHeader(to output: inout ByteBuffer) {
        guard options.output == .csv, options.hasHeader || options.input == .jsonLines else { return }
        var writer = CSVWriter(delimiter: options.csv.delimiter)
        for name in options.kept { writer.write(name) }
        for output in columns.outputs { for name in output.columnNames { writer.write(name) } }
        if options.hasErrorColumn { writer.write("error") }
        writer.endLine()
        output.append(writer.buffer.bytes)
    }
}
