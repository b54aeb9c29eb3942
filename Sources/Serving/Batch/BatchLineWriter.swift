// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Inference
internal import Tabular

/// Writes answers as lines of CSV or JSON, one a record.
struct BatchLineWriter {
    let plan: BatchPlan
    // Out of the plan, so that no record costs a look into it.
    private let format: BatchOptions.Format
    private let hasErrorColumn: Bool
    private let shapes: [BatchColumns.Shape]
    private let predictsLabels: Bool
    private let separator: UInt8
    let keptCount: Int
    private let isJSON: Bool

    init(_ plan: BatchPlan) {
        self.plan = plan
        format = plan.options.output
        hasErrorColumn = plan.options.hasErrorColumn
        shapes = plan.columns.shapes
        predictsLabels = plan.columns.predictsLabels
        separator = plan.options.csv.delimiter
        keptCount = plan.keptCount
        isJSON = plan.options.output == .jsonLines || plan.options.output == .vertex
    }

    /// Appends the lines of the records `range`.
    func append(
        _ range: Range<Int>, _ chunk: Span<UInt8>, _ block: borrowing RecordBlock,
        _ predictions: borrowing Predictions, to output: inout ByteBuffer
    ) {
        var nextError = 0
        for record in range {
            if nextError < block.errors.count && block.errors[nextError].record == record {
                append(record, block.errors[nextError].error, chunk, block, predictions, to: &output)
                nextError += 1
            } else {
                append(record, nil, chunk, block, predictions, to: &output)
            }
        }
    }

    /// The same with the lines of bad records apart from the others.
    func append(
        _ range: Range<Int>, _ chunk: Span<UInt8>, _ block: borrowing RecordBlock,
        _ predictions: borrowing Predictions, to output: inout ByteBuffer, errors: inout ByteBuffer
    ) {
        var nextError = 0
        for record in range {
            if nextError < block.errors.count && block.errors[nextError].record == record {
                append(record, block.errors[nextError].error, chunk, block, predictions, to: &errors)
                nextError += 1
            } else {
                append(record, nil, chunk, block, predictions, to: &output)
            }
        }
    }

    @inline(__always)
    private func append(
        _ record: Int, _ error: RecordError?, _ chunk: Span<UInt8>, _ block: borrowing RecordBlock,
        _ predictions: borrowing Predictions, to output: inout ByteBuffer
    ) {
        switch format {
        case .csv: appendLine(record, error, chunk, block, predictions, to: &output)
        case .jsonLines: appendObject(record, error, chunk, block, predictions, to: &output)
        case .vertex: appendInstance(record, error, chunk, block, predictions, to: &output)
        case .fp32, .fp64: appendNumbers(record, error, predictions, to: &output)
        }
    }

    /// Appends a last record that says why the run goes on no more; nothing where there are only numbers.
    func append(failure: RecordError, to output: inout ByteBuffer) {
        switch plan.options.output {
        case .csv:
            let width = plan.options.kept.count + plan.columns.width
            for _ in 0..<width { output.append(separator) }
            appendQuoted(failure.description.utf8.span, to: &output)
            output.append(UInt8(ascii: "\n"))
        case .jsonLines:
            output.append("{\"error\":" as StaticString)
            append(failure, to: &output)
            output.append("}\n" as StaticString)
        case .vertex:
            output.append("{" as StaticString)
            appendStatus(failure, to: &output)
        case .fp32, .fp64: return
        }
    }

    // MARK: CSV

    @inline(__always)
    private func appendLine(
        _ record: Int, _ error: RecordError?, _ chunk: Span<UInt8>, _ block: borrowing RecordBlock,
        _ predictions: borrowing Predictions, to output: inout ByteBuffer
    ) {
        let start = output.count
        for place in 0..<keptCount {
            appendField(block.kept[record * keptCount + place], chunk, block, to: &output)
            output.append(separator)
        }
        var isFirst = true
        for index in shapes.indices {
            let shape = shapes[index]
            for column in 0..<shape.width {
                if !isFirst { output.append(separator) }
                isFirst = false
                if error == nil { appendValue(shape, record, column, predictions, to: &output) }
            }
        }
        if let error {
            output.append(separator)
            appendQuoted(error.description.utf8.span, to: &output)
        } else if hasErrorColumn {
            output.append(separator)
        }
        // A line of one empty field is no empty line.
        if output.count == start { output.append("\"\"" as StaticString) }
        output.append(UInt8(ascii: "\n"))
    }

    private func appendField(
        _ cell: KeptCell, _ chunk: Span<UInt8>, _ block: borrowing RecordBlock, to output: inout ByteBuffer
    ) {
        switch cell.form {
        case .absent: break
        case .text: output.append(chunk.extracting(cell.range))
        case .decodedText: appendQuoted(block.decoded.bytes.extracting(cell.range), to: &output)
        case .json:
            let text = chunk.extracting(cell.range)
            var reader = JSONReader(text)
            if let string = try? reader.readString() {
                appendQuoted(string.utf8.span, to: &output)
            } else if String(copying: text) != "null" {
                appendQuoted(text, to: &output)
            }
        }
    }

    /// Appends a field in quotes when it needs them.
    func appendQuoted(_ text: Span<UInt8>, to output: inout ByteBuffer) {
        var needsQuotes = false
        for index in text.indices {
            let byte = text[index]
            if byte == separator || byte == UInt8(ascii: "\"") || byte < 0x20 { needsQuotes = true }
        }
        guard needsQuotes else { return output.append(text) }
        output.append(UInt8(ascii: "\""))
        for index in text.indices {
            if text[index] == UInt8(ascii: "\"") { output.append(UInt8(ascii: "\"")) }
            output.append(text[index])
        }
        output.append(UInt8(ascii: "\""))
    }

