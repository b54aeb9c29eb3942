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

    func write(
        _ workspace: Workspace, _ model: ServedModel, into response: inout Response
    ) throws(PredictError) {
        switch self {
        case .json:
            InstancesResponseWriter(model: model, list: .rows).write(workspace, into: &response.body)
        case .lines:
            response.contentType = ContentType("application/jsonlines")
            writeRows(workspace, model, separator: "\n", hasBrackets: true, into: &response.body)
        case .table:
            response.contentType = ContentType("text/csv; charset=utf-8")
            writeRows(workspace, model, separator: "\n", hasBrackets: false, into: &response.body)
        case .array:
            response.contentType = ContentType("application/x-npy")
            try NumPyArray.write(output: 0, of: model, workspace, to: &response.body)
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
                if case .text(let text) = value, !hasBrackets {
                    Self.append(field: text, to: &body)
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
