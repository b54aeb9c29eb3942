// SPDX-License-Identifier: Apache-2.0
import Base

/// Open Inference Protocol requests out of rows.
struct InferRequest {
    let metadata: ModelMetadata
    let features: [InputFeature]
    /// Names of the outputs to ask for.
    let outputs: [String]

    init(_ metadata: ModelMetadata, outputs: [String]) {
        self.metadata = metadata
        features = metadata.features
        self.outputs = outputs
    }

    /// One matrix where the model takes one, else one tensor a column.
    func body(_ rows: [[InputCell]]) -> [UInt8] {
        var buffer = ByteBuffer(capacity: rows.count * features.count * 8 + 256)
        buffer.append("{\"inputs\":[")
        if let matrix = metadata.matrix {
            begin(matrix.name, [rows.count, features.count], matrix.datatype, into: &buffer)
            var isFirst = true
            for row in rows {
                for cell in row {
                    if !isFirst { buffer.append(",") }
                    isFirst = false
                    cell.write(into: &buffer)
                }
            }
            buffer.append("]}")
        } else {
            for (column, feature) in features.enumerated() {
                if column > 0 { buffer.append(",") }
                begin(feature.name, [rows.count, 1], feature.datatype, into: &buffer)
                for (index, row) in rows.enumerated() {
                    if index > 0 { buffer.append(",") }
                    row[column].write(into: &buffer)
                }
                buffer.append("]}")
            }
        }
        buffer.append("],\"outputs\":[")
        for (index, name) in outputs.enumerated() {
            buffer.append(index > 0 ? ",{\"name\":" : "{\"name\":")
            buffer.append(quoted: name)
            buffer.append("}")
        }
        buffer.append("]}")
        return Array(copying: buffer.bytes)
    }

    private func begin(_ name: String, _ shape: [Int], _ datatype: String, into buffer: inout ByteBuffer) {
        buffer.append("{\"name\":")
        buffer.append(quoted: name)
        buffer.append(",\"shape\":[")
        for (index, size) in shape.enumerated() {
            if index > 0 { buffer.append(",") }
            buffer.append(decimal: Int64(size))
        }
        buffer.append("],\"datatype\":")
        buffer.append(quoted: datatype)
        buffer.append(",\"data\":[")
    }
}
