// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// Reads a tensor's little-endian bytes into the columns that its input fills (Open Inference Protocol,
/// binary tensor data extension). NaN is missing.
struct BinaryTensor {
    let header: TensorHeader
    let target: InputBinder.Target
    let rowCount: Int
    let index: SchemaIndex

    /// - Throws: `wrongElementCount` when the bytes are not what datatype and shape ask for, `wrongValue`.
    func read(_ bytes: Span<UInt8>, into rows: inout RowBlock) throws(PredictError) {
        if header.datatype == .bytes { return try readNames(bytes, into: &rows) }
        guard let width = header.datatype.byteWidth, bytes.count == rowCount * target.columnCount * width
        else {
            throw .wrongElementCount(
                input: header.name, expected: rowCount * target.columnCount,
                given: "\(bytes.count) bytes of \(header.datatype.rawValue)")
        }
        let columns = target.firstColumn..<target.firstColumn + target.columnCount
        rows.fill(columns, rows: rowCount, from: bytes, header.datatype)
    }

    private func readNames(_ bytes: Span<UInt8>, into rows: inout RowBlock) throws(PredictError) {
        var offset = 0
        for row in 0..<rowCount {
            guard bytes.count - offset >= 4 else { throw truncated(row) }
            var length = 0
            for position in 0..<4 { length |= Int(bytes[offset + position]) << (8 * position) }
            offset += 4
            guard bytes.count - offset >= length else { throw truncated(row) }
            let name = bytes.extracting(offset..<offset + length)
            guard let text = String(validating: name) else {
                throw .wrongValue(input: header.name, row: row, reason: "the name is not valid UTF-8")
            }
            guard index.store(text, into: &rows, row: row, column: target.firstColumn) else {
                throw .wrongValue(input: header.name, row: row, reason: SchemaIndex.dateExpected)
            }
            offset += length
        }
        guard offset == bytes.count else {
            throw .wrongElementCount(
                input: header.name, expected: rowCount, given: "\(bytes.count - offset) bytes more")
        }
    }

    private func truncated(_ row: Int) -> PredictError {
        .wrongElementCount(input: header.name, expected: rowCount, given: "only \(row) whole elements")
    }
}
