// SPDX-License-Identifier: Apache-2.0
package import Base
package import Inference
internal import Registry
package import Tabular

/// The memory that one event loop parses requests into and answers from, kept from request to request.
///
/// State: owned by its loop; never shared.
package final class Workspace {
    /// The request's rows; a dialect fills them, the kernel reads them.
    package var rows = RowBlock()
    package internal(set) var predictions = Predictions()
    var scratch = InferenceScratch()
    /// The margins that the request gives its rows to start from; no rows: none. They are not those of other
    /// requests, so requests that have some are not answered together.
    package var rowMargins = RowBlock()
    /// What an operator graph is sent.
    package var tensors = TensorInputs()
    /// The most rows that one request may have.
    package let rowLimit: Int
    private var bodySize = 0

    /// Cells a block that are kept between requests; what a larger request needed is given back after it.
    private static let keptCells = 1 << 16

    /// - Parameter rowLimit: the most rows that one request may have.
    package init(rowLimit: Int) { self.rowLimit = rowLimit }

    var rowCount: Int { rows.rowCount }

    /// Starts a request of `bodySize` bytes for `model`: no rows yet.
    ///
    /// A value takes at least one byte of its body, so `bodySize` bounds the cells that the request may ask
    /// for.
    package func begin(_ model: ServedModel, bodySize: Int) {
        rows.reset(columnCount: model.schema.count, numberType: model.inputType)
        rowMargins.reset(columnCount: 0, numberType: .float32)
        self.bodySize = bodySize
        if model.takesTensors, let inputs = model.tensorInputs {
            tensors.begin(inputs, rowLimit: rowLimit, bodySize: bodySize)
        }
    }

    /// Appends `count` rows of missing values, to be filled.
    ///
    /// - Throws: `tooManyRows` beyond the row limit, `rowsExceedBody` for more values than the body has
    ///   bytes.
    package func makeRoom(forRows count: Int) throws(PredictError) {
        let (total, isHuge) = rows.rowCount.addingReportingOverflow(count)
        let (cells, overflow) = total.multipliedReportingOverflow(by: rows.columnCount)
        guard count >= 0, !isHuge, !overflow, cells <= bodySize else {
            throw .rowsExceedBody(
                rows: isHuge ? Int.max : total, columns: rows.columnCount, bodySize: bodySize)
        }
        guard total <= rowLimit else { throw .tooManyRows(limit: rowLimit) }
        rows.appendRows(count)
    }

    /// Appends `count` rows to the margins that rows start from, to be filled.
    ///
    /// - Throws: `rowsExceedBody` for more values than the body has bytes.
    package func makeRoom(
        forMarginsOf count: Int, _ input: RowMargins
    ) throws(PredictError) {
        if rowMargins.columnCount == 0 {
            rowMargins.reset(columnCount: input.width, numberType: input.numberType)
        }
        let (total, isHuge) = rowMargins.rowCount.addingReportingOverflow(count)
        let (cells, overflow) = total.multipliedReportingOverflow(by: input.width)
        guard count >= 0, !isHuge, !overflow, cells <= bodySize else {
            throw .rowsExceedBody(
                rows: isHuge ? Int.max : total, columns: input.width, bodySize: bodySize)
        }
        guard total <= rowLimit else { throw .tooManyRows(limit: rowLimit) }
        rowMargins.appendRows(count)
    }

    /// Margins were sent for every row or for none, and all are numbers.
    ///
    /// - Throws: `wrongValue`, which names the first row that has none.
    package func checkMargins(of model: ServedModel) throws(PredictError) {
        guard rowMargins.rowCount > 0, let input = model.rowMargins else { return }
        for row in 0..<rows.rowCount {
            let isGiven =
                row < rowMargins.rowCount
                && (0..<input.width).allSatisfy { !rowMargins.value(row: row, column: $0).isNaN }
            guard isGiven else {
                throw .wrongValue(
                    input: input.name, row: row, reason: "it is for every row, and a number, or for none")
            }
        }
        guard rowMargins.rowCount == rows.rowCount else {
            throw .wrongShape(
                input: input.name, given: [rowMargins.rowCount, input.width],
                expected: "\(rows.rowCount) rows as the other inputs have")
        }
    }

    /// Gives back what an unusually large request needed.
    package func end() {
        // A few rows may have many answers: a model may have one feature and a thousand classes.
        tensors.clear()
        let answers = max(
            predictions.margins.cellCount, predictions.contributions.cellCount, predictions.leaves.cellCount)
        if max(rows.cellCount, rowMargins.cellCount, answers) > Self.keptCells {
            rowMargins.reset(columnCount: 0, numberType: .float32)
            rowMargins.releaseMemory(above: Self.keptCells)
            rows.reset(columnCount: 0, numberType: .float32)
            rows.releaseMemory(above: Self.keptCells)
            predictions.releaseMemory(above: Self.keptCells)
            scratch.releaseMemory(above: Self.keptCells)
        }
    }
}

