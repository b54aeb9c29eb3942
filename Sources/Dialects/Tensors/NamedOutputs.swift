// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// The outputs that an answer shall have by their names, where a request asks for some: `{"outputs":
/// ["lower", "upper"]}` among a request's parameters.
struct NamedOutputs {
    private let model: ServedModel
    /// Of the model's outputs, in the order asked for; not empty.
    private let indices: [Int]

    private static let field = "outputs"

    /// Outputs with a value, or a list of one length, a row that no one has to pay much for.
    private static func canWrite(_ model: ServedModel, _ index: Int) -> Bool {
        switch model.outputs[index].kind {
        case .predictions, .probabilities, .labels, .margin, .lower, .upper: true
        case .contributions, .leaf, .tensor: false
        }
    }

    /// - Throws: `unknownOutput`, `repeatedOutput`.
    private init(_ names: [String], _ model: ServedModel) throws(PredictError) {
        let outputs = model.outputs
        var indices: [Int] = []
        for name in names {
            guard let index = outputs.firstIndex(where: { $0.name == name }), Self.canWrite(model, index)
            else {
                let available = outputs.indices.filter { Self.canWrite(model, $0) }.map { outputs[$0].name }
                throw .unknownOutput(name, model: model.name, available: available)
            }
            guard !indices.contains(index) else { throw .repeatedOutput(name) }
            indices.append(index)
        }
        self.model = model
        self.indices = indices
    }

    /// Reads the value of a request's `parameters`, of which nothing but `outputs` is looked at; nil where it
    /// asks for none, or the model's outputs have names in every answer.
    ///
    /// - Throws: `JSONError`, `PredictError`.
    static func read(_ reader: inout JSONReader, _ model: ServedModel) throws -> NamedOutputs? {
        guard model.tensorInputs == nil, try reader.peek() == .object else {
            try reader.skipValue()
            return nil
        }
        var names: [String] = []
        try reader.beginObject()
        while let key = try reader.nextKeyText() {
            guard reader.matches(key, "outputs") else {
                try reader.skipValue()
                continue
            }
            guard try reader.peek() == .array else { throw isNoList }
            try reader.beginArray()
            while try reader.nextElement() {
                guard try reader.peek() == .string else { throw isNoList }
                names.append(try reader.readString())
            }
        }
        return names.isEmpty ? nil : try NamedOutputs(names, model)
    }

    private static var isNoList: PredictError {
        .invalidField(field, reason: "expected a list of outputs' names")
    }

    /// Reads `outputs=lower,upper` from a header of parts that semicolons divide; nil without that.
    static func read(_ header: Span<UInt8>, _ model: ServedModel) throws(PredictError) -> NamedOutputs? {
        guard model.tensorInputs == nil else { return nil }
        for part in String(copying: header).split(separator: ";") {
            let pair = part.split(separator: "=", maxSplits: 1).map { trimmed($0) }
            guard pair.count == 2, pair[0] == field else { continue }
            let names = pair[1].split(separator: ",").map { trimmed($0) }
            return names.isEmpty ? nil : try NamedOutputs(names, model)
        }
        return nil
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0 == " " }
        return String(start.reversed().drop { $0 == " " }.reversed())
    }

    /// Computes what is written; called once before.
    func prepare(_ workspace: Workspace) throws(PredictError) {
        for index in indices { try workspace.prepare(output: index, of: model) }
    }

    /// An object a row: `[{"predictions":1.5,"lower":1.0},…]`.
    func writeRows(_ workspace: Workspace, into body: inout ByteBuffer) {
        body.append("[")
        for row in 0..<workspace.rows.rowCount {
            if row > 0 { body.append(",") }
            write(row: row, workspace, into: &body)
        }
        body.append("]")
    }

    func write(row: Int, _ workspace: Workspace, into body: inout ByteBuffer) {
        for (place, index) in indices.enumerated() {
            appendName(index, isFirst: place == 0, to: &body)
            write(index, row, workspace, into: &body)
        }
        body.append("}")
    }

    /// A list an output: `{"predictions":[1.5,…],"lower":[1.0,…]}`.
    func writeColumns(_ workspace: Workspace, into body: inout ByteBuffer) {
        for (place, index) in indices.enumerated() {
            appendName(index, isFirst: place == 0, to: &body)
            body.append("[")
            for row in 0..<workspace.rows.rowCount {
                if row > 0 { body.append(",") }
                write(index, row, workspace, into: &body)
            }
            body.append("]")
        }
        body.append("}")
    }

    /// The values of a row without their names, one after the other.
    func forEachValue(row: Int, _ workspace: Workspace, _ body: (OutputValue) -> Void) {
        for index in indices {
            for column in 0..<(model.outputs[index].width ?? 1) {
                body(workspace.value(output: index, of: model, row: row, column: column))
            }
        }
    }

    private func appendName(_ index: Int, isFirst: Bool, to body: inout ByteBuffer) {
        body.append(isFirst ? "{\"" : ",\"")
        body.append(model.outputs[index].name)
        body.append("\":")
    }

    private func write(_ index: Int, _ row: Int, _ workspace: Workspace, into body: inout ByteBuffer) {
        guard let width = model.outputs[index].width else {
            let value = workspace.value(output: index, of: model, row: row, column: 0)
            _ = value.appendJSON(to: &body, nonFinite: .tokens)
            return
        }
        body.append("[")
        for column in 0..<width {
            if column > 0 { body.append(",") }
            let value = workspace.value(output: index, of: model, row: row, column: column)
            _ = value.appendJSON(to: &body, nonFinite: .tokens)
        }
        body.append("]")
    }
}
