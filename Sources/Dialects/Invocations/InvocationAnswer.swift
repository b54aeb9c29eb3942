// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Tabular

/// The forms in which SageMaker's clients may take their answers.
enum InvocationAnswer {
    case json, lines, table, array

    private static let mediaTypes = [
        "application/json", "text/csv", "application/jsonlines", "application/x-npy",
    ]

    /// The first form of an `Accept` header that can be written; `standard` where it takes anything.
    ///
    /// - Throws: `unsupportedMediaType`.
    static func accepted(
        _ header: Span<UInt8>?, standard: String?
    ) throws(PredictError) -> InvocationAnswer {
        let usual = standard.flatMap { InvocationAnswer(essence: $0) } ?? .json
        guard let header, !header.isEmpty else { return usual }
        var start = 0
        while start <= header.count {
            var end = start
            while end < header.count, header[end] != UInt8(ascii: ",") { end += 1 }
            let essence = MediaType(header.extracting(start..<end)).essence
            if essence == "*/*" || essence == "application/*" && usual != .table { return usual }
            if let answer = InvocationAnswer(essence: essence) { return answer }
            start = end + 1
        }
        throw .unsupportedMediaType("Accept: " + String(copying: header), supported: mediaTypes)
    }

    private init?(essence: String) {
        switch essence {
        case "application/json": self = .json
        case "application/jsonlines", "application/x-jsonlines": self = .lines
        case "text/csv", "text/*": self = .table
        case "application/x-npy": self = .array
        default: return nil
        }
    }

    /// - Parameter outputs: what is wanted by name; nil: the predictions.
    func write(
        _ workspace: Workspace, _ model: ServedModel, _ outputs: NamedOutputs?, into response: inout Response
    ) throws(PredictError) {
        try outputs?.prepare(workspace)
        switch self {
        case .json:
            let writer = InstancesResponseWriter(model: model, list: .rows, outputs: outputs)
            try writer.write(workspace, into: &response.body)
        case .lines:
            response.contentType = ContentType("application/jsonlines")
            if let outputs {
                for row in 0..<workspace.rows.rowCount {
                    outputs.write(row: row, workspace, into: &response.body)
                    response.body.append("\n")
                }
            } else {
                writeRows(workspace, model, separator: "\n", hasBrackets: true, into: &response.body)
            }
        case .table:
            response.contentType = ContentType("text/csv; charset=utf-8")
            if let outputs {
                writeTable(workspace, outputs, into: &response.body)
            } else {
                writeRows(workspace, model, separator: "\n", hasBrackets: false, into: &response.body)
            }
        case .array:
            guard outputs == nil else {
                throw .unsupported(
                    "an array of NumPy's has one output; ask for none by name, or for JSON or CSV")
            }
            response.contentType = ContentType("application/x-npy")
            try NumPyArray.write(output: 0, of: model, workspace, to: &response.body)
        }
    }

    /// The outputs' columns beside each other, in the order asked for, without a line of names.
    private func writeTable(_ workspace: Workspace, _ outputs: NamedOutputs, into body: inout ByteBuffer) {
        for row in 0..<workspace.rows.rowCount {
            var isFirst = true
            outputs.forEachValue(row: row, workspace) { value in
                if !isFirst { body.append(",") }
                isFirst = false
                Self.append(cell: value, to: &body)
            }
            body.append("\n")
        }
    }

    private static func append(cell value: OutputValue, to body: inout ByteBuffer) {
        if case .text(let text) = value {
            append(field: text, to: &body)
        } else {
            _ = value.appendJSON(to: &body, nonFinite: .tokens)
        }
    }

    private func writeRows(
        _ workspace: Workspace, _ model: ServedModel, separator: StaticString, hasBrackets: Bool,
        into body: inout ByteBuffer
    ) {
        let extent = workspace.extent(of: 0, model)
        let isBare = model.tensorInputs == nil ? model.outputs[0].width == nil : extent.width == 1
        for row in 0..<extent.rows {
            if hasBrackets && !isBare { body.append("[") }
            for column in 0..<extent.width {
                if column > 0 { body.append(",") }
                let value = workspace.value(output: 0, of: model, row: row, column: column)
                if !hasBrackets {
                    Self.append(cell: value, to: &body)
                } else {
                    _ = value.appendJSON(to: &body, nonFinite: .tokens)
                }
            }
            if hasBrackets && !isBare { body.append("]") }
            body.append(separator)
        }
    }

    /// A text in a table: in quotes when it needs them (RFC 4180).
    private static func append(field text: String, to body: inout ByteBuffer) {
        guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else {
            return body.append(text)
        }
        body.append("\"")
        body.append(text.replacing("\"", with: "\"\""))
        body.append("\"")
    }
}
