// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Inference
internal import Tabular

/// Vertex AI's lines: the instance, or its key, and the prediction or an error.
extension BatchLineWriter {
    func appendInstance(
        _ record: Int, _ error: RecordError?, _ chunk: Span<UInt8>, _ block: borrowing RecordBlock,
        _ predictions: borrowing Predictions, to output: inout ByteBuffer
    ) {
        let cells = record * keptCount..<(record + 1) * keptCount
        if plan.options.vertex.key != nil {
            output.append("{\"key\":" as StaticString)
            appendMember(block.kept[cells.lowerBound], chunk, block, to: &output)
        } else {
            output.append("{\"instance\":" as StaticString)
            switch plan.reading {
            case .csv where block.kept[cells.lowerBound].form == .absent:
                output.append("null" as StaticString)
            case .csv: appendArray(cells, chunk, block, to: &output)
            case .jsonLines where error != nil && !isJSON(chunk, block.kept[cells.lowerBound].range):
                output.append(
                    quoted: String(copying: chunk.extracting(block.kept[cells.lowerBound].range)))
            case .jsonLines, .binary: appendMember(block.kept[cells.lowerBound], chunk, block, to: &output)
            }
        }
        output.append(UInt8(ascii: ","))
        guard let error else {
            output.append("\"prediction\":" as StaticString)
            appendPrediction(record, predictions, to: &output)
            return output.append("}\n" as StaticString)
        }
        appendStatus(error, to: &output)
    }

    private func isJSON(_ chunk: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var reader = JSONReader(chunk.extracting(range))
        return (try? reader.skipValue()) != nil && (try? reader.expectEnd()) != nil
    }

    /// The error member, and the end of the line. The numbers are those of google.rpc.Code.
    func appendStatus(_ error: RecordError, to output: inout ByteBuffer) {
        output.append(
            "\"error\":{\"code\":3,\"status\":\"INVALID_ARGUMENT\",\"message\":" as StaticString)
        output.append(quoted: error.description)
        output.append("}}\n" as StaticString)
    }

    /// The cells of a row: numbers where they read as such, `null` where they are empty, else texts.
    private func appendArray(
        _ cells: Range<Int>, _ chunk: Span<UInt8>, _ block: borrowing RecordBlock,
        to output: inout ByteBuffer
    ) {
        for place in cells {
            output.append(UInt8(ascii: place == cells.lowerBound ? "[" : ","))
            let cell = block.kept[place]
            let text = cell.form == .decodedText ? block.decoded.bytes : chunk
            appendCell(text.extracting(cell.range), to: &output)
        }
        output.append(UInt8(ascii: "]"))
    }

    private func appendCell(_ text: Span<UInt8>, to output: inout ByteBuffer) {
        if text.isEmpty { return output.append("null" as StaticString) }
        var reader = JSONReader(text)
        if (try? reader.readDouble()) != nil, (try? reader.expectEnd()) != nil {
            return output.append(text)
        }
        output.append(quoted: String(copying: text))
    }

    /// As an element of `predictions` in the `instances` protocol: one output bare, several by name.
    private func appendPrediction(
        _ record: Int, _ predictions: borrowing Predictions, to output: inout ByteBuffer
    ) {
        let outputs = plan.columns.outputs
        var isFirst = true
        if outputs.count > 1 { output.append(UInt8(ascii: "{")) }
        for description in outputs {
            if outputs.count > 1 { appendKey(description.name, &isFirst, to: &output) }
            appendOutput(description, record, predictions, to: &output)
        }
        if outputs.count > 1 { output.append(UInt8(ascii: "}")) }
    }
}
