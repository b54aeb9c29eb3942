// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Writes an output by the classification extension: for each row the k largest values as texts
/// `value:index[:label]`, the largest first.
struct ClassificationWriter {
    private let output: Int
    private let isBinary: Bool
    private let classCount: Int
    private let model: ServedModel

    /// Nil when the request does not ask for classes of this output.
    init?(_ requested: RequestedOutput, _ model: ServedModel) {
        guard let classCount = requested.classCount else { return nil }
        self.classCount = classCount
        self.model = model
        output = requested.output
        isBinary = requested.isBinary
    }

    func write(_ workspace: Workspace, into body: inout ByteBuffer) throws(PredictError) {
        let (rows, width) = workspace.extent(of: output, model)
        body.append("{\"name\":")
        body.append(quoted: model.outputs[output].name)
        body.append(",\"datatype\":\"BYTES\",\"shape\":[")
        body.append(decimal: Int64(rows))
        body.append(",")
        body.append(decimal: Int64(min(classCount, width)))
        if isBinary {
            body.append("],\"parameters\":{\"binary_data_size\":")
            let size = texts(workspace).reduce(0) { $0 + 4 + $1.utf8.count }
            body.append(decimal: Int64(size))
            body.append("}}")
            return
        }
        body.append("],\"data\":[")
        for (position, text) in texts(workspace).enumerated() {
            if position > 0 { body.append(",") }
            body.append(quoted: text)
        }
        body.append("]}")
    }

    func appendBinary(_ workspace: Workspace, to body: inout ByteBuffer) {
        for text in texts(workspace) {
            let size = text.utf8.count
            for shift in [0, 8, 16, 24] { body.append(UInt8(truncatingIfNeeded: size >> shift)) }
            body.append(text)
        }
    }

    private func texts(_ workspace: Workspace) -> [String] {
        let (rows, width) = workspace.extent(of: output, model)
        // A value a class: then the classes' names say more than their numbers.
        let labels = model.labelTexts.flatMap { $0.count == width ? $0 : nil }
        var texts: [String] = []
        for row in 0..<rows {
            let values = (0..<width).map { column in
                number(workspace.value(output: output, of: model, row: row, column: column))
            }
            let order = values.indices.sorted { left, right in
                values[left] == values[right] || values[left].isNaN || values[right].isNaN
                    ? (values[left].isNaN ? 1 : 0, left) < (values[right].isNaN ? 1 : 0, right)
                    : values[left] > values[right]
            }
            for index in order.prefix(classCount) {
                let value = workspace.value(output: output, of: model, row: row, column: index)
                texts.append("\(text(value)):\(index)" + (labels.map { ":" + $0[index] } ?? ""))
            }
        }
        return texts
    }

    private func number(_ value: OutputValue) -> Double {
        switch value {
        case .float32(let value): Double(value)
        case .float64(let value): value
        case .integer(let value): Double(value)
        case .flag(let value): value ? 1 : 0
        case .text: .nan
        }
    }

    private func text(_ value: OutputValue) -> String {
        var text = ByteBuffer(capacity: 32)
        _ = value.appendJSON(to: &text, nonFinite: .tokens)
        return String(copying: text.bytes)
    }
}