// MARK: Answers

extension Workspace {
    /// The most numbers that the explanations of one request may have: a small body can ask for many where a
    /// model has many classes or trees, and each costs far more than a prediction.
    package static let explanationCellLimit = 1 << 22

    /// Computes what an output needs beyond the predictions; called once before its values are read.
    ///
    /// - Throws: `answerTooLarge` for explanations of more rows than is sensible.
    package func prepare(output: Int, of model: ServedModel) throws(PredictError) {
        let specification = model.outputs[output]
        switch specification.kind {
        case .predictions, .margin, .labels, .tensor: break
        case .probabilities: predictions.deriveProbabilities()
        case .lower, .upper: predictions.deriveBounds()
        case .contributions, .leaf:
            let rowLimit = Self.explanationCellLimit / max(specification.width ?? 1, 1)
            guard rows.rowCount <= rowLimit else {
                throw .answerTooLarge(output: specification.name, rows: rows.rowCount, limit: rowLimit)
            }
            if specification.kind == .leaf {
                model.loaded.model.findLeaves(rows, into: &predictions, scratch: &scratch)
            } else {
                model.loaded.model.explain(rows, into: &predictions, scratch: &scratch)
                if rowMargins.rowCount > 0 {
                    model.loaded.model.addToContributions(rowMargins, &predictions)
                }
            }
        }
    }

    /// One element of an output that was prepared.
    package func value(output: Int, of model: ServedModel, row: Int, column: Int) -> OutputValue {
        switch model.outputs[output].kind {
        case .predictions where model.predictsLabels: model.label(at: predictions.labelIndex(row: row))
        case .predictions: number(predictions.values, row, column)
        case .margin: number(predictions.margins, row, column)
        case .probabilities: number(predictions.probabilities, row, column)
        case .lower: number(predictions.bounds, row, 0)
        case .upper: number(predictions.bounds, row, 1)
        case .contributions: number(predictions.contributions, row, column)
        // Exact: a leaf's number has 32 bits.
        case .leaf: .integer(Int64(predictions.leaves.value(row: row, column: column)))
        case .labels: model.label(at: predictions.labelIndex(row: row))
        case .tensor: tensorValue(output, row * extent(of: output, model).width + column)
        }
    }

    private func number(_ block: borrowing RowBlock, _ row: Int, _ column: Int) -> OutputValue {
        let value = block.value(row: row, column: column)
        return block.numberType == .float32 ? .float32(Float(value)) : .float64(value)
    }

    /// Bytes of an output in binary form.
    package func binarySize(output: Int, of model: ServedModel) -> Int {
        let specification = model.outputs[output]
        let extent = extent(of: output, model)
        let count = extent.rows * extent.width
        if let width = specification.datatype.byteWidth { return count * width }
        return (0..<count).reduce(0) { size, place in
            let (row, column) = (place / extent.width, place % extent.width)
            guard case .text(let text) = value(output: output, of: model, row: row, column: column) else {
                return size
            }
            return size + 4 + text.utf8.count
        }
    }

    /// Appends an output in binary form: little-endian, row-major, names with a 32-bit length before them.
    package func appendBinary(output: Int, of model: ServedModel, to body: inout ByteBuffer) {
        let extent = extent(of: output, model)
        let integerWidth = model.outputs[output].datatype.byteWidth ?? 8
        for row in 0..<extent.rows {
            for column in 0..<extent.width {
                switch value(output: output, of: model, row: row, column: column) {
                case .float32(let value): append(UInt64(value.bitPattern), width: 4, to: &body)
                case .float64(let value): append(value.bitPattern, width: 8, to: &body)
                case .integer(let value):
                    append(UInt64(bitPattern: value), width: integerWidth, to: &body)
                case .flag(let value): append(value ? 1 : 0, width: 1, to: &body)
                case .text(let value):
                    append(UInt64(value.utf8.count), width: 4, to: &body)
                    body.append(value)
                }
            }
        }
    }

    private func append(_ bits: UInt64, width: Int, to body: inout ByteBuffer) {
        switch width {
        case 4: body.append(littleEndian: UInt32(truncatingIfNeeded: bits))
        case 8: body.append(littleEndian: bits)
        default:
            for position in 0..<width {
                body.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * position)))
            }
        }
    }
}