    // MARK: JSON

    private func appendObject(
        _ record: Int, _ error: RecordError?, _ chunk: Span<UInt8>, _ block: borrowing RecordBlock,
        _ predictions: borrowing Predictions, to output: inout ByteBuffer
    ) {
        output.append(UInt8(ascii: "{"))
        var isFirst = true
        for (place, name) in plan.options.kept.enumerated() {
            appendKey(name, &isFirst, to: &output)
            appendMember(block.kept[record * keptCount + place], chunk, block, to: &output)
        }
        if let error {
            appendKey("error", &isFirst, to: &output)
            append(error, to: &output)
        } else {
            for description in plan.columns.outputs {
                appendKey(description.name, &isFirst, to: &output)
                appendOutput(description, record, predictions, to: &output)
            }
        }
        output.append("}\n" as StaticString)
    }

    /// An output of a record as JSON: its value, or an array of its values.
    @inline(__always)
    func appendOutput(
        _ description: BatchColumns.Output, _ record: Int, _ predictions: borrowing Predictions,
        to output: inout ByteBuffer
    ) {
        if !description.isScalar { output.append(UInt8(ascii: "[")) }
        for column in 0..<description.width {
            if column > 0 { output.append(UInt8(ascii: ",")) }
            appendValue(description.shape, record, column, predictions, to: &output)
        }
        if !description.isScalar { output.append(UInt8(ascii: "]")) }
    }

    func appendKey(_ name: String, _ isFirst: inout Bool, to output: inout ByteBuffer) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
        output.append(quoted: name)
        output.append(UInt8(ascii: ":"))
    }

    func appendMember(
        _ cell: KeptCell, _ chunk: Span<UInt8>, _ block: borrowing RecordBlock, to output: inout ByteBuffer
    ) {
        switch cell.form {
        case .absent: output.append("null" as StaticString)
        case .text: output.append(quoted: String(copying: chunk.extracting(cell.range)))
        case .decodedText:
            output.append(quoted: String(copying: block.decoded.bytes.extracting(cell.range)))
        case .json: output.append(chunk.extracting(cell.range))
        }
    }

    private func append(_ error: RecordError, to output: inout ByteBuffer) {
        output.append("{\"code\":" as StaticString)
        output.append(quoted: error.code)
        output.append(",\"line\":" as StaticString)
        output.append(decimal: Int64(error.line))
        if let column = error.column {
            output.append(",\"column\":" as StaticString)
            output.append(decimal: Int64(column))
        }
        if let name = error.name {
            output.append(",\"name\":" as StaticString)
            output.append(quoted: name)
        }
        output.append(",\"reason\":" as StaticString)
        output.append(quoted: error.reason)
        output.append(UInt8(ascii: "}"))
    }

    // MARK: Values

    @inline(__always)
    func appendValue(
        _ shape: BatchColumns.Shape, _ record: Int, _ column: Int,
        _ predictions: borrowing Predictions, to output: inout ByteBuffer
    ) {
        switch shape.kind {
        case .predictions where !predictsLabels:
            appendNumber(predictions.values, record, column, to: &output)
        case .predictions, .labels:
            let label = predictions.labelIndex(row: record)
            output.append(isJSON ? plan.columns.jsonLabels[label] : plan.columns.csvLabels[label])
        case .probabilities: appendNumber(predictions.probabilities, record, column, to: &output)
        case .lower: appendNumber(predictions.bounds, record, 0, to: &output)
        case .upper: appendNumber(predictions.bounds, record, 1, to: &output)
        case .margin: appendNumber(predictions.margins, record, column, to: &output)
        case .contributions: appendNumber(predictions.contributions, record, column, to: &output)
        case .leaf:
            // Exact: a leaf's number has 32 bits.
            output.append(decimal: Int64(predictions.leaves.value(row: record, column: column)))
        case .tensor:
            appendElement(
                tensorElement(predictions.tensors[shape.place], record * shape.width + column),
                to: &output)
        }
    }

    @inline(__always)
    func appendNumber(
        _ block: borrowing RowBlock, _ row: Int, _ column: Int, to output: inout ByteBuffer
    ) {
        let value = block.value(row: row, column: column)
        guard value.isFinite else { return appendNonFinite(value, to: &output) }
        if block.numberType == .float32 {
            output.append(shortest: Float(value))
        } else {
            output.append(shortest: value)
        }
    }

    private func appendElement(_ value: OutputValue, to output: inout ByteBuffer) {
        switch value {
        case .float32(let value) where value.isFinite: output.append(shortest: value)
        case .float32(let value): appendNonFinite(Double(value), to: &output)
        case .float64(let value) where value.isFinite: output.append(shortest: value)
        case .float64(let value): appendNonFinite(value, to: &output)
        case .integer(let value): output.append(decimal: value)
        case .flag(let value): output.append(value ? "true" as StaticString : "false")
        case .text(let value):
            if isJSON { output.append(quoted: value) } else { appendQuoted(value.utf8.span, to: &output) }
        }
    }

    /// JSON has no token for these: NaN is `null`, an infinity is text.
    private func appendNonFinite(_ value: Double, to output: inout ByteBuffer) {
        if value.isNaN {
            if isJSON { output.append("null" as StaticString) } else { output.append("NaN" as StaticString) }
        } else if isJSON {
            output.append(value > 0 ? "\"Infinity\"" as StaticString : "\"-Infinity\"")
        } else {
            output.append(value > 0 ? "inf" as StaticString : "-inf")
        }
    }
}
